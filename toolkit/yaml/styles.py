"""How one text is written: plain, in quotes, as a block; what go-yaml's emitter allows for it.

Columns count characters from 0. Where ``indent`` is None the text is a key and is never folded.
"""

from __future__ import annotations

import re
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

BEST_WIDTH: Final = 80

_BREAKS = "\n\r\x85\u2028\u2029"
_INDICATORS = frozenset("#,[]{}&*!|>'\"%@`")
_ESCAPED: Final = {
    "\0": "0",
    "\a": "a",
    "\b": "b",
    "\t": "t",
    "\n": "n",
    "\v": "v",
    "\f": "f",
    "\r": "r",
    "\x1b": "e",
    '"': '"',
    "\\": "\\",
    "\x85": "N",
    "\xa0": "_",
    "\u2028": "L",
    "\u2029": "P",
}


class Syntax:
    """What the characters of a text allow."""

    __slots__ = ("has_breaks", "is_plain_allowed", "is_printable", "is_single_allowed")

    def __init__(
        self,
        *,
        is_plain_allowed: bool,
        is_single_allowed: bool,
        is_printable: bool,
        has_breaks: bool,
    ) -> None:
        self.is_plain_allowed = is_plain_allowed
        self.is_single_allowed = is_single_allowed
        self.is_printable = is_printable
        self.has_breaks = has_breaks


def syntax_of(text: str) -> Syntax:
    """Looks at the characters only; whether the text reads back as text is another question."""
    has_breaks = _has_breaks(text)
    is_printable = _is_printable(text)
    is_single_allowed = is_printable and not (
        has_breaks and (_has_space_after_break(text) or _has_space_before_break(text))
    )
    is_plain_allowed = (
        is_single_allowed
        and not has_breaks
        and text[:1] != " "
        and text[-1:] != " "
        and not _has_indicator(text)
    )
    return Syntax(
        is_plain_allowed=is_plain_allowed,
        is_single_allowed=is_single_allowed,
        is_printable=is_printable,
        has_breaks=has_breaks,
    )


def _has_breaks(text: str) -> bool:
    if text.isascii():
        return "\n" in text or "\r" in text
    return any(char in text for char in _BREAKS)


def _is_printable(text: str) -> bool:
    """True where no character needs an escape; newlines need none."""
    if text.isascii():
        return text.replace("\n", "").isprintable()
    return _special().search(text) is None


@cache
def _special() -> re.Pattern[str]:
    """Made only when it is needed: these sets of characters take 12 ms to compile."""
    return re.compile("[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]")


@cache
def _escaped_in_quotes() -> re.Pattern[str]:
    return re.compile(f'{_special().pattern}|["\\\\{_BREAKS}]')


def _has_space_after_break(text: str) -> bool:
    return any(f"{char} " in text for char in _BREAKS)


def _has_space_before_break(text: str) -> bool:
    return any(f" {char}" in text for char in _BREAKS)


def _has_indicator(text: str) -> bool:
    """Of a text without breaks."""
    if text[:1] in _INDICATORS or text.startswith(("---", "...")):
        return True
    if text[:1] in ("?", ":", "-") and text[1:2] in ("", " "):
        return True
    rest = text[1:]
    return ": " in rest or rest[-1:] == ":" or " #" in rest


def is_block_allowed(text: str, syntax: Syntax) -> bool:
    """True where ``|`` can hold the text."""
    return syntax.is_printable and text[-1:] != " " and not _has_space_before_break(text)


def plain(text: str, column: int, indent: str | None) -> str:
    """Bare text, folded at single spaces beyond the width."""
    if indent is None or column + len(text) <= BEST_WIDTH:
        return text
    return _folded(text, column, indent, keep_ends=False)


def single_quoted(text: str, column: int, indent: str | None) -> str:
    """``'text'``, folded at single spaces beyond the width."""
    if _has_breaks(text):
        return _single_quoted_lines(text, column, indent or "")
    inner = text.replace("'", "''")
    if indent is None or column + len(inner) < BEST_WIDTH:
        return f"'{inner}'"
    return f"'{_folded(inner, column + 1, indent, keep_ends=True)}'"


