"""libyaml's complaints in words that help."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

import yaml

from toolkit.errors import YamlError
from toolkit.source import Location
from toolkit.yaml.text import line_of

_SAME_COLUMN: Final = "start it in one column with the others: compare with {block}"
_CLOSE_QUOTE: Final = "close it, or double it inside the text ('it''s')"

_RULES: Final[tuple[tuple[str, str, str], ...]] = (
    # libyaml's problem, our message ("" keeps theirs), our hint
    (r"found a tab character", "a tab cannot indent a line", "indent with spaces"),
    (r"found unexpected end of stream", "the quote opened here is never closed", _CLOSE_QUOTE),
    (
        r"found unexpected document indicator",
        "the quote opened here is not closed before '---'",
        _CLOSE_QUOTE,
    ),
    (
        r"mapping values are not allowed",
        "a ': ' here makes a second mapping on one line",
        "put a value that contains ': ' in quotes",
    ),
    (
        r"could not find expected ':'",
        "this key has no ':' after it",
        "write 'key: value'; text of several lines needs '|', or deeper indentation",
    ),
    (r"did not find expected key", "this line does not fit the mapping around it", _SAME_COLUMN),
    (
        r"did not find expected '-' indicator",
        "this line does not fit the list around it",
        _SAME_COLUMN,
    ),
    (r"expected ',' or '\]'", "the '[' list is not closed", "close it with ']'{comma}"),
    (r"expected ',' or '\}'", "the '{' mapping is not closed", "close it with '}'{comma}"),
    (
        r"unknown escape character",
        "",
        "double the backslash, which starts an escape in \"…\", or use '…'",
    ),
    (
        r"found character (?:.* )?that cannot start any token",
        "text cannot start with {char} outside of quotes",
        "put it in quotes",
    ),
    (
        r"did not find expected alphabetic or numeric character",
        "'*' and '&' start an alias or an anchor",
        "put text that starts with them in quotes",
    ),
    (
        r"did not find expected <document start>",
        "something stands after the end of the document",
        "start another document with '---', or indent the line like the first",
    ),
    (r"block sequence entries are not allowed", "a '- ' cannot stand here", "start a new line"),
    (
        r"expected node content",
        "a value is missing here",
        "look for a '[' or '{' that is not closed",
    ),
    (r"max nesting level", "nested too deep", "look for a '[' or '{' that is not closed"),
    (r"control characters are not allowed|special characters", "", "remove the character"),
    (
        r"did not find the expected '>'|undefined tag handle",
        "",
        "put text that starts with '!' in quotes",
    ),
    (
        r"did not find expected comment or line break",
        "only a comment may stand here, behind a '|' or '>'",
        "start the text on the next line, indented",
    ),
    (r"found unexpected ':'", "", "put text that contains a ':' in quotes"),
    (r"found incompatible YAML document", "", "drop the %YAML line"),
    (r"unknown directive|duplicate .* directive", "", "drop the line that starts with '%'"),
)

_NO_SPACE: Final = re.compile(r"""\s*(?:- +)*(?P<key>["']?[\w.-]+["']?):(?!//)[^\s:]""")
_KEYED: Final = re.compile(r"""\s*(?:- +)*(?P<key>[^\s#'"][^#]*?):(?:\s|$)""")
_CONFLICT: Final = re.compile(r"^<{7} .*\n(?s:.*?)^={7}$(?s:.*?)^>{7} ", re.MULTILINE)


class _Complaint(NamedTuple):
    message: str
    hint: str
    line: int
    column: int


def explain(error: yaml.YAMLError, text: str, path: str) -> YamlError:
    """The same complaint as our error, at the place that needs the edit."""
    found = _conflict(text) or _second_mapping(error, text) or _complaint(error, text)
    return YamlError(
        found.message,
        location=Location(path, found.line, found.column),
        excerpt=line_of(text, found.line),
        hints=(found.hint,) if found.hint else (),
    )


def _complaint(error: yaml.YAMLError, text: str) -> _Complaint:
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    message, hint = _words_for(problem)
    line, column = _place(error, message, text)
    excerpt = line_of(text, line) or ""
    char = excerpt[column - 1 : column]
    if char == "\t":
        message, hint = "a tab cannot indent a line", "indent with spaces"
    elif "no ':' after it" in message and _NO_SPACE.match(excerpt, column - 1):
        message, hint = _WITHOUT_SPACE
    elif "no ':' after it" in message and re.match("-[^- ]", excerpt[column - 1 :]):
        message, hint = "there is no space behind this '-'", "write '- item'"
    elif "fit the mapping" in message and excerpt[: column - 1].rstrip()[-1:] in ("'", '"'):
        message, hint = "text goes on behind a closing quote", "put the whole value in quotes"
    hint = hint.replace("{block}", _block_of(error, line, text))
    hint = hint.replace("{comma}", _comma(error, text))
    return _Complaint(message.replace("{char}", repr(char)) or problem, hint, line, column)


_WITHOUT_SPACE: Final = ("there is no space behind this key's ':'", "write 'key: value'")


def _conflict(text: str) -> _Complaint | None:
    match = _CONFLICT.search(text)
    if match is None:
        return None
    hint = "keep one side, and remove the lines of <<<<<<<, ======= and >>>>>>>"
    return _Complaint(
        "a merge of git left a conflict here", hint, text.count("\n", 0, match.start()) + 1, 1
    )


def _second_mapping(error: Any, text: str) -> _Complaint | None:
    """A ': ' that libyaml finds one too many may be the fault of the line above: a key without
    ':', without a space behind it, or with a value, below which this line is indented.
    """
    mark = getattr(error, "problem_mark", None)
    if mark is None or "mapping values are not allowed" not in str(getattr(error, "problem", "")):
        return None
    number = mark.line + 1
    line = line_of(text, number) or ""
    if _KEYED.match(line[: mark.column]):
        return None  # the second on its line
    above = _line_above(text, number)
    before = line_of(text, above) or ""
    column = len(before) - len(before.lstrip(" -")) + 1
    if _NO_SPACE.match(before):
        return _Complaint(*_WITHOUT_SPACE, above, column)
    if not _KEYED.match(before):
        return _Complaint("this key has no ':' after it", "write 'key: value'", above, column)
    start = len(line) - len(line.lstrip(" ")) + 1
    hint = f"start it in the column of line {above}, whose key has its value already"
    return _Complaint("this line is indented too far", hint, number, start)


def _words_for(problem: str) -> tuple[str, str]:
    for pattern, message, hint in _RULES:
        if re.search(pattern, problem):
            return message, hint
    return "", ""


def _place(error: Any, message: str, text: str) -> tuple[int, int]:
    """Where the quote, list, mapping or key began, for one that never ends; else the problem."""
    context, problem = getattr(error, "context_mark", None), getattr(error, "problem_mark", None)
    opened = "quote opened" in message or "is not closed" in message or "no ':'" in message
    mark = context if opened and context is not None else problem or context
    if mark is not None:
        return mark.line + 1, mark.column + 1
    return _place_at(text, getattr(error, "position", 0) or 0)


def _place_at(text: str, offset: int) -> tuple[int, int]:
    before = text.encode()[:offset].decode(errors="ignore")
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _block_of(error: Any, line: int, text: str) -> str:
    """The lines to compare with: where the mapping or list began, and the one above."""
    mark = getattr(error, "context_mark", None)
    lines = {_line_above(text, line)} | ({mark.line + 1} if mark is not None else set())
    numbers = [str(number) for number in sorted(lines - {0, line})]
    return f"line{'s' * (len(numbers) > 1)} {' and '.join(numbers)}" if numbers else "the others"


def _line_above(text: str, line: int) -> int:
    """The one that holds something, or 0."""
    above = line - 1
    while above > 0 and not (line_of(text, above) or "").strip():
        above -= 1
    return above


def _comma(error: Any, text: str) -> str:
    """Where a comma may be missing: what does not fit stands on the line of the bracket."""
    opened, problem = getattr(error, "context_mark", None), getattr(error, "problem_mark", None)
    if opened is None or problem is None or opened.line != problem.line:
        return ""
    rest = (line_of(text, problem.line + 1) or "")[problem.column :].strip()
    return f", or put the ',' that is missing before column {problem.column + 1}" if rest else ""
