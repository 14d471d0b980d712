"""RFC 6902 patches as kustomize's library applies them: negative indexes count from the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from toolkit.errors import BuildError
from toolkit.yaml.scalars import BLANK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

Operation: TypeAlias = "dict[str, Any]"

OPERATIONS = ("add", "remove", "replace", "move", "copy", "test")

_EXACT = 2**53


class PatchFailureError(BuildError):
    """One operation does not apply. ``index`` counts operations from 0."""

    def __init__(
        self, message: str, index: int, operation: Operation, *, hints: Iterable[str] = ()
    ) -> None:
        super().__init__(message, hints=hints)
        self.index = index
        self.operation = operation


def apply(body: Any, operations: list[Operation]) -> Any:
    """The patched body; ``body`` itself is changed. Raises PatchFailureError."""
    holder: dict[str, Any] = {"": body}
    for index, operation in enumerate(operations):
        op = operation.get("op")
        change = _APPLY.get(op) if isinstance(op, str) else None
        if change is None:
            raise _unknown_operation(index, operation)
        try:
            change(holder, operation)
        except _DoesNotApplyError as error:
            hints = error.hints(operation, holder[""])
            raise PatchFailureError(str(error), index, operation, hints=hints) from None
    return rounded(holder[""])


def copied(value: Any) -> Any:
    """A deep copy of JSON values."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copied(item) for item in value]
    return value


def rounded(value: Any) -> Any:
    """Integers as a float64 holds them, and nothing in a flow map as a text: upstream passes the
    patched object through JSON.
    """
    holder = [value]
    open_nodes: list[Any] = [holder]
    while open_nodes:
        node = open_nodes.pop()
        for key, item in enumerate(node) if node.__class__ is list else node.items():
            kind = item.__class__
            if kind is dict or kind is list:
                open_nodes.append(item)
            elif kind is int and not -_EXACT <= item <= _EXACT:
                node[key] = _as_float(item)
            elif item is BLANK:
                node[key] = ""
    return holder[0]


def _as_float(value: int) -> int:
    """The shortest digits that name the nearest float64, as Go writes it."""
    digits, _, exponent = f"{float(value)!r}".partition("e")
    whole, _, fraction = digits.partition(".")
    return (
        int((whole + fraction).ljust(len(whole) + int(exponent), "0")) if exponent else int(whole)
    )


Hints: TypeAlias = "Callable[[Operation, Any], list[str]]"


class _DoesNotApplyError(Exception):
    """``hints`` of the operation and the object: asked for once it is clear that it fails."""

    def __init__(self, message: str, hints: Hints) -> None:
        super().__init__(message)
        self.hints = hints


def _unknown_operation(index: int, operation: Operation) -> PatchFailureError:
    from toolkit.kustomize.hints.operation_hints import unknown_operation

    op = operation.get("op")
    message = f"unknown operation {op!r}: it must be one of {', '.join(OPERATIONS)}"
    hints = unknown_operation(operation, OPERATIONS)
    return PatchFailureError(
        "'op' is missing" if op is None else message, index, operation, hints=hints
    )


def _add(holder: dict[str, Any], operation: Operation) -> None:
    _put(holder, _path(operation, "path"), _new_value(operation))


def _remove(holder: dict[str, Any], operation: Operation) -> None:
    _take(holder, _path(operation, "path"))


def _replace(holder: dict[str, Any], operation: Operation) -> None:
    path = _path(operation, "path")
    value = _new_value(operation)
    if not path:
        if isinstance(value, list):
            raise _DoesNotApplyError(
                "an object is a map", lambda *_: ["give a map with apiVersion, kind and metadata"]
            )
        if isinstance(value, dict):  # upstream passes over anything else
            holder[""] = value
        return
    parent, key = _parent(holder, path)
    if isinstance(parent, list):
        parent[_index(parent, key, path)] = value
        return
    _require(parent, key, path)
    parent[key] = value


def _move(holder: dict[str, Any], operation: Operation) -> None:
    _put(holder, _path(operation, "path"), _take(holder, _path(operation, "from")))


def _copy(holder: dict[str, Any], operation: Operation) -> None:
    source = _path(operation, "from")
    parent, key = _parent(holder, source)
    if isinstance(parent, dict):
        _require(parent, key, source)
    value = _get(parent, key, source)
    _put(holder, _path(operation, "path"), copied(value))


