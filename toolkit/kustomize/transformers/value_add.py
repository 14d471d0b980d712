"""ValueAddTransformer: a value put into a field, or into a file path that stands in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from toolkit.errors import BuildError
from toolkit.kustomize.fields.fieldspec import split_path
from toolkit.kustomize.objects.collection import Collection
from toolkit.kustomize.objects.item import Item, text_of
from toolkit.kustomize.objects.selector import Selector

if TYPE_CHECKING:
    from toolkit.kustomize.ports import Scalars


def add_value(
    collection: Collection, value: str, targets: list[Mapping[str, Any]], scalars: Scalars
) -> None:
    """Writes ``value`` to ``fieldPath`` of each target's objects, made where it is missing."""
    for target in targets:
        selector = target.get("selector")
        chosen = Selector(selector) if selector is not None else None
        path, position = target.get("fieldPath", ""), target.get("filePathPosition", 0)
        for item in collection:
            if chosen is None or chosen.matches(item):
                _write(item, path, position, value, scalars)
    collection.changed()


def _write(item: Item, path: str, position: int, value: str, scalars: Scalars) -> None:
    if path == "metadata/namespace":
        if not item.is_cluster_scoped:
            item.metadata["namespace"] = value
    else:
        *parents, name = split_path(path, "/")
        node: Any = item.body
        for part in parents:
            if node.get(part) is None:
                node[part] = {}
            node = node[part]
            if not isinstance(node, dict):
                raise BuildError(
                    f"{item.short}: {path} leads through {part}, which is no map",
                    hints=[f"end the fieldPath at {part}, or add a `selector:`"],
                )
        if isinstance(node.get(name), dict | list):
            raise BuildError(
                f"{item.short}: {path} must be text",
                hints=["name a field with one text, or add a `selector:`"],
            )
        present = text_of(node.get(name))
        text = value if position <= 0 else insert_part(present, position - 1, value)
        node.setdefault(name, None)
        node[name] = scalars.untagged(item, node, name, text)
    item.refresh()


def insert_part(path: str, position: int, part: str) -> str:
    """A file path with ``part`` put in; a leading slash stays, too large a position is the end."""
    if not path:
        return part
    is_absolute = path.startswith("/")
    parts = [word for word in path.split("/") if word]
    parts.insert(position, part)
    return ("/" if is_absolute else "") + "/".join(parts)
