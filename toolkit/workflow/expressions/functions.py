"""expr-lang's built-in functions, and the ones Argo adds (asInt, asFloat, jsonpath, toJson)."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
import statistics
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cmp_to_key
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from toolkit.workflow.expressions.jsonpath import query
from toolkit.workflow.expressions.locate import EvaluationError
from toolkit.workflow.expressions.values import (
    elements,
    go_layout_to_python,
    go_text,
    is_number,
    is_same,
    json_text,
    kind,
)
from toolkit.workflow.spans import parse_go_duration

Predicate = Callable[..., Any] | None
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")


def _int(value: Any) -> int:
    if isinstance(value, str):
        if _INTEGER.fullmatch(value) is None:
            raise EvaluationError(f"invalid operation: int({value})")
        return int(value)
    if is_number(value):
        return int(value)
    raise EvaluationError(f"invalid argument for int (type {kind(value)})")


def _float(value: Any) -> float:
    if isinstance(value, str):
        if value != value.strip():
            raise EvaluationError(f"invalid operation: float({value})")
        try:
            return float(value)
        except ValueError as error:
            raise EvaluationError(f"invalid operation: float({value})") from error
    if is_number(value):
        return float(value)
    raise EvaluationError(f"invalid argument for float (type {kind(value)})")


def _length(value: Any) -> int:
    if isinstance(value, str | list | dict):
        return len(value)
    raise EvaluationError(f"invalid argument for len (type {kind(value)})")


def _type(value: Any) -> str:
    names = {
        "float64": "float", "[]interface {}": "array", "map[string]interface {}": "map",
        "time.Time": "time.Time", "time.Duration": "time.Duration",
    }  # fmt: skip
    return names.get(kind(value), kind(value))


def _from_json(text: str) -> Any:
    try:
        return json.loads(text, parse_int=float)
    except ValueError as error:
        raise EvaluationError(f"fromJSON: {error}") from error


def to_base64(text: str) -> str:
    """Standard base64 with padding."""
    return base64.b64encode(text.encode()).decode()


def from_base64(text: str) -> str:
    """The text behind standard base64. Raises EvaluationError."""
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except binascii.Error as error:
        raise EvaluationError(f"illegal base64 data: {error}") from error


def _round(value: float) -> float:
    return float(math.copysign(math.floor(abs(value) + 0.5), value))


def _numbers(values: tuple[Any, ...]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if isinstance(value, list):
            found.extend(_numbers(tuple(value)))
        elif is_number(value):
            found.append(value)
        else:
            raise EvaluationError(f"invalid argument (type {kind(value)})")
    return found


def _extreme(choose: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    def run(*values: Any) -> Any:
        numbers = _numbers(values)
        return choose(numbers) if numbers else None

    return run


def _split(text: str, separator: str, limit: int = -1) -> list[str]:
    if limit == 0:
        return []
    if not separator:
        return list(text)
    return text.split(separator, limit - 1 if limit > 0 else -1)


def _split_after(text: str, separator: str, limit: int = -1) -> list[str]:
    parts = _split(text, separator, limit)
    return [part + separator for part in parts[:-1]] + parts[-1:]


def _replace(text: str, old: str, new: str, count: int = -1) -> str:
    return text.replace(old, new, count)


def _repeat(text: str, count: int) -> str:
    if count < 0:
        raise EvaluationError(
            f"invalid argument for repeat (expected positive integer, got {count})"
        )
    if len(text) * count > 1_000_000:
        raise EvaluationError("memory budget exceeded")
    return text * count


def _join(items: list[Any], separator: str = "") -> str:
    if not all(isinstance(item, str) for item in items):
        raise EvaluationError("invalid argument for join (array of string expected)")
    return separator.join(items)


def _concat(*lists: Any) -> list[Any]:
    joined: list[Any] = []
    for items in lists:
        if not isinstance(items, list):
            raise EvaluationError(f"cannot concat {kind(items)}")
        joined.extend(items)
    return joined


def _flatten(items: list[Any]) -> list[Any]:
    flat: list[Any] = []
    for item in items:
        flat.extend(_flatten(item) if isinstance(item, list) else [item])
    return flat


def _uniq(items: list[Any]) -> list[Any]:
    kept: list[Any] = []
    for item in items:
        if not any(is_same(item, other) for other in kept):
            kept.append(item)
    return kept


def _get(target: Any, key: Any) -> Any:
    if isinstance(target, dict):
        return target.get(key)
    items = elements(target) if isinstance(target, list | str) and isinstance(key, int) else []
    return items[key] if -len(items) <= key < len(items) else None


def _end(position: int) -> Callable[[Any], Any]:
    """The first or the last element; None where there is none."""

    def run(value: Any) -> Any:
        items = elements(value) if isinstance(value, list | str) else []
        return items[position] if items else None

    return run


def _take(items: list[Any], count: int) -> list[Any]:
    if count < 0:
        raise EvaluationError(f"cannot take {count} elements")
    return items[:count]


def _order(left: Any, right: Any) -> int:
    if (is_number(left) and is_number(right)) or (
        type(left) is type(right) and isinstance(left, str | datetime | timedelta)
    ):
        return int(left > right) - int(left < right)
    raise EvaluationError(f"cannot compare {kind(left)} and {kind(right)}")


def _is_descending(direction: str) -> bool:
    if direction not in {"asc", "desc"}:
        raise EvaluationError(f"invalid order {direction}, expected asc or desc")
    return direction == "desc"


def _sort(items: list[Any], direction: str = "asc") -> list[Any]:
    return sorted(items, key=cmp_to_key(_order), reverse=_is_descending(direction))


def _date(text: Any, layout: str = "", zone: str = "UTC") -> datetime:
    if isinstance(text, datetime):
        return text
    try:
        if layout and layout != "RFC3339":
            parsed = datetime.strptime(text, go_layout_to_python(layout))  # noqa: DTZ007
        else:
            parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise EvaluationError(f"invalid date {text}") from error
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=to_zone(zone))


def to_zone(name: str) -> ZoneInfo:
    """By its IANA name. Raises EvaluationError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise EvaluationError(f"unknown time zone {name}") from error


