"""govaluate's tokens: what ``when`` is made of, and what may follow what.

Its lexer has ways of its own, which decide what a bare word or a symbol is: a symbol runs up to the
next letter, digit, quote, bracket or blank (``==-1`` is one unknown symbol), a backslash escapes
any character anywhere, a text in quotes that reads as a date *is* a date.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from toolkit.errors import ExpressionError
from toolkit.workflow.expressions.values import go_text

NUMERIC, BOOLEAN, STRING, TIME = "NUMERIC", "BOOLEAN", "STRING", "TIME"
VARIABLE, ACCESSOR, PREFIX = "VARIABLE", "ACCESSOR", "PREFIX"
MODIFIER, COMPARATOR, LOGICAL, TERNARY = "MODIFIER", "COMPARATOR", "LOGICALOP", "TERNARY"
CLAUSE, CLAUSE_CLOSE, SEPARATOR = "CLAUSE", "CLAUSE_CLOSE", "SEPARATOR"
_START: Final = "UNKNOWN"

_HINT: Final = '(hint: try wrapping the affected expression in quotes ("))'
_PREFIXES: Final = frozenset({"-", "!", "~"})
_SYMBOLS: Final = {
    **dict.fromkeys(("+", "-", "*", "/", "%", "**", "&", "|", "^", ">>", "<<"), MODIFIER),
    **dict.fromkeys(("&&", "||"), LOGICAL),
    **dict.fromkeys(("==", "!=", ">", ">=", "<", "<=", "=~", "!~"), COMPARATOR),
    **dict.fromkeys(("?", ":", "??"), TERNARY),
}
_VALUES: Final = frozenset({NUMERIC, BOOLEAN, STRING, VARIABLE, ACCESSOR})
_AFTER_VALUE: Final = frozenset(
    {MODIFIER, COMPARATOR, LOGICAL, CLAUSE_CLOSE, TERNARY, SEPARATOR},
)
_OPENS: Final = _VALUES | {PREFIX, TIME, CLAUSE}
_FOLLOWS: Final = {
    _START: _OPENS,
    CLAUSE: _OPENS | {CLAUSE_CLOSE},
    CLAUSE_CLOSE: _AFTER_VALUE | (_OPENS - {PREFIX, ACCESSOR}),
    NUMERIC: _AFTER_VALUE,
    BOOLEAN: _AFTER_VALUE,
    STRING: _AFTER_VALUE,
    VARIABLE: _AFTER_VALUE,
    TIME: _AFTER_VALUE - {TERNARY},
    ACCESSOR: _AFTER_VALUE | {CLAUSE},
    MODIFIER: _OPENS - {TIME} | {CLAUSE_CLOSE},
    COMPARATOR: _OPENS | {CLAUSE_CLOSE},
    LOGICAL: _OPENS | {CLAUSE_CLOSE},
    PREFIX: _VALUES - {STRING} | {CLAUSE, CLAUSE_CLOSE},
    TERNARY: _OPENS | {SEPARATOR},
    SEPARATOR: _OPENS,
}
_LAST: Final = _VALUES | {TIME, CLAUSE_CLOSE}


@dataclass(frozen=True, slots=True)
class Token:
    """``value``: a number, truth or text; of an accessor its parts; of an operator its sign."""

    kind: str
    value: Any


def tokenize(text: str) -> list[Token]:
    """The tokens of ``text``, each where it may stand; bare words as texts, as Argo makes them.

    Raises ExpressionError with govaluate's text.
    """
    tokens = list(_Lexer(text).tokens())
    if sum((token.kind == CLAUSE) - (token.kind == CLAUSE_CLOSE) for token in tokens):
        raise ExpressionError("Unbalanced parenthesis")
    _check(tokens)
    words = [Token(STRING, t.value) if t.kind == VARIABLE else t for t in tokens]
    _check(words)
    return words


def _check(tokens: list[Token]) -> None:
    state, last = _START, None
    for token in tokens:
        if token.kind not in _FOLLOWS[state]:
            if state == VARIABLE and token.kind == CLAUSE:
                raise ExpressionError(f"Undefined function {last}")
            raise ExpressionError(
                f"Cannot transition token types from {state} [{shown(last)}] "
                f"to {token.kind} [{shown(token.value)}]"
            )
        state, last = token.kind, token.value
    if tokens and state not in _LAST:
        raise ExpressionError("Unexpected end of expression")


def shown(value: Any) -> str:
    """What Go prints of a token's value."""
    return ".".join(value) if isinstance(value, tuple) else go_text(value)