def _test(holder: dict[str, Any], operation: Operation) -> None:
    path = _path(operation, "path")
    value = operation.get("value")
    if path:
        parent, key = _parent(holder, path)
        present = _get(parent, key, path)
    else:
        present = holder[""]
    if not _is_same(present, value):
        raise _DoesNotApplyError(
            f"the test of {path!r} failed", lambda _, body: _hints().failed_test(body, present)
        )


def _new_value(operation: Operation) -> Any:
    if "value" not in operation:
        raise _missing_field("value")
    return copied(operation["value"])


def _path(operation: Operation, field: str) -> str:
    path = operation.get(field)
    if not isinstance(path, str):
        raise _missing_field(field)
    return path


def _parent(holder: dict[str, Any], path: str) -> tuple[Any, str]:
    words = path.split("/")
    if len(words) < 2:
        raise _DoesNotApplyError(
            f"the path {path!r} must start with a slash", lambda *_: _hints().without_slash(path)
        )
    node = holder[""]
    for index, word in enumerate(words[1:-1], start=1):
        key = _unescaped(word)
        reached = "/".join(words[: index + 1])
        node = _get(node, key, reached)
        if node is not None and not isinstance(node, dict | list):
            raise _scalar_on_the_way(reached)
        if node is None:
            raise _missing_value(reached, path)
    return node, _unescaped(words[-1])


def _unescaped(word: str) -> str:
    return word.replace("~1", "/").replace("~0", "~")


def _get(parent: Any, key: str, path: str) -> Any:
    if isinstance(parent, list):
        return parent[_index(parent, key, path)]
    return parent.get(key)


def _put(holder: dict[str, Any], path: str, value: Any) -> None:
    parent, key = _parent(holder, path)
    if isinstance(parent, dict):
        parent[key] = value
    elif key == "-":
        parent.append(value)
    else:
        index = _number(key, path, parent)
        if index < -(len(parent) + 1) or index > len(parent):
            raise _out_of_range(path, parent)
        parent.insert(index if index >= 0 else index + len(parent) + 1, value)


def _take(holder: dict[str, Any], path: str) -> Any:
    parent, key = _parent(holder, path)
    if isinstance(parent, list):
        return parent.pop(_index(parent, key, path))
    _require(parent, key, path)
    return parent.pop(key)


def _require(parent: dict[str, Any], key: str, path: str) -> None:
    if key not in parent:
        raise _missing_value(path, path)


def _index(items: list[Any], key: str, path: str) -> int:
    index = _number(key, path, items)
    if not -len(items) <= index < len(items):
        raise _out_of_range(path, items)
    return index


def _number(key: str, path: str, items: list[Any]) -> int:
    try:
        return int(key)
    except ValueError:
        raise _DoesNotApplyError(
            f"{path} leads into a list, where {key!r} is no position",
            lambda operation, _: _hints().no_position(operation, path, items),
        ) from None


def _out_of_range(path: str, items: list[Any]) -> _DoesNotApplyError:
    count = len(items)
    return _DoesNotApplyError(
        f"{path} is out of range: the list has {count} item{'' if count == 1 else 's'}",
        lambda operation, _: _hints().out_of_range(operation, path, count),
    )


def _missing_field(field: str) -> _DoesNotApplyError:
    return _DoesNotApplyError(
        f"{field!r} is missing", lambda operation, _: _hints().missing_field(operation, field)
    )


def _scalar_on_the_way(reached: str) -> _DoesNotApplyError:
    return _DoesNotApplyError(
        f"{reached} is neither a map nor a list", lambda *_: [f"end the path at {reached}"]
    )


def _missing_value(reached: str, path: str) -> _DoesNotApplyError:
    return _DoesNotApplyError(
        f"the object has no {reached}",
        lambda operation, body: _hints().missing_value(operation, body, path),
    )


def _hints() -> Any:
    from toolkit.kustomize.hints import operation_hints

    return operation_hints


def _is_same(left: Any, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(
            _is_same(value, right[key]) for key, value in left.items()
        )
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_is_same, left, right))
    return bool(left == right)


_APPLY: dict[str, Callable[[dict[str, Any], Operation], None]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}