def _duration(text: str) -> timedelta:
    try:
        return parse_go_duration(text)
    except ValueError as error:
        raise EvaluationError(str(error)) from error


def jsonpath(text: str, path: str) -> Any:
    """Argo's ``jsonpath(json, path)``. Numbers are floats, as Go reads them."""
    try:
        value = json.loads(text, parse_int=float)
    except (ValueError, TypeError) as error:
        raise EvaluationError(f"jsonpath: {error}") from error
    return query(value, path)


def _bits(compute: Callable[[int, int], int]) -> Callable[[int, int], int]:
    return compute


BUILTINS: Final[Mapping[str, Callable[..., Any]]] = {
    "abs": abs,
    "asFloat": _float,
    "asInt": _int,
    "bitand": _bits(lambda left, right: left & right),
    "bitnand": _bits(lambda left, right: left & ~right),
    "bitnot": lambda value: ~value,
    "bitor": _bits(lambda left, right: left | right),
    "bitshl": _bits(lambda left, right: left << min(right, 63)),
    "bitshr": _bits(lambda left, right: left >> right),
    "bitushr": _bits(lambda left, right: (left & 0xFFFFFFFFFFFFFFFF) >> right),
    "bitxor": _bits(lambda left, right: left ^ right),
    "ceil": lambda value: float(math.ceil(value)),
    "concat": _concat,
    "date": _date,
    "duration": _duration,
    "first": _end(0),
    "flatten": _flatten,
    "float": _float,
    "floor": lambda value: float(math.floor(value)),
    "fromBase64": from_base64,
    "fromJSON": _from_json,
    "fromPairs": lambda pairs: {str(key): value for key, value in pairs},
    "get": _get,
    "hasPrefix": str.startswith,
    "hasSuffix": str.endswith,
    "indexOf": lambda text, part: text.encode().find(part.encode()),
    "int": _int,
    "join": _join,
    "jsonpath": jsonpath,
    "keys": sorted,
    "last": _end(-1),
    "lastIndexOf": lambda text, part: text.encode().rfind(part.encode()),
    "len": _length,
    "lower": str.lower,
    "max": _extreme(max),
    "mean": lambda *values: float(statistics.fmean(_numbers(values) or [0])),
    "median": lambda *values: float(statistics.median(_numbers(values) or [0])),
    "min": _extreme(min),
    "repeat": _repeat,
    "replace": _replace,
    "reverse": lambda items: list(reversed(items)),
    "round": _round,
    "sort": _sort,
    "split": _split,
    "splitAfter": _split_after,
    "string": go_text,
    "take": _take,
    "timezone": to_zone,
    "toBase64": to_base64,
    "toJSON": lambda value: json_text(value, indent=2),
    "toJson": json_text,
    "toPairs": lambda pairs: [[key, pairs[key]] for key in sorted(pairs)],
    "trim": lambda text, chars=None: text.strip(chars),
    "trimPrefix": lambda text, prefix=" ": text.removeprefix(prefix),
    "trimSuffix": lambda text, suffix=" ": text.removesuffix(suffix),
    "type": _type,
    "uniq": _uniq,
    "upper": str.upper,
    "values": lambda pairs: [pairs[key] for key in sorted(pairs)],
}


