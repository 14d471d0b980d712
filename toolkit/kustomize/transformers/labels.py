"""labels, commonLabels and commonAnnotations: texts put into maps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.errors import BuildError
from toolkit.kustomize.collection import Collection
from toolkit.kustomize.fieldspec import CREATE_MAP, FieldSpec
from toolkit.kustomize.transformers.fields import SpecsByKind, visit_item

METADATA_LABELS = FieldSpec("", "", "", "metadata/labels", create=True)


def add_entries(
    collection: Collection, entries: Mapping[str, str], specs: tuple[FieldSpec, ...]
) -> None:
    """Sets the entries in the maps at ``specs``."""
    if not entries:
        return
    by_kind = SpecsByKind(specs)

    def set_field(parent: dict[str, Any], key: str) -> None:
        target = parent[key]
        if isinstance(target, dict):
            target.update(entries)
        elif target is not None:
            raise BuildError(f"{key} must be a map, but is {target!r}")

    for item in collection:
        for spec in by_kind.of(item):
            visit_item(item, spec, set_field, CREATE_MAP)
