"""A rendered object and where it came from. Plain slotted classes: the build path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from toolkit.resource.identity import ResourceId

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

Body: TypeAlias = "dict[str, Any]"
"""A parsed object: str keys; str, int, float, bool, None, list and dict values."""


class Origin:
    """Where an object was first written: ``path`` from the build's root, ``document`` (0-based)
    in that file. A generated object has the kustomization's path and ``document`` -1.
    """

    __slots__ = ("document", "path")

    def __init__(self, path: str, document: int = 0) -> None:
        self.path = path
        self.document = document

    def __repr__(self) -> str:
        return f"Origin({self.path!r}, {self.document})"


class Resource:
    """One object of a build's result. The holder of a result owns its bodies."""

    __slots__ = ("body", "id", "origin")

    def __init__(self, id: ResourceId, body: Body, origin: Origin) -> None:
        self.id = id
        self.body = body
        self.origin = origin


class ResourceSet:
    """Resources in output order, indexed by id. Raises ``ValueError`` for a duplicate id."""

    __slots__ = ("_by_id", "_items")

    def __init__(self, items: Iterable[Resource] = ()) -> None:
        self._items = tuple(items)
        self._by_id = {item.id: item for item in self._items}
        if len(self._by_id) != len(self._items):
            raise ValueError("duplicate resource id")

    def get(self, id: ResourceId) -> Resource | None:
        return self._by_id.get(id)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)
