"""Steps that patch: ``patches``, ``patchesStrategicMerge``, ``patchesJson6902``."""

from __future__ import annotations

from collections.abc import Mapping

from toolkit.errors import BuildError, YamlError
from toolkit.kustomize.layers.patch_source import PatchText, patch_text
from toolkit.kustomize.layers.spelling import FileSpelling
from toolkit.kustomize.objects.collection import Collection
from toolkit.kustomize.objects.documents import DocumentError
from toolkit.kustomize.objects.item import Item, MergedPatch, describe
from toolkit.kustomize.objects.selector import Selector
from toolkit.kustomize.patches.jsonpatch import Operation, PatchFailureError
from toolkit.kustomize.patches.merge import Merger
from toolkit.kustomize.schema import FieldPath
from toolkit.kustomize.sources.kustomization import Kustomization
from toolkit.kustomize.sources.session import first_line
from toolkit.kustomize.tracing.step import Step
from toolkit.kustomize.transformers.fields import ItemError
from toolkit.kustomize.transformers.patches import (
    MakeMerger,
    MergePatch,
    NoTargetError,
    merge_by_identity,
    merge_selected,
    patch_selected,
    select,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def patch_step(kustomization: Kustomization, field: FieldPath, entry: Mapping[str, Any]) -> Step:
    """One entry of ``patches``: either kind, for a target or for the object that it names."""
    source = _source(kustomization, field, entry, inline="patch")
    target = _target(source, entry)
    merges, operations = _read(source, has_target=target is not None)
    if merges is None:
        if target is None:
            raise source.error(
                BuildError(
                    "a JSON patch needs a `target`", hints=["say which objects, e.g. by kind"]
                )
            )
        return _json_step("PatchTransformer", source, target, operations or [], remember=True)
    options = entry.get("options") or {}
    patches = [
        MergePatch(
            item,
            allow_name_change=bool(options.get("allowNameChange")),
            allow_kind_change=bool(options.get("allowKindChange")),
        )
        for item in merges
    ]
    if target is None:
        return _merge_step("PatchTransformer", source, patches)
    if len(patches) > 1:
        raise source.error(
            BuildError(
                f"{len(patches)} patches in one entry cannot share a `target`",
                hints=["make an entry of each, or leave out the target"],
            )
        )
    return _target_step(source, patches, target)


def strategic_merge_steps(
    kustomization: Kustomization, field: FieldPath, names: list[str]
) -> list[Step]:
    """``patchesStrategicMerge``: each entry is a file, or a patch itself."""
    steps: list[Step] = []
    for index, name in enumerate(names):
        source = PatchText(kustomization, (*field, index), name)
        items = _inline_items(source)
        if items is None and _is_inline(source):
            items = _file_items(source)
        if items is None:
            source = patch_text(kustomization, (*field, index), name)
            items = _file_items(source)
        patches = [MergePatch(item) for item in items]
        steps.append(_merge_step("PatchStrategicMergeTransformer", source, patches))
    if not any(step.size for step in steps):
        empty = BuildError(
            "there is no patch in these files",
            hints=["write a merge patch there, or drop the entry"],
        )
        raise kustomization.error(empty, field)
    return steps


def inline_merge_step(kustomization: Kustomization, field: FieldPath, text: str) -> Step:
    """``patches`` of a PatchStrategicMergeTransformer: merge patches as one text."""
    source = PatchText(kustomization, field, text)
    patches = [MergePatch(item) for item in _file_items(source)]
    return _merge_step("PatchStrategicMergeTransformer", source, patches)


def json6902_step(kustomization: Kustomization, field: FieldPath, entry: Mapping[str, Any]) -> Step:
    """One entry of ``patchesJson6902``."""
    inline = "patch" if "patch" in entry else "jsonOp"
    source = _source(kustomization, field, entry, inline=inline)
    target = _target(source, entry)
    if target is None or not (entry.get("target") or {}).get("name"):
        nameless = BuildError(
            "a JSON patch here needs a `target` with a name",
            hints=["add its kind and name; or move it to `patches`, which takes a kind alone"],
        )
        raise source.error(nameless)
    operations = source.operations()
    if not operations:
        raise source.error(_no_patch(source))
    return _json_step("PatchJson6902Transformer", source, target, operations, remember=False)


def _source(
    kustomization: Kustomization, field: FieldPath, entry: Mapping[str, Any], *, inline: str
) -> PatchText:
    text, name = (entry.get(inline) or "").strip(), entry.get("path") or ""
    if bool(text) == bool(name):
        what = "both" if text else "neither"
        hint = "drop one of them" if text else f"add `path:` with a file, or `{inline}: |-`"
        wrong = BuildError(
            f"a patch has either `{inline}` or `path`; this has {what}", hints=[hint]
        )
        raise kustomization.error(wrong, field)
    if name:
        return patch_text(kustomization, (*field, "path"), name)
    return PatchText(kustomization, (*field, inline), text)


def _target(source: PatchText, entry: Mapping[str, Any]) -> Selector | None:
    if entry.get("target") is None:
        return None
    try:
        return Selector(entry["target"])
    except BuildError as error:
        raise source.kustomization.error(error, source.field[:-1]) from None


def _read(
    source: PatchText, *, has_target: bool
) -> tuple[list[Item] | None, list[Operation] | None]:
    """What the text is: merge patches, or operations. Raises BuildError where it is neither."""
    operations = source.operations()
    try:
        return source.merge_items(has_texts=has_target), operations
    except (YamlError, BuildError) as error:
        if operations is not None:
            return None, operations
        raise _neither(source, error) from None


def _neither(source: PatchText, error: YamlError | BuildError) -> BuildError:
    if source.text.startswith("["):
        wrong = BuildError(
            "neither a merge patch nor a JSON patch: it starts with '[', but is no JSON",
            hints=["put its texts in double quotes; or begin each operation with '- '"],
        )
        return source.error(wrong)
    if isinstance(error, DocumentError) and not isinstance(error, YamlError):
        return source.error(
            BuildError(
                f"neither a merge patch nor a JSON patch: {error.message}",
                hints=[*error.hints, "a JSON patch is a list of operations: - op: replace …"],
            ),
            error.document,
        )
    if isinstance(error, BuildError):
        return source.error(error)
    about = "" if source.file else "the patch is no YAML: "
    return source.of_yaml(error, f"{about}{error.message}")


def _no_patch(source: PatchText) -> BuildError:
    return BuildError(
        f"no JSON patch: {first_line(source.text)!r}",
        hints=["a JSON patch is a list of operations: - op: replace …"],
    )


def _inline_items(source: PatchText) -> list[Item] | None:
    try:
        return source.merge_items(has_texts=True)
    except (YamlError, BuildError):
        return None


def _is_inline(source: PatchText) -> bool:
    """A broken patch, which is nobody's name of a file."""
    return "\n" in source.text.strip() and ":" in source.text


def _file_items(source: PatchText) -> list[Item]:
    try:
        return source.merge_items(has_texts=True)
    except DocumentError as error:
        raise source.error(error, error.document) from None
    except YamlError as error:
        if source.file:
            raise
        raise _neither(source, error) from None


def _merge_step(plugin: str, source: PatchText, patches: list[MergePatch]) -> Step:
    def apply(collection: Collection) -> None:
        for patch in patches:
            try:
                merge_by_identity(collection, patch, _merger_of(source))
            except NoTargetError as error:
                raise source.error(_with_places(source, error), _number(patch)) from None
            except BuildError as error:
                raise _misfit(source, patch, error) from None

    return Step(
        plugin,
        source.kustomization.file,
        source.field,
        apply,
        size=len(patches),
        patch=source.file,
    )


def _target_step(source: PatchText, patches: list[MergePatch], target: Selector) -> Step:
    def apply(collection: Collection) -> None:
        selected = _selected(collection, source, target)
        for patch in patches:
            try:
                merge_selected(collection, patch, selected, _merger_of(source, by_target=True))
            except BuildError as error:
                raise _misfit(source, patch, error) from None

    return Step(
        "PatchTransformer", source.kustomization.file, source.field, apply, patch=source.file
    )


def _json_step(
    plugin: str,
    source: PatchText,
    target: Selector,
    operations: list[Operation],
    *,
    remember: bool,
) -> Step:
    def apply(collection: Collection) -> None:
        selected = _selected(collection, source, target)
        try:
            patch_selected(collection, selected, operations, remember=remember)
        except PatchFailureError as error:
            raise source.failure(error) from None

    return Step(plugin, source.kustomization.file, source.field, apply, patch=source.file)


def _number(patch: MergePatch) -> int:
    return patch.item.origin.document


def _misfit(source: PatchText, patch: MergePatch, error: BuildError) -> BuildError:
    """The error with the place of the part of the patch that does not fit its object."""
    from toolkit.kustomize.hints.patch_fault import fault_of

    found = None
    if isinstance(error, ItemError):
        found = fault_of(patch.item.body, error.item.body)
    if found is None:
        return source.error(error, _number(patch))
    error.hints = (*found[1], *error.hints)
    return source.error(error, _number(patch), found[0])


def _with_places(source: PatchText, error: NoTargetError) -> BuildError:
    session = source.kustomization.folder.session
    places = [f"{describe(item.key)} is from {session.place(item)}" for item in error.found]
    return BuildError(error.message, hints=[*places, *error.hints])


def _selected(collection: Collection, source: PatchText, target: Selector) -> list[Item]:
    selected = select(collection, target)
    if not selected and not collection.is_partial:
        located = source.kustomization.error(BuildError(""), source.field)
        source.kustomization.folder.session.warn(
            f"the patch's target matches nothing: {target.text}",
            located.location,
            "check kind and name, or drop the patch",
        )
    return selected


def _merger_of(source: PatchText, *, by_target: bool = False) -> MakeMerger:
    session = source.kustomization.folder.session

    def make(item: Item, patch: MergePatch) -> Merger:
        source.require_known_doubles(item.body, _number(patch))
        session.has_merged = True
        written = MergedPatch(
            source.text,
            _number(patch),
            is_by_target=by_target,
            renames=patch.allow_name_change,
        )
        return Merger(session.shapes, FileSpelling(session, item, patch.item, written))

    return make
