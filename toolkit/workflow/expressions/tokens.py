"""expr-lang's tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from toolkit.errors import ExpressionError
from toolkit.workflow.expressions.locate import with_place

TokenKind = Literal["number", "string", "name", "operator", "end"]

WORD_OPERATORS: Final = frozenset(
    {"and", "or", "not", "in", "contains", "startsWith", "endsWith", "matches", "let", "if", "else"}
)

_SPACE = re.compile(r"(?:\s+|#\s[^\n(){}\[\]]*\Z|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_NUMBER = re.compile(
    r"0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+"
    r"|(?:\d[\d_]*(?:\.(?![.\w])|\.(?!\.)\d[\d_]*|\.(?=[eE]\d))?|\.\d[\d_]*)(?:[eE][+-]?\d+)?"
)
_NAME = re.compile(r"[^\W\d]\w*|\$env|\$\w+")
_OPERATOR = re.compile(r"\?\.|\?\?|\*\*|\.\.|==|!=|<=|>=|&&|\|\||::|[-+*/%^<>!?:.,;()\[\]{}|#=]")
_ESCAPES: Final = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "'": "'", '"': '"', "`": "`", "0": "\0", "/": "/",
}  # fmt: skip
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Token:
    """``value`` is the text, unescaped for strings; ``at`` is the 0-based offset."""

    kind: TokenKind
    value: str
    at: int


def tokenize(text: str) -> list[Token]:
    """All tokens, an ``end`` last. Raises ExpressionError naming the column."""
    tokens: list[Token] = []
    at = 0
    while True:
        if space := _SPACE.match(text, at):
            at = space.end()
        if at >= len(text):
            tokens.append(Token("end", "", at))
            return tokens
        token, at = _next(text, at)
        tokens.append(token)


def _next(text: str, at: int) -> tuple[Token, int]:
    first = text[at]
    if first in "\"'`":
        return _string(text, at)
    if number := _NUMBER.match(text, at):
        return Token("number", number.group(), at), number.end()
    if name := _NAME.match(text, at):
        word = name.group()
        kind: TokenKind = "operator" if word in WORD_OPERATORS else "name"
        return Token(kind, word, at), name.end()
    if operator := _OPERATOR.match(text, at):
        return Token("operator", operator.group(), at), operator.end()
    raise unexpected(text, at, f"unrecognized character: {first!r}")


def _string(text: str, at: int) -> tuple[Token, int]:
    quote = text[at]
    end = at + 1
    while end < len(text) and text[end] != quote:
        end += 2 if text[end] == "\\" and quote != "`" else 1
    if end >= len(text):
        raise unexpected(text, at, "literal not terminated")
    raw = text[at + 1 : end]
    value = raw if quote == "`" else _ESCAPE.sub(_unescape, raw)
    return Token("string", value, at), end + 1


def _unescape(match: re.Match[str]) -> str:
    for code in match.groups()[:3]:
        if code:
            return chr(int(code, 16))
    letter = match.group(4)
    if letter not in _ESCAPES:
        raise ExpressionError(f"invalid char escape: \\{letter}")
    return _ESCAPES[letter]


def unexpected(text: str, at: int, message: str) -> ExpressionError:
    """An error at an offset, told as expr-lang does."""
    return ExpressionError(with_place(text, at, message))
