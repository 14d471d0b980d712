"""Walks a kind's fields: what a field may hold, and how its lists and maps merge.

Two kinds of merge read this. Server-side apply asks for ``list_semantics`` and ``is_atomic_map``
(``x-kubernetes-list-type``, ``-list-map-keys``, ``-map-type``); a list that says nothing is atomic.
Strategic merge patches ask for ``strategies`` and ``merge_key`` (``x-kubernetes-patch-strategy``,
``-patch-merge-key``); a list that says nothing is replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import NoneType
from typing import Any, Final, Literal, NamedTuple

from toolkit.resource.field_path import FieldPath
from toolkit.resource.identity import GroupVersionKind
from toolkit.schema.definitions import Schema, definition, definition_name, referenced

ListSemantics = (
    tuple[Literal["map"], tuple[str, ...]] | tuple[Literal["set"]] | tuple[Literal["atomic"]]
)


class MergeStrategy(NamedTuple):
    """``strategies``: "merge", "replace", "retainKeys"; empty where the schema says nothing.
    ``key`` matches list items of objects; None merges a list of scalars as a set, where
    ``strategies`` holds "merge".
    """

    strategies: tuple[str, ...]
    key: str | None


class FieldType:
    """One place in a kind's schema. Children are made once and kept: walking is cheap.

    ``scalars``: the Python classes of the scalars that may stand here; None's always, as null
    means absent. ``container``: that of the one list or object that may; None where the schema
    says otherwise. ``list_semantics``: how server-side apply treats a list here;
    ``is_atomic_map``: whether it owns an object here as a whole.
    """

    __slots__ = (
        "_annotations",
        "_fields",
        "_item",
        "_value",
        "container",
        "is_atomic_map",
        "list_semantics",
        "scalars",
        "schema",
    )

    def __init__(self, schema: Schema) -> None:
        self._annotations = schema  # stand beside a $ref, not behind it
        name = referenced(schema)
        self.schema: Schema = definition(name) if name is not None else schema
        self.scalars = _scalars_of(self.schema.get("type"))
        self.container = _CONTAINERS.get(str(self.schema.get("type")))
        self.list_semantics = self._list_semantics()
        self.is_atomic_map = bool(self._annotation("map-type") == "atomic")
        self._fields: dict[str, FieldType] = {}
        self._item: FieldType | None = None
        self._value: FieldType | None = None

    def field(self, key: str) -> FieldType | None:
        """The type of a field, or of a map's value; None where the schema does not say."""
        found = self._fields.get(key)
        if found is None:
            found = self._declared(key)
        return found

    def item(self) -> FieldType | None:
        """The type of a list's items; None where the schema does not say."""
        if self._item is None:
            self._item = self._child(self.schema.get("items"))
        return self._item

    @property
    def field_names(self) -> tuple[str, ...]:
        """The fields an object of this type declares; () for a map or a free object."""
        return tuple(self.schema.get("properties", ()))

    @property
    def default(self) -> Any:
        """The value that stands for an absent field; None where there is none."""
        return self.schema.get("default")

    @property
    def merge(self) -> MergeStrategy:
        """How a strategic merge patch treats what stands here."""
        text = self._annotation("patch-strategy")
        strategies = tuple(str(text).split(",")) if text else ()
        return MergeStrategy(strategies, self._annotation("patch-merge-key"))

    def at(self, path: FieldPath) -> FieldType | None:
        """The type at a path from here; any int stands for any list position."""
        here: FieldType | None = self
        for part in path:
            if here is None:
                return None
            here = here.item() if isinstance(part, int) else here.field(part)
        return here

    def _list_semantics(self) -> ListSemantics:
        kind = self._annotation("list-type")
        if kind == "map":
            return ("map", tuple(self._annotation("list-map-keys") or ()))
        return ("set",) if kind == "set" else ("atomic",)

    def _declared(self, key: str) -> FieldType | None:
        """Kept by name where the schema names the key; a map's values share one type."""
        found = self._child(self.schema.get("properties", {}).get(key))
        if found is not None:
            self._fields[key] = found
            return found
        if self._value is None:
            self._value = self._child(self.schema.get("additionalProperties"))
        return self._value

    def _child(self, schema: object) -> FieldType | None:
        return FieldType(schema) if isinstance(schema, Mapping) else None

    def _annotation(self, name: str) -> Any:
        key = f"x-kubernetes-{name}"
        return self._annotations.get(key, self.schema.get(key))


_SCALARS: Final[Mapping[str, frozenset[type]]] = {
    "string": frozenset([str]),
    "boolean": frozenset([bool]),
    "integer": frozenset([int]),
    "number": frozenset([int, float]),
}
_CONTAINERS: Final[Mapping[str, type]] = {"object": dict, "array": list}
_NULL: Final[frozenset[type]] = frozenset([NoneType])
_ANY_SCALAR: Final[frozenset[type]] = frozenset([str, bool, int, float, NoneType])


def _scalars_of(type: str | list[str] | None) -> frozenset[type]:
    if type is None:
        return _ANY_SCALAR
    names = [type] if isinstance(type, str) else type
    return _NULL.union(scalar for name in names for scalar in _SCALARS.get(name, ()))


@cache
def type_of(gvk: GroupVersionKind) -> FieldType | None:
    """The cursor at a kind's root, or None for a kind we do not know."""
    name = definition_name(gvk)
    return FieldType(definition(name)) if name is not None else None


def list_semantics(gvk: GroupVersionKind, path: FieldPath) -> ListSemantics:
    """How server-side apply treats the list at ``path``; what is not known is atomic.

    In a path an int stands for any list position.
    """
    found = _at(gvk, path)
    return found.list_semantics if found is not None else ("atomic",)


def strategic_merge(gvk: GroupVersionKind, path: FieldPath) -> MergeStrategy:
    """How a strategic merge patch treats the value at ``path``; what is not known is replaced
    where it is a list, merged where it is an object: that is what an empty answer means.
    """
    found = _at(gvk, path)
    return found.merge if found is not None else MergeStrategy((), None)


def _at(gvk: GroupVersionKind, path: FieldPath) -> FieldType | None:
    root = type_of(gvk)
    return root.at(path) if root is not None else None
