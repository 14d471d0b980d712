"""What expr-lang's built-in functions take and give, as its compiler checks it.

A signature is the kinds of the arguments and the kind of the result: ``?`` marks one that may be
left out, ``*`` one that may come any number of times; ``|`` stands between kinds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final, NamedTuple

from toolkit.workflow.expressions.locate import EvaluationError
from toolkit.workflow.expressions.values import (
    is_number,
    kind,
)

ANY: Final = "any"
_TEXTS: Final = {
    "abs": ("number", "number"),
    "asFloat": ("any", "any"),
    "asInt": ("any", "any"),
    "bitand": ("int int", "int"),
    "bitnand": ("int int", "int"),
    "bitnot": ("int", "int"),
    "bitor": ("int int", "int"),
    "bitshl": ("int int", "int"),
    "bitshr": ("int int", "int"),
    "bitushr": ("int int", "int"),
    "bitxor": ("int int", "int"),
    "ceil": ("number", "float"),
    "concat": ("array array*", "array"),
    "date": ("string|time string? string|zone?", "time"),
    "duration": ("string", "duration"),
    "first": ("any", "any"),
    "flatten": ("array", "array"),
    "float": ("number|string", "float"),
    "floor": ("number", "float"),
    "fromBase64": ("string", "string"),
    "fromJSON": ("string", "any"),
    "fromPairs": ("array", "map"),
    "get": ("any any", "any"),
    "hasPrefix": ("string string", "bool"),
    "hasSuffix": ("string string", "bool"),
    "indexOf": ("string string", "int"),
    "int": ("number|string", "int"),
    "join": ("array string?", "string"),
    "jsonpath": ("string string", "any"),
    "keys": ("map", "array"),
    "last": ("any", "any"),
    "lastIndexOf": ("string string", "int"),
    "len": ("array|map|string", "int"),
    "lower": ("string", "string"),
    "max": ("number|array number|array*", "any"),
    "mean": ("number|array number|array*", "any"),
    "median": ("number|array number|array*", "any"),
    "min": ("number|array number|array*", "any"),
    "now": ("", "time"),
    "repeat": ("string int", "string"),
    "replace": ("string string string int?", "string"),
    "reverse": ("array", "array"),
    "round": ("number", "float"),
    "sort": ("array string?", "array"),
    "split": ("string string int?", "array"),
    "splitAfter": ("string string int?", "array"),
    "string": ("any", "string"),
    "take": ("array int", "array"),
    "timezone": ("string", "zone"),
    "toBase64": ("string", "string"),
    "toJSON": ("any", "string"),
    "toJson": ("any", "string"),
    "toPairs": ("map", "array"),
    "trim": ("string string?", "string"),
    "trimPrefix": ("string string?", "string"),
    "trimSuffix": ("string string?", "string"),
    "type": ("any", "string"),
    "uniq": ("array", "array"),
    "upper": ("string", "string"),
    "values": ("map", "array"),
    # These take a predicate second, which the caller checks.
    "all": ("array|string", "bool"),
    "any": ("array|string", "bool"),
    "count": ("array|string", "int"),
    "filter": ("array|string", "array"),
    "find": ("array|string", "any"),
    "findIndex": ("array|string", "any"),
    "findLast": ("array|string", "any"),
    "findLastIndex": ("array|string", "any"),
    "groupBy": ("array|string", "map"),
    "map": ("array|string", "array"),
    "none": ("array|string", "bool"),
    "one": ("array|string", "bool"),
    "reduce": ("array|string", "any"),
    "sortBy": ("array|string", "array"),
    "sum": ("array|string", "any"),
}


class Signature(NamedTuple):
    """``least`` arguments must be there; the last kind goes on for ever where it ``repeats``."""

    kinds: tuple[frozenset[str], ...]
    least: int
    repeats: bool
    result: str

    def most(self) -> float:
        """How many arguments there may be."""
        return float("inf") if self.repeats else len(self.kinds)

    def wanted(self, position: int) -> frozenset[str]:
        """The kinds for the argument at a position."""
        return self.kinds[min(position, len(self.kinds) - 1)]


def _read(arguments: str, result: str) -> Signature:
    words = arguments.split()
    kinds = tuple(frozenset(word.rstrip("?*").split("|")) for word in words)
    least = sum(word[-1] not in "?*" for word in words)
    return Signature(kinds, least, arguments.endswith("*"), result)


SIGNATURES: Final[Mapping[str, Signature]] = {name: _read(*texts) for name, texts in _TEXTS.items()}


def check_count(name: str, given: int, *, is_predicate: bool = False) -> None:
    """Raises EvaluationError where a function gets too few or too many arguments."""
    signature = SIGNATURES[name]
    least = signature.least + (is_predicate and name not in _BARE)
    most = signature.most() + 2 * is_predicate
    if given < least:
        raise EvaluationError(f"not enough arguments to call {name}")
    if given > most:
        raise EvaluationError(f"too many arguments to call {name}")


_BARE: Final = frozenset({"count", "sum"})
"""Predicate functions that do without a predicate."""


def check_values(name: str, values: Sequence[Any]) -> None:
    """Raises EvaluationError where a function does not take these values."""
    signature = SIGNATURES[name]
    for position, value in enumerate(values[: None if signature.repeats else len(signature.kinds)]):
        if not fits(static_kind(value), signature.wanted(position)):
            raise EvaluationError(f"invalid argument for {name} (type {kind(value)})")


def fits(given: str, wanted: frozenset[str]) -> bool:
    """Whether a value of kind ``given`` may stand where ``wanted`` may: ``any`` is not known."""
    if ANY in wanted or given == ANY or given in wanted:
        return True
    return given in {"int", "float"} and "number" in wanted


def static_kind(value: Any) -> str:
    """The kind of a value, in the words of signatures."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "bool"
    if is_number(value):
        return "int" if isinstance(value, int) else "float"
    for type_, name in _KINDS:
        if isinstance(value, type_):
            return name
    return "map" if hasattr(value, "member") else ANY


_KINDS: Final = (
    (str, "string"),
    (list, "array"),
    (dict, "map"),
    (datetime, "time"),
    (timedelta, "duration"),
    (tzinfo, "zone"),
)
