"""How one text is written: plain, in quotes, as a block; what go-yaml's emitter allows for it.

Columns count characters from 0. Where ``indent`` is None the text is a key and is never folded.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

BEST_WIDTH: Final = 80

_BREAKS = "\n\r\x85\u2028\u2029"
_INDICATOR = re.compile(r"---|\.\.\.|[#,\[\]{}&*!|>'\"%@`]|[?:-](?:[ \t]|\Z)")
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


class _Patterns:
    """What is looked for in a text, given the characters that break lines and those that need no
    escape.
    """

    __slots__ = (
        "after_break",
        "before_break",
        "breaks",
        "escaped_in_quotes",
        "inner_indicator",
        "special",
    )

    def __init__(self, breaks: str, ordinary: str) -> None:
        self.breaks = re.compile(f"[{breaks}]")
        self.special = re.compile(f"[^{ordinary}]")
        self.inner_indicator = re.compile(f":(?:[ \t]|\\Z)|(?<=[ \t{breaks}])#")
        self.after_break = re.compile(f"[{breaks}] ")
        self.before_break = re.compile(f" [{breaks}]")
        self.escaped_in_quotes = re.compile(f'{self.special.pattern}|["\\\\{breaks}]')


_ASCII = _Patterns("\n\r", "\n\x20-\x7e")


@cache
def _unicode() -> _Patterns:
    """Made only when it is needed: these sets of characters take 12 ms to compile."""
    return _Patterns(_BREAKS, "\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd")


def _patterns_for(text: str) -> _Patterns:
    return _ASCII if text.isascii() else _unicode()


class Syntax(NamedTuple):
    """What the characters of a text allow."""

    is_plain_allowed: bool
    is_single_allowed: bool
    is_printable: bool
    has_breaks: bool


def syntax_of(text: str) -> Syntax:
    """Looks at the characters only; whether the text reads back as text is another question."""
    patterns = _patterns_for(text)
    has_breaks = patterns.breaks.search(text) is not None
    is_printable = patterns.special.search(text) is None
    is_single_allowed = is_printable and not (
        has_breaks and (patterns.after_break.search(text) or patterns.before_break.search(text))
    )
    is_plain_allowed = (
        is_single_allowed
        and not has_breaks
        and text[:1] != " "
        and text[-1:] != " "
        and _INDICATOR.match(text) is None
        and patterns.inner_indicator.search(text, 1) is None
    )
    return Syntax(is_plain_allowed, is_single_allowed, is_printable, has_breaks)


def is_block_allowed(text: str, syntax: Syntax) -> bool:
    """True where ``|`` can hold the text."""
    before_break = _patterns_for(text).before_break
    return syntax.is_printable and text[-1:] != " " and before_break.search(text) is None


def plain(text: str, column: int, indent: str | None) -> str:
    """Bare text, folded at single spaces beyond the width."""
    if indent is None or column + len(text) <= BEST_WIDTH:
        return text
    return _folded(text, column, indent, keep_ends=False)


def single_quoted(text: str, column: int, indent: str | None) -> str:
    """``'text'``, folded at single spaces beyond the width."""
    if _patterns_for(text).breaks.search(text):
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
    inner = _patterns_for(text).escaped_in_quotes.sub(lambda match: _escaped(match[0]), text)
    if indent is None or column + len(inner) < BEST_WIDTH:
        return f'"{inner}"'
    return _folded_in_quotes(text, column + 1, indent)


def _folded_in_quotes(text: str, column: int, indent: str) -> str:
    out = ['"']
    escaped_in_quotes = _patterns_for(text).escaped_in_quotes
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
        written = _escaped(char) if escaped_in_quotes.match(char) else char
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
    if _patterns_for(body).breaks.search(body.replace("\n", "")):
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
