"""A difference between two renderings for people and for machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from toolkit.report.changes import (
    GREEN,
    RED,
    YELLOW,
    Paint,
    change_lines,
    changes_document,
    painter,
)
from toolkit.report.table import printable
from toolkit.sync.comparable import masked_body
from toolkit.sync.difference import ObjectChange
from toolkit.sync.plan import Action
from toolkit.yaml import emit

_SIGNS = {Action.CREATE: ("+", GREEN), Action.UPDATE: ("~", YELLOW), Action.PRUNE: ("-", RED)}
_WORDS = {Action.CREATE: "added", Action.UPDATE: "changed", Action.PRUNE: "removed"}


def format_difference(changes: Sequence[ObjectChange], *, coloured: bool = False) -> str:
    """Each object that differs; whole, where it was added or removed."""
    paint = painter(coloured=coloured)
    lines = [line for change in changes for line in _lines(change, paint)]
    return "\n".join(lines) or "no difference"


def difference_document(target: str, changes: Sequence[ObjectChange]) -> dict[str, Any]:
    """The difference as plain values, version 1."""
    return {
        "version": 1,
        "target": target,
        "objects": [
            {
                "change": _WORDS[change.action],
                "id": str(change.id),
                "kind": change.id.kind,
                "namespace": change.id.namespace,
                "name": change.id.name,
                "fields": changes_document(change.changes),
            }
            for change in changes
        ],
    }


def _lines(change: ObjectChange, paint: Paint) -> Iterator[str]:
    sign, code = _SIGNS[change.action]
    place = f" in {change.id.namespace}" if change.id.namespace else ""
    yield paint(code, f"{sign} {change.id.short}") + place
    yield from (f"    {line}" for line in change_lines(change.changes, paint))
    if change.body is not None:
        text = emit(masked_body(change.body)).rstrip("\n").split("\n")
        yield from (paint(code, f"    {sign} {printable(line)}") for line in text)
