"""Selectors of labels and annotations, as Kubernetes writes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from toolkit.errors import BuildError

Labels = Mapping[str, str]
Requirement = Callable[[Labels], bool]

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_KEY = rf"(?:(?=[^/]{{1,253}}/){_LABEL}(?:\.{_LABEL})*/)?{_NAME}"
_VALUE = rf"(?:{_NAME})?"
_SET = re.compile(rf"\s*({_KEY})\s+(in|notin)\s*\(((?:\s*{_VALUE}\s*,)*\s*{_VALUE}\s*)\)\s*\Z")
_COMPARED = re.compile(rf"\s*({_KEY})\s*(==|=|!=|>|<)\s*({_VALUE})\s*\Z")
_EXISTS = re.compile(rf"\s*(!?)\s*({_KEY})\s*\Z")
_WHOLE = re.compile(r"[0-9]+\Z")


def parse_label_selector(text: str) -> tuple[Requirement, ...]:
    """``a=b, c!=d, e in (f, g), h, !i``: all must hold. Raises BuildError."""
    if not text.strip():
        return ()
    return tuple(_requirement(part, text) for part in re.split(r",(?![^(]*\))", text))


def _requirement(part: str, text: str) -> Requirement:
    if match := _SET.match(part):
        return _in_set(match[1], frozenset(map(str.strip, match[3].split(","))), match[2])
    match = _COMPARED.match(part)
    if match and (match[2] not in "<>" or _WHOLE.match(match[3])):
        return _compared(match[1], match[2], match[3])
    if match := _EXISTS.match(part):
        return _exists(match[2], is_wanted=not match[1])
    raise BuildError(
        f"{text!r} is no label selector",
        hints=["write them as app=web, tier!=test, stage in (a, b), name, !name"],
    )


def _in_set(key: str, values: frozenset[str], operator: str) -> Requirement:
    if operator == "in":
        return lambda labels: labels.get(key) in values
    return lambda labels: labels.get(key) not in values


def _compared(key: str, operator: str, value: str) -> Requirement:
    if operator == "!=":
        return lambda labels: labels.get(key) != value
    if operator in (">", "<"):
        return lambda labels: _is_beyond(labels.get(key, ""), operator, value)
    return lambda labels: labels.get(key) == value


def _is_beyond(text: str, operator: str, limit: str) -> bool:
    try:
        return int(text) > int(limit) if operator == ">" else int(text) < int(limit)
    except ValueError:
        return False


def _exists(key: str, *, is_wanted: bool) -> Requirement:
    return lambda labels: (key in labels) is is_wanted
