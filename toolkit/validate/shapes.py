"""Reads parsed YAML of any shape: schemas report wrong types, rules must survive them.

Objects are plain dicts: asking for the abstract Mapping costs a third of a validation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from toolkit.resource.field_path import FieldPath

Fields = Mapping[str, Any]
_EMPTY: Fields = {}
_MANY = 1000


def fields_of(value: object) -> Fields:
    """The object, or an empty one where ``value`` is none."""
    return value if isinstance(value, dict) else _EMPTY


def entries_of(value: object) -> Iterator[tuple[int, Fields]]:
    """The objects of a list, with their positions; anything else gives nothing."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield index, item


def text_of(value: object) -> str:
    """The text, or "" where ``value`` is none."""
    return value if isinstance(value, str) else ""


def texts_of(value: object) -> tuple[str, ...]:
    """The texts of a list; anything else gives nothing."""
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def named(value: object) -> dict[str, Fields]:
    """The objects of a list by their ``name``; the first of a name counts."""
    found: dict[str, Fields] = {}
    for _, item in entries_of(value):
        found.setdefault(text_of(item.get("name")), item)
    return found


def each_text(value: object, path: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    """Every text in a value, with its path, in the value's order."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from each_text(item, (*path, str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from each_text(item, (*path, index))


def has_tag(text: str) -> bool:
    """Whether a text holds a template tag, so that its value is known only at run time."""
    return "{{" in text


def did_you_mean(word: str, known: Iterable[str], *, otherwise: str = "") -> str:
    """A hint naming the closest known word; ``otherwise`` where none is close, or where there are
    so many that looking would take long.
    """
    words = sorted(known)
    close = get_close_matches(word, words, n=1, cutoff=0.6) if len(words) <= _MANY else []
    return f"did you mean {close[0]!r}?" if close else otherwise


def described(value: Any) -> str:
    """What a value is, in words."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, str):
        shown = value if len(value) <= 40 else value[:39] + "…"
        return f"the text {shown!r}"
    return f"the number {value}"


def listed(words: Iterable[str], *, limit: int = 8) -> str:
    """``a, b, c`` in order, cut after ``limit``; "none" where there are none."""
    every = sorted(words)
    shown = ", ".join(every[:limit])
    return f"{shown}, … ({len(every)} in all)" if len(every) > limit else shown or "none"