def _folded(text: str, column: int, indent: str, *, keep_ends: bool) -> str:
    """Breaks at single spaces that stand beyond the width; the rest of a run of spaces stays."""
    out: list[str] = []
    start = 0
    last = len(text) - 1
    position = text.find(" ")
    while position >= 0:
        run_end = position
        while run_end < last and text[run_end + 1] == " ":
            run_end += 1
        is_inside = not keep_ends or 0 < position < last
        if run_end == position and is_inside and column + position - start > BEST_WIDTH:
            out.append(text[start:position])
            start = position + 1
            column = len(indent)
        position = text.find(" ", run_end + 1)
    out.append(text[start:])
    return f"\n{indent}".join(out)


def _single_quoted_lines(text: str, column: int, indent: str) -> str:
    """The rare text with Unicode line breaks but no newline (and no space beside a break)."""
    out = ["'"]
    column += 1
    after_break = False
    for position, char in enumerate(text):
        if char in _BREAKS:
            out.append(char)
            column, after_break = 0, True
            continue
        if after_break:
            out.append(indent)
            column, after_break = len(indent), False
        can_fold = char == " " and 0 < position < len(text) - 1 and column > BEST_WIDTH
        if can_fold and text[position + 1] != " " and text[position - 1] != " ":
            out.append("\n" + indent)
            column = len(indent)
            continue
        out.append("''" if char == "'" else char)
        column += len(out[-1])
    return "".join(out) + "'"


def double_quoted(text: str, column: int, indent: str | None) -> str:
    """``"text"`` with escapes, folded at spaces beyond the width."""
    if text[:1] == "\ufeff":  # go-yaml looks for the mark at the start, whatever the character
        return '"' + "".join(map(_escaped, text)) + '"'
    inner = _with_escapes(text)
    if indent is None or column + len(inner) < BEST_WIDTH:
        return f'"{inner}"'
    return _folded_in_quotes(text, column + 1, indent)


def _with_escapes(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text.replace("\\", "\\\\").replace('"', '\\"')
    return _escaped_in_quotes().sub(lambda match: _escaped(match[0]), text)


def _folded_in_quotes(text: str, column: int, indent: str) -> str:
    out = ['"']
    after_space = False
    last = len(text) - 1
    for position, char in enumerate(text):
        if char == " ":
            if not after_space and column > BEST_WIDTH and 0 < position < last:
                backslash = "\\" if text[position + 1] == " " else ""
                out.append(f"\n{indent}{backslash}")
                column = len(indent) + len(backslash)
            else:
                out.append(" ")
                column += 1
            after_space = True
            continue
        written = _with_escapes(char)
        out.append(written)
        column += len(written)
        after_space = False
    out.append('"')
    return "".join(out)


def _escaped(char: str) -> str:
    if char in _ESCAPED:
        return "\\" + _ESCAPED[char]
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def literal(text: str, indent: str) -> str:
    """``|`` and its lines; a hint where the text starts with a space or a break."""
    header = "|" + ("2" if text[0] == " " or text[0] in _BREAKS else "") + _chomping(text)
    body = text[:-1] if text[-1] == "\n" else text
    lines = body.split("\n")
    if _has_breaks(body.replace("\n", "")):
        lines = [_indent_after_breaks(line, indent) for line in lines]
    return f"{header}\n" + "\n".join(
        [line if not line or line[0] in _BREAKS else indent + line for line in lines]
    )


def _indent_after_breaks(line: str, indent: str) -> str:
    """Unicode line breaks inside a line: what follows starts at the indentation."""
    return re.sub(f"([{_BREAKS}])(?=[^{_BREAKS}])", lambda match: match[1] + indent, line)


def _chomping(text: str) -> str:
    if text[-1] not in _BREAKS:
        return "-"
    if len(text) == 1 or text[-2] in _BREAKS:
        return "+"
    return ""
