"""The objects of one layer, in the order they were added, found by identity in constant time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from toolkit.errors import BuildError
from toolkit.kustomize.objects.item import (
    GONE,
    Item,
    Key,
    describe,
    require_text_keys,
    set_strings,
    strings_at,
    text_of,
)
from toolkit.resource.resource import Body

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from toolkit.kustomize.patches.merge import Path
    from toolkit.kustomize.ports import Scalars

ORIGIN = "config.kubernetes.io/origin"
"""The annotation that says where an object came from, if anybody asked for it."""


class DuplicateError(BuildError):
    """Two objects with one identity. The builder knows their files and adds both places."""

    def __init__(self, first: Item, second: Item) -> None:
        super().__init__(f"{describe(second.key)} is there already")
        self.first = first
        self.second = second


class Collection:
    """Items in order. The indexes are made when asked for, and dropped by :meth:`changed`.
    ``is_partial``: others belong to it that are not here (:mod:`toolkit.kustomize.partial`), so
    that it is no error not to find one.
    """

    __slots__ = ("_by_any_key", "_by_key", "_by_kind", "_by_name", "is_partial", "items")

    def __init__(self, items: Iterable[Item] = (), *, is_partial: bool = False) -> None:
        self.is_partial = is_partial
        self.items: list[Item] = []
        self._by_key: dict[Key, Item] | None = {}
        self._by_any_key: dict[Key, list[Item]] | None = None
        self._by_kind: dict[str, list[Item]] | None = None
        self._by_name: dict[str, list[Item]] | None = None
        self.extend(items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def append(self, item: Item) -> None:
        """Raises DuplicateError where the item's present identity is taken."""
        index = self._keys()
        first = index.setdefault(item.key, item)
        if first is not item:
            raise DuplicateError(first, item)
        self.items.append(item)
        self._by_kind = self._by_name = None
        if self._by_any_key is not None:
            self._add_keys(item)

    def extend(self, items: Iterable[Item]) -> None:
        for item in items:
            self.append(item)

    def get(self, key: Key) -> Item | None:
        """The item whose present identity is ``key``."""
        return self._keys().get(key)

    def find(self, key: Key) -> list[Item]:
        """Items that have, or once had, this identity, in order."""
        if self._by_any_key is None:
            self._by_any_key = {}
            for item in self.items:
                self._add_keys(item)
        return self._by_any_key.get(key, [])

    def changed(self) -> None:
        """To be called after identities were changed, or items removed from ``items``."""
        self._by_key = None
        self._by_any_key = None
        self._by_kind = self._by_name = None

    def named(self, name: str) -> list[Item]:
        """Items that have, or once had, this name, in order."""
        if self._by_name is None:
            self._by_name = {}
            for item in self.items:
                for each in {item.name, *(past[1] for past in item.past)}:
                    self._by_name.setdefault(each, []).append(item)
        return self._by_name.get(name, [])

    def of_kind(self, kind: str) -> list[Item]:
        """Items of a kind, in order."""
        if self._by_kind is None:
            self._by_kind = {}
            for item in self.items:
                self._by_kind.setdefault(item.kind, []).append(item)
        return self._by_kind.get(kind, [])

    def candidates(self, *, name: str, kind: str = "") -> Iterable[Item]:
        """Items among which those are that have, or had, a name or kind; "" for any."""
        if name:
            return self.named(name)
        return self.of_kind(kind) if kind else self.items

    def require_unique(self) -> None:
        """Raises DuplicateError where two items have the same identity now."""
        index: dict[Key, Item] = {}
        for item in self.items:
            first = index.setdefault(item.key, item)
            if first is not item:
                raise DuplicateError(first, item)
        self._by_key = index

    def remove(self, items: Iterable[Item]) -> None:
        gone: set[int] = set()
        for item in items:
            gone.add(id(item))
            item.trail.append(GONE)
        if gone:
            self.items = [item for item in self.items if id(item) not in gone]
            self.changed()

    def absorb(self, item: Item, scalars: Scalars) -> None:
        """Adds a generated item: new, or merged into or put in place of one that is there. Among
        parts only the latter: a new one is not what was changed.
        """
        matches = self.find(item.key)
        if not matches and self.is_partial:
            return
        if not matches:
            if item.behavior in ("merge", "replace"):
                raise BuildError(
                    f"{describe(item.key)} does not exist; it cannot {item.behavior}",
                    hints=["drop `behavior`, or add the object it should change"],
                )
            self.append(item)
            return
        if len(matches) > 1:
            raise BuildError(
                f"{len(matches)} objects could take the place of {describe(item.key)}",
                hints=["add `namespace:`, or a name that only one of them has"],
            )
        old = matches[0]
        if item.behavior not in ("merge", "replace"):
            raise DuplicateError(old, item)
        _take_over(old, item, scalars)

    def _keys(self) -> dict[Key, Item]:
        if self._by_key is None:
            self._by_key = {}
            for item in self.items:
                self._by_key.setdefault(item.key, item)
        return self._by_key

    def _add_keys(self, item: Item) -> None:
        index = self._by_any_key
        if index is None:
            return
        for key in item.identities() if item.past else (item.key,):
            found = index.setdefault(key, [])
            if not found or found[-1] is not item:
                found.append(item)


def _take_over(old: Item, item: Item, scalars: Scalars) -> None:
    """``old`` gets the content of ``item``, and keeps its own name, history and place."""
    for field in ("labels", "annotations"):
        merged = strings_at(old.body, field) | strings_at(item.body, field)
        if item.behavior == "merge" and ORIGIN in strings_at(old.body, field):
            merged[ORIGIN] = strings_at(old.body, field)[ORIGIN]
        set_strings(item.body, field, merged)
    item.metadata["name"] = old.name
    if old.namespace:
        item.metadata["namespace"] = old.namespace
    else:
        item.metadata.pop("namespace", None)
    if item.behavior == "merge":
        _merge_content(item.body, old, scalars)
    else:
        old.origin = item.origin
    old.body = item.body
    old.rewritten_annotations = {}
    old.needs_hash = old.needs_hash and item.needs_hash


def _merge_content(body: Body, old: Item, scalars: Scalars) -> None:
    for field in ("data", "binaryData"):
        merged = _strings(old, field, scalars) | dict(body.get(field) or {})
        require_text_keys(merged)
        if merged:
            body[field] = merged
        else:
            body.pop(field, None)


def _strings(item: Item, field: str, scalars: Scalars) -> dict[str, str]:
    values = item.body.get(field)
    if not isinstance(values, dict):
        return {}
    return {
        key: text_of(value) if isinstance(value, str) else _text(item, (field, key), value, scalars)
        for key, value in values.items()
    }


def _text(item: Item, path: Path, value: Any, scalars: Scalars) -> str:
    return (
        "" if value is None or isinstance(value, dict | list) else scalars.typed(item, path, value)
    )
