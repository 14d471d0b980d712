"""namePrefix and nameSuffix."""

from __future__ import annotations

from toolkit.kustomize.collection import Collection
from toolkit.kustomize.fieldspec import CREATE_SCALAR, FieldSpec, SetField
from toolkit.kustomize.item import Item, text_of
from toolkit.kustomize.sharing import spread_changes
from toolkit.kustomize.transformers.fields import visit_item
from toolkit.yaml.scalars import resolve_resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NAME = "metadata/name"
_UNTOUCHED_KINDS = ("CustomResourceDefinition", "Namespace")
_UNTOUCHED_GROUP_KIND = ("apiregistration.k8s.io", "APIService")


def add_prefix(collection: Collection, prefix: str, specs: tuple[FieldSpec, ...]) -> None:
    """Puts ``prefix`` before names. An empty one changes nothing."""

    def set_field(parent: dict[str, Any], key: str) -> None:
        parent[key] = _like(parent[key], prefix + text_of(parent[key]))

    _rename(collection, prefix, specs, set_field, is_prefix=True)


def add_suffix(collection: Collection, suffix: str, specs: tuple[FieldSpec, ...]) -> None:
    """Puts ``suffix`` behind names. An empty one changes nothing."""

    def set_field(parent: dict[str, Any], key: str) -> None:
        parent[key] = _like(parent[key], text_of(parent[key]) + suffix)

    _rename(collection, suffix, specs, set_field, is_prefix=False)


def _rename(
    collection: Collection,
    text: str,
    specs: tuple[FieldSpec, ...],
    set_field: SetField,
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
            visit_item(item, spec, set_field, CREATE_SCALAR)
            spread_changes(item.shared)
        item.refresh()
    collection.changed()


def _like(present: Any, text: str) -> Any:
    """Upstream keeps the quotes: a name that is a number, without any, may stay one."""
    return resolve_resource(text) if isinstance(present, int | float) else text


def _is_untouched(item: Item) -> bool:
    group, _, kind, _, _ = item.original
    return kind in _UNTOUCHED_KINDS or (group, kind) == _UNTOUCHED_GROUP_KIND
