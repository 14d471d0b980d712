"""namePrefix and nameSuffix."""

from __future__ import annotations

from toolkit.kustomize.fields.fieldspec import CREATE_SCALAR, FieldSpec, SetField
from toolkit.kustomize.objects.collection import Collection
from toolkit.kustomize.objects.item import Item, text_of
from toolkit.kustomize.objects.sharing import spread_changes
from toolkit.kustomize.transformers.fields import visit_item

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from toolkit.kustomize.ports import Scalars

_NAME = "metadata/name"
_UNTOUCHED_KINDS = ("CustomResourceDefinition", "Namespace")
_UNTOUCHED_GROUP_KIND = ("apiregistration.k8s.io", "APIService")


def add_prefix(
    collection: Collection, prefix: str, specs: tuple[FieldSpec, ...], scalars: Scalars
) -> None:
    """Puts ``prefix`` before names. An empty one changes nothing. A name without quotes that then
    reads as a number is one, as upstream.
    """

    def setter(item: Item) -> SetField:
        def set_field(parent: dict[str, Any], key: str) -> None:
            parent[key] = scalars.untagged(item, parent, key, prefix + text_of(parent[key]))

        return set_field

    _rename(collection, prefix, specs, setter, is_prefix=True)


def add_suffix(
    collection: Collection, suffix: str, specs: tuple[FieldSpec, ...], scalars: Scalars
) -> None:
    """Puts ``suffix`` behind names, in the way of :func:`add_prefix`."""

    def setter(item: Item) -> SetField:
        def set_field(parent: dict[str, Any], key: str) -> None:
            parent[key] = scalars.untagged(item, parent, key, text_of(parent[key]) + suffix)

        return set_field

    _rename(collection, suffix, specs, setter, is_prefix=False)


def _rename(
    collection: Collection,
    text: str,
    specs: tuple[FieldSpec, ...],
    setter: Callable[[Item], SetField],
    *,
    is_prefix: bool,
) -> None:
    for item in collection:
        if _is_untouched(item):
            continue
        group, version, kind = item.original[:3]
        for spec in specs:
            if not spec.selects(group, version, kind):
                continue
            if spec.path == _NAME and text:
                (item.prefixes if is_prefix else item.suffixes).append(text)
                item.remember()
            visit_item(item, spec, setter(item), CREATE_SCALAR)
            spread_changes(item.shared)
        item.refresh()
    collection.changed()


def _is_untouched(item: Item) -> bool:
    group, _, kind, _, _ = item.original
    return kind in _UNTOUCHED_KINDS or (group, kind) == _UNTOUCHED_GROUP_KIND
