"""JSON patch: RFC 6902, as kustomize and the API server apply it.

Beyond the RFC, like the library both use: a negative index counts from the end (for ``add``, -1
appends), and ``test`` of a missing member against null succeeds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NoReturn

from toolkit.errors import PatchError
from toolkit.resource.copying import copy_json, is_same_json

_MOST_COPIED: Final = 100_000
"""Copies of copies double what there is with each operation."""

_INDEX = re.compile(r"-?[0-9]{1,9}\Z")


def apply_json_patch(body: Any, operations: Sequence[Mapping[str, Any]]) -> Any:
    """The patched copy; ``body`` and ``operations`` stay as they are.

    Raises :class:`PatchError` at the first operation that does not fit: all or nothing.
    """
    document = _Document(copy_json(body))
    for number, operation in enumerate(operations):
        document.perform(number, operation)
    return document.root


def parse_pointer(pointer: str) -> tuple[str, ...]:
    """``/a/b~1c/-`` → ``("a", "b/c", "-")``. Raises ``ValueError`` for anything else."""
    if not pointer:
        return ()
    if not pointer.startswith("/"):
        raise ValueError("a path starts with '/'")
    parts = pointer[1:].split("/")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)


def format_pointer(parts: Sequence[str | int]) -> str:
    """The inverse of :func:`parse_pointer`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _size(value: Any) -> int:
    """How many values it is made of."""
    if isinstance(value, dict):
        return 1 + sum(map(_size, value.values()))
    return 1 + sum(map(_size, value)) if isinstance(value, list) else 1


class _Misfit(Exception):  # noqa: N818 - never leaves this module
    """Why a path cannot be followed."""


class _Document:
    """The object under the patch, owned."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self._copied = 0

    def perform(self, number: int, operation: Mapping[str, Any]) -> None:
        if not isinstance(operation, Mapping):
            raise PatchError("an operation is a mapping with 'op'", path="", operation=number)
        name = operation.get("op")
        path = operation.get("path")
        if not isinstance(path, str):
            raise PatchError("'path' is missing", path="", operation=number)
        action = _ACTIONS.get(str(name))
        if action is None:
            known = ", ".join(_ACTIONS)
            raise PatchError(
                f"no operation {name!r}; there are {known}", path=path, operation=number
            )
        try:
            action(self, _pointer(path), operation)
        except _Misfit as misfit:
            raise PatchError(f"{name}: {misfit}", path=path, operation=number) from None

    def add(self, path: tuple[str, ...], operation: Mapping[str, Any]) -> None:
        self._put(path, copy_json(_member(operation, "value")))

    def remove(self, path: tuple[str, ...], _: Mapping[str, Any]) -> Any:
        if not path:
            removed, self.root = self.root, None
            return removed
        parent = self._parent(path)
        if isinstance(parent, list):
            return parent.pop(_position(parent, path[-1]))
        if path[-1] not in parent:
            _misfit_key(parent, path[-1])
        return parent.pop(path[-1])

    def replace(self, path: tuple[str, ...], operation: Mapping[str, Any]) -> None:
        value = copy_json(_member(operation, "value"))
        if not path:
            self.root = value
            return
        parent = self._parent(path)
        if isinstance(parent, list):
            parent[_position(parent, path[-1])] = value
        elif path[-1] in parent:
            parent[path[-1]] = value
        else:
            _misfit_key(parent, path[-1])

    def move(self, path: tuple[str, ...], operation: Mapping[str, Any]) -> None:
        source = _pointer(_member(operation, "from"))
        if path[: len(source)] == source and path != source:
            raise _Misfit("a value cannot move into itself")
        self._put(path, self.remove(source, operation))

    def copy(self, path: tuple[str, ...], operation: Mapping[str, Any]) -> None:
        value = copy_json(self._get(_pointer(_member(operation, "from"))))
        self._copied += _size(value)
        if self._copied > _MOST_COPIED:
            raise _Misfit(f"the patch copies more than {_MOST_COPIED} values")
        self._put(path, value)

    def test(self, path: tuple[str, ...], operation: Mapping[str, Any]) -> None:
        wanted = operation.get("value")
        try:
            found = self._get(path)
        except _Misfit:
            if wanted is None:
                return
            raise
        if not is_same_json(found, wanted):
            raise _Misfit(f"found {_brief(found)}, expected {_brief(wanted)}")

    def _put(self, path: tuple[str, ...], value: Any) -> None:
        if not path:
            self.root = value
            return
        parent = self._parent(path)
        if isinstance(parent, list):
            parent.insert(_place_to_add(parent, path[-1]), value)
        else:
            parent[path[-1]] = value

    def _get(self, path: tuple[str, ...]) -> Any:
        node = self.root
        for depth, part in enumerate(path):
            node = _child(node, part, path[:depth])
        return node

    def _parent(self, path: tuple[str, ...]) -> Any:
        parent = self._get(path[:-1])
        if not isinstance(parent, dict | list):
            raise _Misfit(f"{format_pointer(path[:-1])} holds {_brief(parent)}, no mapping or list")
        return parent


_ACTIONS: Final[dict[str, Callable[[_Document, tuple[str, ...], Mapping[str, Any]], Any]]] = {
    "add": _Document.add,
    "remove": _Document.remove,
    "replace": _Document.replace,
    "move": _Document.move,
    "copy": _Document.copy,
    "test": _Document.test,
}


def _pointer(text: Any) -> tuple[str, ...]:
    try:
        return parse_pointer(str(text))
    except ValueError as error:
        raise _Misfit(str(error)) from None


def _member(operation: Mapping[str, Any], name: str) -> Any:
    if name not in operation:
        raise _Misfit(f"{name!r} is missing")
    return operation[name]


def _child(node: Any, part: str, above: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return node[_position(node, part)]
    if isinstance(node, dict):
        if part not in node:
            _misfit_key(node, part)
        return node[part]
    raise _Misfit(f"{format_pointer(above) or 'the object'} holds {_brief(node)}")


def _position(items: list[Any], part: str) -> int:
    """A place that is taken."""
    index = _index(part)
    place = index + len(items) if index < 0 else index
    if not 0 <= place < len(items):
        raise _Misfit(f"no item {part}; the list has {len(items)}")
    return place


def _place_to_add(items: list[Any], part: str) -> int:
    """A place to insert before; the end counts."""
    if part == "-":
        return len(items)
    index = _index(part)
    place = index + len(items) + 1 if index < 0 else index
    if not 0 <= place <= len(items):
        raise _Misfit(f"no place {part}; the list has {len(items)}")
    return place


def _index(part: str) -> int:
    if not _INDEX.match(part):
        raise _Misfit(f"{part!r} is no index, and the path leads into a list")
    return int(part)


def _misfit_key(parent: Mapping[str, Any], key: str) -> NoReturn:
    from difflib import get_close_matches

    close = get_close_matches(key, list(parent), n=1)
    raise _Misfit(f"no member {key!r}" + (f"; did you mean {close[0]!r}?" if close else ""))


def _brief(value: Any) -> str:
    """Short, and never the content of a collection."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = "null" if value is None else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