class _Lexer:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def tokens(self) -> Iterator[Token]:
        state = _START
        while (token := self._next(state)) is not None:
            yield token
            state = token.kind

    def _next(self, state: str) -> Token | None:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1
        if self._at == len(self._text):
            return None
        first = self._text[self._at]
        if _is_numeric(first):
            return Token(NUMERIC, self._number())
        if first in _SINGLE:
            self._at += 1
            return Token(_SINGLE[first], first)
        if first == "[":
            return Token(VARIABLE, self._enclosed("]", "Unclosed parameter bracket"))
        if first.isalpha():
            return _word(self._run(_is_of_word))
        if first in "'\"":
            return _quoted(self._enclosed("'\"", "Unclosed string literal"))
        return _symbol(self._run(_is_of_symbol), state)

    def _number(self) -> float:
        if self._text.startswith("0x", self._at):
            self._at += 2
            digits = self._run(_is_hex_digit)
            return _parsed(digits, lambda text: float(int(text, 16)), "hex value '{}' to uint64")
        return _parsed(self._run(_is_numeric), float, "numeric value '{}' to float64")

    def _run(self, belongs: Callable[[str], bool]) -> str:
        """Up to a blank or to what does not belong."""
        found: list[str] = []
        while self._at < len(self._text):
            character = self._text[self._at]
            if character == "\\":
                found.append(self._text[self._at + 1 : self._at + 2])
                self._at += 2
                continue
            if not belongs(character):
                break
            found.append(character)
            self._at += 1
        return "".join(found)

    def _enclosed(self, ends: str, unclosed: str) -> str:
        """Between the opening character, where we are, and any of ``ends``."""
        self._at += 1
        found = self._run(lambda character: character not in ends)
        if self._at >= len(self._text):
            raise ExpressionError(unclosed)
        self._at += 1
        return found


_SINGLE: Final = {",": SEPARATOR, "(": CLAUSE, ")": CLAUSE_CLOSE}


def _is_numeric(character: str) -> bool:
    return character.isdecimal() or character == "."


def _is_hex_digit(character: str) -> bool:
    return character in "0123456789abcdefABCDEF"


def _is_of_word(character: str) -> bool:
    return character.isalpha() or character.isdecimal() or character in "_."


def _is_of_symbol(character: str) -> bool:
    return not (
        character.isdecimal()
        or character.isalpha()
        or character.isspace()
        or character in "()[]'\""
    )


def _parsed(digits: str, parse: Callable[[str], float], problem: str) -> float:
    try:
        return parse(digits)
    except ValueError:
        raise ExpressionError(f"Unable to parse {problem.format(digits)}") from None


def _word(text: str) -> Token:
    if text in {"true", "false"}:
        return Token(BOOLEAN, text == "true")
    if text in {"in", "IN"}:
        return Token(COMPARATOR, "in")
    if "." not in text:
        return Token(VARIABLE, text)
    if text.endswith("."):
        raise ExpressionError(f"Hanging accessor on token '{text}'")
    names = tuple(text.split("."))
    for name in names[1:]:
        if name[:1].upper() != name[:1]:
            raise ExpressionError(f"Unable to access unexported field '{name}' in token '{text}'")
    return Token(ACCESSOR, names)


def _quoted(text: str) -> Token:
    seconds = _seconds_of(text)
    return Token(STRING, text) if seconds is None else Token(TIME, seconds)


def _symbol(text: str, state: str) -> Token:
    if text in _PREFIXES and PREFIX in _FOLLOWS[state]:
        return Token(PREFIX, text)
    if text not in _SYMBOLS:
        raise ExpressionError(f"Invalid token: '{text}' {_HINT}")
    return Token(_SYMBOLS[text], text)


_DATE: Final = r"(?P<date>\d{4}-\d\d-\d\d)"
_CLOCK: Final = r"(?P<hour>\d{1,2})(?::(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?)?"
_DATES: Final = (
    re.compile(_DATE),
    re.compile(rf"{_DATE} (?=\d\d?:){_CLOCK}"),
    re.compile(rf"{_DATE} (?=\d\d?:\d\d:){_CLOCK}(?P<zone>[+-]\d\d:\d\d)"),
    re.compile(rf"{_DATE}T{_CLOCK}(?P<zone>Z|[+-]\d{{4}})"),
    re.compile(rf"{_DATE}T(?=\d\d?:\d\d:){_CLOCK}(?P<zone>[+-]\d\d:\d\d)"),
    re.compile(
        r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2}) "
        r"(?P<hour>\d{1,2}):(?P<minute>\d\d):(?P<second>\d\d) "
        r"(?:[A-Z]{3,4} |(?P<zone>[+-]\d{4}) )?(?P<year>\d{4})"
    ),
)
_KITCHEN: Final = re.compile(r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?P<half>AM|PM)")
_MONTHS: Final = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
]
_YEAR_ZERO_S: Final = -62_167_219_200.0


def _seconds_of(text: str) -> float | None:
    """Seconds since 1970, where the text has one of the forms that govaluate takes for a time."""
    for form in _DATES:
        if found := form.fullmatch(text):
            return _instant(found.groupdict())
    if found := _KITCHEN.fullmatch(text):  # a time of day: in Go's year zero
        hour = int(found["hour"]) % 12 + 12 * (found["half"] == "PM")
        return _YEAR_ZERO_S + hour * 3600 + int(found["minute"]) * 60
    return None


def _instant(parts: dict[str, str | None]) -> float | None:
    date = parts.get("date")
    if date is None:
        if parts["month"] not in _MONTHS:
            return None
        month = _MONTHS.index(str(parts["month"])) + 1
        date = f"{parts['year']}-{month:02}-{int(parts['day'] or 0):02}"
    clock = [int(parts.get(name) or 0) for name in ("hour", "minute", "second")]
    try:
        day = datetime.fromisoformat(date)
        instant = day.replace(hour=clock[0], minute=clock[1], second=clock[2], tzinfo=UTC)
    except ValueError:
        return None  # no such day: a text like any other
    zone = (parts.get("zone") or "Z").replace(":", "")
    sign = {"+": 1, "-": -1}.get(zone[0], 0)
    offset_s = sign * (int(zone[1:3]) * 3600 + int(zone[3:5]) * 60) if sign else 0
    return instant.timestamp() - offset_s
