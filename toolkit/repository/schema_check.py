"""Checks a value against gitops.schema.json, with messages for people.

It knows the part of JSON Schema that our own schema uses and refuses any other keyword, so that a
schema it cannot hold fails in the tests. The library for schemas takes a quarter of a second to
import, which every verb would pay; the tests hold both to the same verdicts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from toolkit.resource.field_path import FieldPath
from toolkit.workflow.retention.retention import UNLIMITED, parse_age, parse_size

Schema = Mapping[str, Any]
_TYPES: dict[str, tuple[type, str]] = {
    "object": (dict, "a mapping"),
    "array": (list, "a list"),
    "string": (str, "text"),
    "boolean": (bool, "true or false"),
    "integer": (int, "a whole number"),
}
_ANNOTATIONS = {"$schema", "title", "description", "default", "definitions"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong. ``is_key``: with the last key of ``path`` itself, not with its value."""

    path: FieldPath
    message: str
    hint: str = ""
    is_key: bool = False


def problems(value: Any, schema: Schema) -> tuple[Problem, ...]:
    """Everything wrong with ``value``, outermost first."""
    return tuple(_Check(schema).problems(value, schema, ()))


class _Check:
    """``root`` holds the definitions that ``$ref`` names."""

    def __init__(self, root: Schema) -> None:
        self._root = root

    def problems(self, value: Any, schema: Schema, path: FieldPath) -> Iterator[Problem]:
        if "$ref" in schema:
            name = schema["$ref"].removeprefix("#/definitions/")
            schema = self._root["definitions"][name]
        kind, expected = _TYPES[schema["type"]] if "type" in schema else (object, "")
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
            hint = 'put it in quotes: "…"' if kind is str and _is_scalar(value) else ""
            yield Problem(path, f"expected {expected}, found {_described(value)}", hint)
            return
        for keyword, argument in schema.items():
            if keyword == "type" or keyword in _ANNOTATIONS:
                continue
            if keyword in _RULES:
                yield from _RULES[keyword](value, argument, path)
            else:
                yield from self._inside(keyword, value, schema, path)

    def _inside(
        self, keyword: str, value: Any, schema: Schema, path: FieldPath
    ) -> Iterator[Problem]:
        argument = schema[keyword]
        if keyword == "items":
            for index, item in enumerate(value):
                yield from self.problems(item, argument, (*path, index))
        elif keyword == "properties":
            for name in argument.keys() & value.keys():
                yield from self.problems(value[name], argument[name], (*path, name))
        elif keyword == "additionalProperties":
            known = schema.get("properties", {})
            for name in value.keys() - known.keys():
                if argument is False:
                    yield _unknown(name, known, path)
                else:
                    yield from self.problems(value[name], argument, (*path, name))
        else:
            raise ValueError(f"the schema keyword {keyword!r} is not supported here")


def _unknown(name: str, known: Mapping[str, Any], path: FieldPath) -> Problem:
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known))}"
    return Problem((*path, name), f"unknown field {name!r}", hint, is_key=True)


def _required(value: Any, names: list[str], path: FieldPath) -> Iterator[Problem]:
    for name in names:
        if name not in value:
            yield Problem(path, f"{name!r} is missing", is_key=True)


def _enum(value: Any, allowed: list[Any], path: FieldPath) -> Iterator[Problem]:
    if value in allowed:
        return
    close = get_close_matches(str(value), allowed, n=1)
    hint = f"did you mean {close[0]!r}?" if close else ""
    yield Problem(path, f"expected {' or '.join(allowed)}, found {_described(value)}", hint)


def _pattern(value: str, pattern: str, path: FieldPath) -> Iterator[Problem]:
    if not re.search(pattern, value):
        hint = "lower case letters, digits and '-', at most 63, no '-' at either end"
        yield Problem(path, f"{value!r} is no name that Kubernetes takes", hint)


def _names(value: Mapping[str, Any], schema: Schema, path: FieldPath) -> Iterator[Problem]:
    for name in value:
        for problem in _pattern(name, schema["pattern"], (*path, name)):
            yield Problem(problem.path, problem.message, problem.hint, is_key=True)


def _at_least(size: Callable[[Any], int], what: str) -> Rule:
    def check(value: Any, least: int, path: FieldPath) -> Iterator[Problem]:
        if size(value) < least:
            yield Problem(path, what)

    return check


def _minimum(value: int, least: int, path: FieldPath) -> Iterator[Problem]:
    if value < least:
        yield Problem(path, f"expected {least} or more, found {value}")


def _maximum(value: int, most: int, path: FieldPath) -> Iterator[Problem]:
    if value > most:
        yield Problem(path, f"expected {most} or less, found {value}")


def _format(value: Any, name: str, path: FieldPath) -> Iterator[Problem]:
    read, expected = _FORMATS[name]
    try:
        read(value)
    except ValueError:
        yield Problem(path, f"expected {expected}, found {_described(value)}")


def _count(value: Any) -> None:
    if str(value) != UNLIMITED and not str(value).isdecimal():
        raise ValueError("no count")


_FORMATS: dict[str, tuple[Callable[[Any], object], str]] = {
    "age": (parse_age, "an age as 30d, 2w or 36h, or none"),
    "size": (parse_size, "a size as 500MB or 10GiB, or none"),
    "count": (_count, "a number, or none"),
}
Rule = Callable[[Any, Any, FieldPath], Iterator[Problem]]
_RULES: dict[str, Rule] = {
    "required": _required,
    "enum": _enum,
    "pattern": _pattern,
    "format": _format,
    "propertyNames": _names,
    "minProperties": _at_least(len, "expected at least one entry, found none"),
    "minItems": _at_least(len, "expected at least one entry, found none"),
    "minLength": _at_least(len, "expected text, found none"),
    "minimum": _minimum,
    "maximum": _maximum,
}


def _is_scalar(value: Any) -> bool:
    return value is not None and not isinstance(value, dict | list)


def _described(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return repr(value)