def _indexes(items: list[Any], predicate: Predicate) -> list[int]:
    if predicate is None:
        return [index for index, item in enumerate(items) if _true(item)]
    return [index for index, item in enumerate(items) if _true(predicate(item, index))]


def _true(value: Any) -> bool:
    if not isinstance(value, bool):
        raise EvaluationError(f"predicate should return boolean (got {kind(value)})")
    return value


def _mapped(items: list[Any], predicate: Predicate) -> list[Any]:
    if predicate is None:
        return items
    return [predicate(item, index) for index, item in enumerate(items)]


def _position(found: list[int], which: int) -> int | None:
    return found[which] if found else None


def _one_of(items: Any, found: list[int], which: int) -> Any:
    return items[found[which]] if found else None


def _group_by(items: Any, predicate: Predicate) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for item, key in zip(items, _mapped(items, predicate), strict=True):
        if isinstance(key, list | dict):
            raise EvaluationError(f"cannot group by {kind(key)}")
        groups.setdefault(go_text(key), []).append(item)
    return groups


def _sort_by(items: Any, predicate: Predicate, direction: str = "asc") -> list[Any]:
    pairs = list(zip(_mapped(items, predicate), items, strict=True))
    by_key = cmp_to_key(_order)
    pairs.sort(key=lambda pair: by_key(pair[0]), reverse=_is_descending(direction))
    return [item for _, item in pairs]


def _reduce(items: Any, predicate: Predicate, *initial: Any) -> Any:
    if predicate is None:
        raise EvaluationError("not enough arguments to call reduce")
    pending = list(items)
    if not pending and not initial:
        raise EvaluationError("reduce of empty array with no initial value")
    accumulated = initial[0] if initial else pending[0]
    skipped = 0 if initial else 1
    for index, item in enumerate(pending[skipped:], skipped):
        accumulated = predicate(item, index, accumulated)
    return accumulated


def _sum(items: list[Any]) -> Any:
    for item in items:
        if not is_number(item):
            raise EvaluationError(f"invalid operation: {kind(item)} + int")
    return sum(items)


PREDICATE_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "all": lambda items, predicate: len(_indexes(items, predicate)) == len(items),
    "any": lambda items, predicate: bool(_indexes(items, predicate)),
    "count": lambda items, predicate: len(_indexes(items, predicate)),
    "filter": lambda items, predicate: [items[index] for index in _indexes(items, predicate)],
    "find": lambda items, predicate: _one_of(items, _indexes(items, predicate), 0),
    "findIndex": lambda items, predicate: _position(_indexes(items, predicate), 0),
    "findLast": lambda items, predicate: _one_of(items, _indexes(items, predicate), -1),
    "findLastIndex": lambda items, predicate: _position(_indexes(items, predicate), -1),
    "groupBy": _group_by,
    "map": _mapped,
    "none": lambda items, predicate: not _indexes(items, predicate),
    "one": lambda items, predicate: len(_indexes(items, predicate)) == 1,
    "reduce": _reduce,
    "sortBy": _sort_by,
    "sum": lambda items, predicate: _sum(_mapped(items, predicate)),
}
