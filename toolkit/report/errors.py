"""Errors as text: ``path:line:col: message``, the excerpt with a caret, ``hint:`` lines."""

from __future__ import annotations

from collections.abc import Callable

from toolkit.errors import ToolkitError

ReadLine = Callable[[str, int], str | None]


def format_error(error: ToolkitError, *, read_line: ReadLine, coloured: bool = False) -> str:
    """``read_line(path, line)`` gives the excerpt where the error carries none, or None."""
    paint = _painted if coloured else _plain
    lines = [paint("1;31", "error: ") + str(error)]
    lines += [f"  {line}" for line in _excerpt(error, read_line)]
    lines += [paint("1;36", "hint: ") + hint for hint in error.hints]
    return "\n".join(lines)


def _excerpt(error: ToolkitError, read_line: ReadLine) -> list[str]:
    location = error.location
    if location is None or not location.line:
        return [error.excerpt] if error.excerpt else []
    text = error.excerpt if error.excerpt is not None else read_line(location.path, location.line)
    if text is None:
        return []
    number = f"{location.line:>5} | "
    lines = [number + text]
    if location.column:
        lines.append(" " * (len(number) + location.column - 1) + "^")
    return lines


def _painted(code: str, text: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m"


def _plain(code: str, text: str) -> str:  # noqa: ARG001 - same shape as _painted
    return text
