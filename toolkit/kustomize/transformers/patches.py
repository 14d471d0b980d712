"""Strategic-merge and JSON patches."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from toolkit.errors import BuildError
from toolkit.kustomize.objects.collection import Collection
from toolkit.kustomize.objects.item import (
    Item,
    Key,
    describe,
    set_strings,
    show_annotations,
    strings_at,
    text_of,
)
from toolkit.kustomize.objects.selector import Selector
from toolkit.kustomize.objects.sharing import spread_changes
from toolkit.kustomize.objects.untagged import Typed, Untagged, is_quoted_when_set, settle, visited
from toolkit.kustomize.patches.jsonpatch import Operation, PatchFailureError, apply, copied
from toolkit.kustomize.patches.merge import Merger
from toolkit.kustomize.patches.merge_lists import ABSENT
from toolkit.kustomize.transformers.fields import on_item

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from toolkit.kustomize.ports import Spelling


class MergePatch:
    """One strategic-merge patch: a partial object, with where it comes from for messages."""

    __slots__ = ("allow_kind_change", "allow_name_change", "item")

    def __init__(
        self, item: Item, *, allow_name_change: bool = False, allow_kind_change: bool = False
    ) -> None:
        self.item = item
        self.allow_name_change = allow_name_change
        self.allow_kind_change = allow_kind_change


MakeMerger = Callable[[Item, MergePatch], Merger]
"""Makes what merges a patch into an object."""


class NoTargetError(BuildError):
    """A merge patch without target names an object that is not there, or several: ``found``."""

    def __init__(self, message: str, found: list[Item], *, hints: Iterable[str]) -> None:
        super().__init__(message, hints=hints)
        self.found = found


def merge_by_identity(collection: Collection, patch: MergePatch, make_merger: MakeMerger) -> None:
    """Merges into the one object that has, or had, the patch's identity. Raises NoTargetError."""
    found = collection.find(patch.item.key)
    if not found and collection.is_partial:
        return
    if len(found) != 1:
        raise _no_target(collection, patch.item.key, found)
    merger = make_merger(found[0], patch)
    _merge_into(collection, found[0], patch, copied(patch.item.body), merger)


def merge_selected(
    collection: Collection, patch: MergePatch, selected: list[Item], make_merger: MakeMerger
) -> None:
    """Merges into each selected object; the patch's own name does not matter."""
    before = [item.key for item in selected]
    for item in selected:
        body = copied(patch.item.body)
        for field in ("labels", "annotations"):
            set_strings(body, field, strings_at(body, field))
        body["apiVersion"] = item.api_version
        metadata = body["metadata"]
        if isinstance(metadata, dict) and "name" in metadata:
            metadata["name"] = Untagged(text_of(metadata["name"]))  # written anew, as upstream
            item.has_untagged = True
        _merge_into(collection, item, patch, body, make_merger(item, patch))
        if not item.api_version:
            item.body["apiVersion"] = None  # as upstream, which sets what it then finds empty
    if [item.key for item in selected] != before:
        collection.require_unique()


def patch_selected(
    collection: Collection, selected: list[Item], operations: list[Operation], *, remember: bool
) -> None:
    """Applies a JSON patch to each selected object. Raises PatchFailureError."""
    is_changed = False
    for item in selected:
        before = item.key
        if remember:
            item.remember()
        try:
            _pass_through_json(item)
            show_annotations(item)
            item.body = apply(item.body, operations)
            _require_identity(item, operations)
        except PatchFailureError as error:
            raise PatchFailureError(
                f"{describe(item.key)}: {error.message}",
                error.index,
                error.operation,
                hints=error.hints,
            ) from None
        is_changed = is_changed or item.key != before
    if is_changed:
        collection.changed()


def _require_identity(item: Item, operations: list[Operation]) -> None:
    """A patched object still has a kind and a name, as any that is read."""
    key = item.key
    item.refresh()
    is_named = item.name or item.kind.endswith("List")
    lost = "kind" if not item.kind else "" if is_named else "metadata.name"
    if lost:
        item.key = key
        last = len(operations) - 1
        raise PatchFailureError(
            f"the patch leaves no {lost}",
            last,
            operations[last],
            hints=["keep it; to take the object away, use a merge patch with `$patch: delete`"],
        )


