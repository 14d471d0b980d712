"""Rows as aligned columns, as kubectl prints them."""

from __future__ import annotations

from collections.abc import Sequence

_GAP = "   "


def format_table(rows: Sequence[Sequence[str]]) -> str:
    """The first row is the heading. Control characters in cells are made visible."""
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = (
        _GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(lines)


def printable(text: str) -> str:
    """One line that cannot move a terminal's cursor or colour it, whoever wrote it."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)
