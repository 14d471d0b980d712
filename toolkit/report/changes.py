"""Field changes as lines of text, and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from difflib import unified_diff
from typing import Any

from toolkit.report.table import printable
from toolkit.resource.diff import ABSENT, FieldChange
from toolkit.resource.field_path import format_path
from toolkit.yaml import emit

Paint = Callable[[str, str], str]
_LONGEST_ON_A_LINE = 72
RED, GREEN, YELLOW, CYAN, BOLD, FAINT = "31", "32", "33", "36", "1", "2"


def painter(*, coloured: bool) -> Paint:
    """Puts a colour around a text, or does not."""
    return (lambda code, text: f"\x1b[{code}m{text}\x1b[0m") if coloured else (lambda _, text: text)


def change_lines(changes: Sequence[FieldChange], paint: Paint) -> Iterator[str]:
    """``path: old → new`` where both are short, else the path and the values below it."""
    for change in changes:
        path = format_path(change.path)
        old, new = _shown(change.old), _shown(change.new)
        if change.old is ABSENT:
            yield from _one_sided(path, new, "+", GREEN, paint)
        elif change.new is ABSENT:
            yield from _one_sided(path, old, "-", RED, paint)
        elif len(old) == len(new) == 1 and len(old[0]) + len(new[0]) <= _LONGEST_ON_A_LINE:
            yield f"{path}: {paint(RED, old[0])} → {paint(GREEN, new[0])}"
        else:
            yield f"{path}:"
            yield from _two_sided(old, new, paint)


def changes_document(changes: Sequence[FieldChange]) -> list[dict[str, Any]]:
    """``old`` or ``new`` is missing where the field was or is not there."""
    return [_change_document(change) for change in changes]


def _change_document(change: FieldChange) -> dict[str, Any]:
    document: dict[str, Any] = {"path": format_path(change.path)}
    if change.old is not ABSENT:
        document["old"] = change.old
    if change.new is not ABSENT:
        document["new"] = change.new
    return document


def _one_sided(path: str, value: list[str], sign: str, code: str, paint: Paint) -> Iterator[str]:
    if len(value) == 1:
        yield paint(code, f"{sign} {path}: {value[0]}")
        return
    yield paint(code, f"{sign} {path}:")
    yield from (paint(code, f"    {line}") for line in value)


def _two_sided(old: list[str], new: list[str], paint: Paint) -> Iterator[str]:
    """Long texts as a difference of their lines, with one line around each change."""
    codes = {"-": RED, "+": GREEN, "@": CYAN}
    for line in list(unified_diff(old, new, n=1, lineterm=""))[2:]:
        sign, text = line[0], line[1:]
        shown = f"  {sign} {text}".rstrip() if sign != "@" else f"  {line}"
        yield paint(codes[sign], shown) if sign in codes else shown


def _shown(value: Any) -> list[str]:
    """As YAML, so that text and number look different; control characters stay escaped there."""
    if value is ABSENT:
        return []
    if isinstance(value, str) and "\n" in value:
        return [printable(line) for line in value.split("\n")]
    return [printable(line) for line in emit(value).rstrip("\n").split("\n")]
