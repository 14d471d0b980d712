"""JSONPath: members, wildcards, slices, unions, filters and recursive descent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final

from toolkit.workflow.expressions.locate import EvaluationError
from toolkit.workflow.expressions.values import (
    is_number,
    is_same,
)

_Step = Callable[[Any], Iterator[Any]]

_NAME = re.compile(r"[^.\[\]()*'\"\s]+")
_INTEGER = re.compile(r"-?\d+\Z")
_FROM_END = re.compile(r"\(@\.length\s*-\s*([1-9]\d*)\)$")
_SLICE = re.compile(r"(-?\d*)\s*:\s*(-?\d*)(?:\s*:\s*(-?\d*))?\Z")
_COMPARISON = re.compile(r"(.+?)\s*(==|!=|<=|>=|=~|<|>)\s*(.+)\Z", re.DOTALL)
_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": is_same,
    "!=": lambda left, right: not is_same(left, right),
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def query(value: Any, path: str) -> Any:
    """The value at a definite path (EvaluationError where absent), or the list an indefinite one
    selects. Also the Kubernetes form ``{.spec.x}``.
    """
    steps, is_definite = _compile(path)
    found = [value]
    for step in steps:
        found = [inner for outer in found for inner in step(outer)]
    if not is_definite:
        return found
    if not found:
        raise EvaluationError(f"jsonpath: key not found: {path}")
    return found[0]


@lru_cache(maxsize=512)
def _compile(path: str) -> tuple[tuple[_Step, ...], bool]:
    text = path.strip()
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1].strip()
    text = text.removeprefix("$").removeprefix("@")
    if text and text[0] not in ".[":
        text = f".{text}"
    steps: list[_Step] = []
    is_definite, at = True, 0
    while at < len(text):
        if text.startswith("..", at):
            steps.append(_descend)
            is_definite = False
            at += 1 if text[at + 2 : at + 3] != "[" else 2
            continue
        if text[at] == "[":
            end = _closing(text, at)
            step, one = _bracket(text[at + 1 : end].strip())
            at = end + 1
        else:
            step, one, at = _dotted(text, at)
        steps.append(step)
        is_definite = is_definite and one
    return tuple(steps), is_definite


def _dotted(text: str, at: int) -> tuple[_Step, bool, int]:
    if text[at] != ".":
        raise EvaluationError(f"jsonpath: unexpected {text[at]!r} in {text!r}")
    if text.startswith(".*", at):
        return _all, False, at + 2
    name = _NAME.match(text, at + 1)
    if name is None:
        raise EvaluationError(f"jsonpath: a name is missing in {text!r}")
    return _key(name.group()), True, name.end()


def _closing(text: str, at: int) -> int:
    depth, quote = 0, ""
    for index in range(at, len(text)):
        char = text[index]
        if quote:
            quote = "" if char == quote and text[index - 1] != "\\" else quote
        elif char in "'\"":
            quote = char
        elif char == "[":
            depth += 1
        elif char == "]":
            depth -= 1
            if depth == 0:
                return index
    raise EvaluationError(f"jsonpath: missing ] in {text!r}")


def _bracket(inner: str) -> tuple[_Step, bool]:
    if inner == "*":
        return _all, False
    if inner.startswith("?"):
        return _filter(inner[1:].strip().removeprefix("(").removesuffix(")")), False
    if part := _FROM_END.match(inner):
        return _index(-int(part[1])), True
    if part := _SLICE.match(inner):
        bounds = [int(group) if group else None for group in part.groups()]
        return _slice(slice(*bounds)), False
    if _INTEGER.match(inner):
        return _index(int(inner)), True
    keys = [part.strip() for part in _outside_quotes(inner, ",")]
    if len(keys) == 1:
        return _key(_unquoted(keys[0])), True
    picks = [_index(int(key)) if _INTEGER.match(key) else _key(_unquoted(key)) for key in keys]
    return lambda value: (item for pick in picks for item in pick(value)), False


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1].replace(f"\\{text[0]}", text[0])
    return text


def _key(name: str) -> _Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, dict) and name in value:
            yield value[name]
        elif name == "length" and isinstance(value, dict | list | str):
            yield len(value)

    return step


def _index(position: int) -> _Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list) and -len(value) <= position < len(value):
            yield value[position]

    return step


def _slice(bounds: slice) -> _Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list):
            yield from value[bounds]

    return step


def _all(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from (value[key] for key in sorted(value))
    elif isinstance(value, list):
        yield from value


def _descend(value: Any) -> Iterator[Any]:
    yield value
    for inner in _all(value):
        yield from _descend(inner)


def _filter(text: str) -> _Step:
    test = _test(text)

    def step(value: Any) -> Iterator[Any]:
        items = value.values() if isinstance(value, dict) else value
        if isinstance(value, dict | list):
            yield from (item for item in items if test(item))

    return step


def _test(text: str) -> Callable[[Any], bool]:
    for mark, combine in (("||", any), ("&&", all)):
        parts = [part.strip() for part in _outside_quotes(text, mark)]
        if len(parts) > 1:
            tests = [_test(part) for part in parts]
            return lambda item: combine(test(item) for test in tests)
    if text.startswith("!"):
        inner = _test(text[1:].strip())
        return lambda item: not inner(item)
    if text.startswith("(") and text.endswith(")"):
        return _test(text[1:-1].strip())
    found = _COMPARISON.match(text)
    if found is None:
        operand = _operand(text)
        return lambda item: operand(item) is not None
    return _comparison(_operand(found.group(1)), found.group(2), _operand(found.group(3)))


def _comparison(
    left: Callable[[Any], Any], operator: str, right: Callable[[Any], Any]
) -> Callable[[Any], bool]:
    def test(item: Any) -> bool:
        one, other = left(item), right(item)
        if operator == "=~":
            return isinstance(one, str) and re.search(str(other).strip("/"), one) is not None
        if operator not in {"==", "!="} and not _are_ordered(one, other):
            return False
        return _COMPARE[operator](one, other)

    return test


def _are_ordered(one: Any, other: Any) -> bool:
    return (is_number(one) and is_number(other)) or (
        isinstance(one, str) and isinstance(other, str)
    )


def _operand(text: str) -> Callable[[Any], Any]:
    text = text.strip()
    if text.startswith("@"):
        steps, _ = _compile(text)
        return lambda item: _first(item, steps)
    literal: Any = _unquoted(text)
    if literal == text:
        literal = {"true": True, "false": False, "null": None}.get(text, text)
        if isinstance(literal, str):
            literal = _as_number(literal)
    return lambda _: literal


def _as_number(text: str) -> Any:
    try:
        return float(text) if any(mark in text for mark in ".eE") else int(text)
    except ValueError:
        return text


def _first(item: Any, steps: tuple[_Step, ...]) -> Any:
    found = [item]
    for step in steps:
        found = [inner for outer in found for inner in step(outer)]
    return found[0] if found else None


def _outside_quotes(text: str, mark: str) -> list[str]:
    parts, start, quote, depth, at = [], 0, "", 0, 0
    while at < len(text):
        char = text[at]
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif depth == 0 and text.startswith(mark, at):
            parts.append(text[start:at])
            start = at + len(mark)
            at = start
            continue
        at += 1
    return [*parts, text[start:]]
