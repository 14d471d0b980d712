"""Label and field selectors: parsed once, matched often."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from toolkit.errors import BadRequestError
from toolkit.resource.resource import Body

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
_KEY = rf"(?:[a-z0-9](?:[a-z0-9.-]{{0,251}}[a-z0-9])?/)?{_NAME}"
_VALUE = rf"(?:{_NAME})?"
_SET = re.compile(rf"\s*({_KEY})\s+(in|notin)\s*\(([^()]*)\)\s*")
_EXISTS = re.compile(rf"\s*(!?)\s*({_KEY})\s*")
_EQUAL = re.compile(rf"\s*({_KEY})\s*(==|=|!=)\s*({_VALUE})\s*")
_ORDER = re.compile(rf"\s*({_KEY})\s*([<>])\s*(-?\d+)\s*")
_WHOLE_VALUE = re.compile(_VALUE)
_FIELD = re.compile(r"((?:\\.|[^\\=!])+?)(==|=|!=)((?:\\.|[^\\])*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Requirement:
    """``operator``: in, notin, exists, absent, > or <."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        match self.operator:
            case "in":
                return value in self.values
            case "notin":
                return value not in self.values
            case "exists":
                return value is not None
            case "absent":
                return value is None
            case _:
                return self._compares(value)

    def _compares(self, value: str | None) -> bool:
        if value is None or not value.lstrip("-").isdigit():
            return False
        bound = int(self.values[0])
        return int(value) > bound if self.operator == ">" else int(value) < bound


@dataclass(frozen=True, slots=True)
class Selector:
    """Both selectors of a request. ``fields``: (path, wanted value, is equal)."""

    labels: tuple[Requirement, ...] = ()
    fields: tuple[tuple[tuple[str, ...], str, bool], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.labels or self.fields)

    def matches(self, body: Body) -> bool:
        labels = (body.get("metadata") or {}).get("labels") or {}
        return all(requirement.matches(labels) for requirement in self.labels) and all(
            (_field(body, path) == wanted) is is_equal for path, wanted, is_equal in self.fields
        )

    @property
    def exact_labels(self) -> dict[str, str]:
        """Labels that every match carries, for the store's index."""
        return {
            requirement.key: requirement.values[0]
            for requirement in self.labels
            if requirement.operator == "in" and len(requirement.values) == 1
        }


EVERYTHING = Selector()


def parse_selector(label_selector: str = "", field_selector: str = "") -> Selector:
    """Raises BadRequestError for text that is no selector."""
    return Selector(
        tuple(_requirement(term) for term in _split(label_selector)),
        tuple(_field_term(term) for term in _split(field_selector)),
    )


def _split(text: str) -> Iterator[str]:
    """At commas outside parentheses, and not escaped by a backslash."""
    term, depth, is_escaped = "", 0, False
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth <= 0 and not is_escaped:
            yield term
            term = ""
            continue
        is_escaped = character == "\\" and not is_escaped
        term += character
    if term.strip() or text.strip():
        yield term


def _requirement(term: str) -> Requirement:
    if found := _SET.fullmatch(term):
        values = tuple(value.strip() for value in found[3].split(","))
        if all(_WHOLE_VALUE.fullmatch(value) for value in values):
            return Requirement(found[1], found[2], values)
    if found := _EQUAL.fullmatch(term):
        return Requirement(found[1], "notin" if found[2] == "!=" else "in", (found[3],))
    if found := _ORDER.fullmatch(term):
        return Requirement(found[1], found[2], (found[3],))
    if found := _EXISTS.fullmatch(term):
        return Requirement(found[2], "absent" if found[1] else "exists")
    raise BadRequestError(f"unable to parse requirement: {term.strip()!r} in a label selector")


def _field_term(term: str) -> tuple[tuple[str, ...], str, bool]:
    found = _FIELD.fullmatch(term.strip())
    if not found:
        raise BadRequestError(f"invalid field selector: {term.strip()!r}")
    wanted = re.sub(r"\\(.)", r"\1", found[3])
    return tuple(found[1].split(".")), wanted, found[2] != "!="


def _field(body: Any, path: tuple[str, ...]) -> str:
    for part in path:
        body = body.get(part) if isinstance(body, Mapping) else None
    if isinstance(body, bool):
        return str(body).lower()
    return "" if body is None else str(body)