def _pass_through_json(item: Item) -> None:
    """A JSON patch writes the object anew: no value is shared any more, numbers lose their
    spelling.
    """
    item.shared.clear()
    if item.has_untagged:
        settle(item.body)
        item.has_untagged = False
    item.is_rewritten = True
    item.merged_patches.clear()
    annotations = item.metadata.get("annotations")
    for key, (written, plain) in item.rewritten_annotations.items():
        if isinstance(annotations, dict) and annotations.get(key) == written:
            annotations[key] = plain
    item.rewritten_annotations = {}


def select(collection: Collection, selector: Selector) -> list[Item]:
    """The objects a target means, in order."""
    candidates = collection.candidates(name=selector.name, kind=selector.kind)
    return [item for item in candidates if selector.matches(item)]


def _merge_into(
    collection: Collection, item: Item, patch: MergePatch, body: dict[str, Any], merger: Merger
) -> None:
    before = item.key
    namespace, kind = item.namespace, item.kind
    if patch.allow_name_change or patch.allow_kind_change:
        item.remember()
    _drop_blank_annotations(item)
    kept = _kept(item, patch, body, merger.spelling)
    try:
        merged = merger.merge(item.body, body, visits_all=item.has_untagged)
    except BuildError as error:
        raise on_item(error, item) from None
    if merged is ABSENT or not merged:
        collection.remove([item])
        return
    item.body = merged
    _type_shared_annotations(item, patch)
    spread_changes(item.shared)
    if not patch.allow_kind_change:
        merged["kind"] = kind
    item.metadata.update(kept)
    if not namespace:
        item.metadata.pop("namespace", None)
    item.refresh()
    if item.key != before:
        collection.changed()


def _type_shared_annotations(item: Item, patch: MergePatch) -> None:
    """A number that a patch gives an annotation is text there, but a number where else it goes,
    unless there are quotes.
    """
    annotations = item.metadata.get("annotations") or {}
    for key, (written, _) in patch.item.rewritten_annotations.items():
        shared = next((value for value in item.shared if value.is_at(annotations, key)), None)
        if shared is None:
            continue
        if isinstance(shared.value, Typed) or not is_quoted_when_set(shared.value):
            annotations[key] = Typed(written)
            item.has_untagged = True


def _drop_blank_annotations(item: Item) -> None:
    """Those that are nothing at all, unless an earlier step made texts of all of them."""
    if item.past or item.prefixes or item.suffixes:
        return
    for key, (written, _) in list(item.rewritten_annotations.items()):
        if not written:
            item.metadata["annotations"].pop(key, None)
            del item.rewritten_annotations[key]


def _kept(
    item: Item, patch: MergePatch, body: dict[str, Any], spelling: Spelling | None
) -> dict[str, str]:
    """Name and namespace as upstream writes them anew after merging ``body``. One that ``body``
    does not have was passed by the merge before.
    """
    kept = {} if patch.allow_name_change else {"name": item.name}
    if item.namespace:
        kept["namespace"] = item.namespace
    if spelling is None:
        return kept
    patched = body.get("metadata")
    for key, text in kept.items():
        is_patched = isinstance(patched, dict) and key in patched
        found = spelling.untagged(item.metadata, key, text)
        kept[key] = found if is_patched else visited(found)
    return kept


def _no_target(collection: Collection, key: Key, found: list[Item]) -> NoTargetError:
    if found:
        names = " and ".join(describe(item.key) for item in found)
        return NoTargetError(
            f"the patch for {describe(key)} could be for {names}",
            found,
            hints=["say which by `target:`, with a namespace or a label"],
        )
    return NoTargetError(
        f"the patch is for {describe(key)}, which is not among the resources",
        [],
        hints=_close(collection, key),
    )


def _close(collection: Collection, key: Key) -> list[str]:
    from difflib import get_close_matches

    same_name = [item for item in collection if key[4] in (item.name, item.original[4])]
    for item in same_name:
        if item.kind == key[2]:
            return [f"there is {describe(item.key)}: the patch must name it so"]
    names = [item.original[4] for item in collection if item.kind == key[2]]
    close = get_close_matches(key[4], names, n=1)
    if close:
        return [f"did you mean {close[0]!r}?"]
    return ["a patch names its object by apiVersion, kind, name and namespace; or use `target:`"]
