"""labels, commonLabels and commonAnnotations: texts put into maps."""

from __future__ import annotations

from collections.abc import Mapping

from toolkit.errors import BuildError
from toolkit.kustomize.fields.fieldspec import CREATE_MAP, FieldSpec
from toolkit.kustomize.objects.collection import Collection
from toolkit.kustomize.objects.item import Item, require_text_keys, show_annotations
from toolkit.kustomize.objects.sharing import SharedValue, spread_changes
from toolkit.kustomize.transformers.fields import SpecsByKind, visit_item

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ANNOTATIONS = "metadata/annotations"
METADATA_LABELS = FieldSpec("", "", "", "metadata/labels", create=True)


def add_entries(
    collection: Collection, entries: Mapping[str, str], specs: tuple[FieldSpec, ...]
) -> None:
    """Sets the entries in the maps at ``specs``."""
    if not entries:
        return
    require_text_keys(entries)
    by_kind = SpecsByKind(specs)
    for item in collection:
        found = by_kind.of(item)
        if any(spec.path == _ANNOTATIONS and not spec.create for spec in found):
            show_annotations(item)
        if len(found) == 1 and not item.shared:
            visit_item(item, found[0], _setter(entries), CREATE_MAP)
        elif found:
            _add_to_several(item, entries, found)


def _setter(entries: Mapping[str, str]) -> Any:
    def set_field(parent: dict[str, Any], key: str) -> None:
        target = parent[key]
        if isinstance(target, dict):
            target.update(entries)
        elif target is not None:
            raise BuildError(
                f"{key} must be a map, but is {target!r}",
                hints=["write its entries below it, each as key: value"],
            )

    return set_field


def _add_to_several(item: Item, entries: Mapping[str, str], specs: tuple[FieldSpec, ...]) -> None:
    """What is new in several maps is one value from now on."""
    created: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    write = _setter(entries)
    path = ""

    def set_field(parent: dict[str, Any], key: str) -> None:
        target = parent[key]
        if isinstance(target, dict):
            for name in entries:
                if name not in target:
                    created.setdefault(name, []).append((path, target))
        write(parent, key)

    for spec in specs:
        path = spec.path
        visit_item(item, spec, set_field, CREATE_MAP)
    spread_changes(item.shared)
    for name, places in created.items():
        if len(places) > 1:
            maps = [target for _, target in sorted(places, key=lambda place: place[0])]
            item.shared.append(SharedValue(name, entries[name], maps))
