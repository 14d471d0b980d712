"""libyaml's complaints in words that help."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from toolkit.errors import YamlError
from toolkit.source import Location
from toolkit.yaml.text import line_of

_INDENT_HINT: Final = "Lines of one mapping or list start in the same column; compare with {block}."
_QUOTE_HINT: Final = "Text that starts with {char} must stand in quotes."

_RULES: Final[tuple[tuple[str, str, str], ...]] = (
    # libyaml's problem, our message ("" keeps theirs), our hint
    (
        r"found a tab character",
        "a tab cannot indent a line",
        "Indent with spaces.",
    ),
    (
        r"found unexpected end of stream",
        "the quote opened here is never closed",
        "Close it, or double it inside the text ('it''s').",
    ),
    (
        r"found unexpected document indicator",
        "the quote opened here is not closed before '---'",
        "Close it, or double it inside the text ('it''s').",
    ),
    (
        r"mapping values are not allowed",
        "a ': ' here makes a second mapping on one line",
        "Put a value that contains ': ' in quotes; or the line is indented too far.",
    ),
    (
        r"could not find expected ':'",
        "this key has no ':' after it",
        "Write 'key: value'; text of several lines needs '|', or deeper indentation.",
    ),
    (r"did not find expected key", "this line does not fit the mapping around it", _INDENT_HINT),
    (
        r"did not find expected '-' indicator",
        "this line does not fit the list around it",
        _INDENT_HINT,
    ),
    (r"expected ',' or '\]'", "the '[' list is not closed", "Close it with ']'."),
    (r"expected ',' or '\}'", "the '{' mapping is not closed", "Close it with '}'."),
    (
        r"unknown escape character",
        "",
        "Inside \"…\" a backslash starts an escape: double it, or use '…'.",
    ),
    (r"found character (?:.* )?that cannot start any token", "", _QUOTE_HINT),
    (
        r"did not find expected alphabetic or numeric character",
        "'*' and '&' start an alias or an anchor",
        "Text that starts with them must stand in quotes.",
    ),
    (
        r"did not find expected <document start>",
        "something stands after the end of the document",
        "Start another document with '---', or indent the line like the first.",
    ),
    (r"block sequence entries are not allowed", "a '- ' cannot stand here", "Start a new line."),
    (r"expected node content", "a value is missing here", "Is a '[' or '{' above not closed?"),
    (r"max nesting level", "nested too deep", ""),
    (r"control characters are not allowed|special characters", "", "Remove the character."),
    (
        r"did not find the expected '>'|undefined tag handle",
        "",
        "Text that starts with '!' must stand in quotes.",
    ),
)


def explain(error: yaml.YAMLError, text: str, path: str) -> YamlError:
    """The same complaint as our error, at the place that needs the edit."""
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    message, hint = _words_for(problem)
    line, column = _place(error, message, text)
    excerpt = line_of(text, line)
    char = (excerpt or "")[column - 1 : column]
    if char == "\t":
        message, hint = "a tab cannot indent a line", "Indent with spaces."
    hint = hint.replace("{block}", _block_of(error)).replace("{char}", repr(char))
    return YamlError(
        message or problem,
        location=Location(path, line, column),
        excerpt=excerpt,
        hints=(hint,) if hint else (),
    )


def _words_for(problem: str) -> tuple[str, str]:
    for pattern, message, hint in _RULES:
        if re.search(pattern, problem):
            return message, hint
    return "", ""


def _place(error: Any, message: str, text: str) -> tuple[int, int]:
    """Where the quote, list or mapping opened, for one that never closes; else the problem."""
    context, problem = getattr(error, "context_mark", None), getattr(error, "problem_mark", None)
    opened = "quote opened" in message or "is not closed" in message
    mark = context if opened and context is not None else problem or context
    if mark is not None:
        return mark.line + 1, mark.column + 1
    return _place_at(text, getattr(error, "position", 0) or 0)


def _place_at(text: str, offset: int) -> tuple[int, int]:
    before = text.encode()[:offset].decode(errors="ignore")
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _block_of(error: Any) -> str:
    mark = getattr(error, "context_mark", None)
    return f"line {mark.line + 1}" if mark is not None else "the lines above"
