"""govaluate's language, in which ``when`` is written after substitution.

Bare words are strings: ``heads == tails`` compares texts. A word may hold letters, digits, ``_``
and ``.``; ``[any name]`` is a word too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from toolkit.errors import ExpressionError
from toolkit.workflow.expressions.values import EvaluationError, float_text

_TOKEN = re.compile(
    r"\s*(?:(?P<number>0[xX][0-9a-fA-F]+|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)"
    r"|(?P<string>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<bracket>\[(?:[^\]\\]|\\.)*\])"
    r"|(?P<word>[^\W\d][\w.]*)"
    r"|(?P<operator>\*\*|==|!=|>=|<=|=~|!~|&&|\|\||\?\?|<<|>>|[-+*/%^&|<>!~?:(),]))",
    re.DOTALL,
)
_HINT: Final = '(hint: try wrapping the affected expression in quotes ("))'
_LEVELS: Final = {
    "?": 1, ":": 1, "||": 2, "&&": 3, "??": 3,
    "==": 4, "!=": 4, ">": 4, "<": 4, ">=": 4, "<=": 4, "=~": 4, "!~": 4, "in": 4, "IN": 4,
    "&": 5, "|": 5, "^": 5, "<<": 6, ">>": 6, "+": 7, "-": 7, "*": 8, "/": 8, "%": 8, "**": 9,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    value: Any


_Code = Callable[[], Any]


@lru_cache(maxsize=1024)
def parse_when(text: str) -> Callable[[], Any]:
    """Compile; calling the result evaluates. Raises ExpressionError."""
    parser = _Parser(_tokenize(text))
    code = parser.expression(0)
    if parser.now.kind != "end":
        raise ExpressionError(f"Cannot transition token types: unexpected {parser.now.value!r}")
    return code


def evaluate_when(text: str) -> Any:
    """The value of a ``when``: bool, number, or text. Raises ExpressionError."""
    return parse_when(text)()


def _tokenize(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            said = text[at:].strip()[:20]
            unclosed = said[:1] in {"'", '"', "["}
            problem = "Unclosed string literal" if unclosed else f"Invalid token: '{said}' {_HINT}"
            raise ExpressionError(problem)
        kind = str(match.lastgroup)
        tokens.append(_token(kind, match.group(kind)))
        at = match.end()
    return [*tokens, _Token("end", "")]


def _token(kind: str, text: str) -> _Token:
    match kind:
        case "number":
            return _Token("value", float(int(text, 16) if text[:2].lower() == "0x" else text))
        case "string" | "bracket":
            return _Token("value", re.sub(r"\\(.)", r"\1", text[1:-1]))
        case "word" if text in {"in", "IN"}:
            return _Token("operator", "in")
        case "word" if text in {"true", "false"}:
            return _Token("value", text == "true")
        case "word":
            return _Token("value", text)
        case _:
            return _Token("operator", text)


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def now(self) -> _Token:
        return self._tokens[self._at]

    def take(self, operator: str) -> bool:
        if self.now.kind == "operator" and self.now.value == operator:
            self._at += 1
            return True
        return False

    def expression(self, level: int) -> _Code:
        left = self._operand()
        while self.now.kind == "operator":
            operator = self.now.value
            binding = _LEVELS.get(operator, 0)
            if binding == 0 or binding < max(level, 1) or operator == ":":
                break
            self._at += 1
            left = (
                self._ternary(left)
                if operator == "?"
                else _binary(operator, left, self.expression(binding + 1))
            )
        return left

    def _ternary(self, test: _Code) -> _Code:
        then = self.expression(2)
        if not self.take(":"):
            return lambda: then() if _truth("?", test()) else None
        otherwise = self.expression(1)
        return lambda: then() if _truth("?", test()) else otherwise()

    def _operand(self) -> _Code:
        if self.take("!"):
            operand = self._operand()
            return lambda: not _truth("!", operand())
        if self.take("-"):
            operand = self._operand()
            return lambda: -_number("-", operand())
        if self.take("~"):
            operand = self._operand()
            return lambda: float(~int(_number("~", operand())))
        if self.take("("):
            return self._group()
        token = self.now
        if token.kind != "value":
            raise ExpressionError(f"Unexpected end of expression near {token.value!r}")
        self._at += 1
        return lambda: token.value

    def _group(self) -> _Code:
        if self.take(")"):
            return list
        items = [self.expression(0)]
        while self.take(","):
            items.append(self.expression(0))
        if not self.take(")"):
            raise ExpressionError("Unbalanced parenthesis")
        return items[0] if len(items) == 1 else lambda: [item() for item in items]


def _binary(operator: str, left: _Code, right: _Code) -> _Code:
    match operator:
        case "&&":
            return lambda: _truth("&&", left()) and _truth("&&", right())
        case "||":
            return lambda: _truth("||", left()) or _truth("||", right())
        case "??":
            return lambda: left() if left() is not None else right()
    compute = _OPERATORS[operator]
    return lambda: compute(left(), right())


def _truth(operator: str, value: Any) -> bool:
    if not isinstance(value, bool):
        said = _shown(value)
        raise EvaluationError(
            f"Value '{said}' cannot be used with the logical operator '{operator}', "
            "it is not a bool"
        )
    return value


def _number(operator: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, float):
        said = _shown(value)
        raise EvaluationError(
            f"Value '{said}' cannot be used with the modifier '{operator}', it is not a number"
        )
    return value


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return float_text(value) if isinstance(value, float) else str(value)


def _equal(left: Any, right: Any) -> bool:
    return type(left) is type(right) and bool(left == right)


def _order(operator: str, compute: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def run(left: Any, right: Any) -> bool:
        if isinstance(left, str) and isinstance(right, str):
            return compute(left, right)
        for value in (left, right):
            if isinstance(value, bool) or not isinstance(value, float):
                raise EvaluationError(
                    f"Value '{_shown(value)}' cannot be used with the comparator '{operator}', "
                    "it is not a number"
                )
        return compute(left, right)

    return run


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, str) or isinstance(right, str):
        return _shown(left) + _shown(right)
    return _number("+", left) + _number("+", right)


def _arithmetic(operator: str, compute: Callable[[float, float], float]) -> Callable[..., float]:
    def run(left: Any, right: Any) -> float:
        try:
            return float(compute(_number(operator, left), _number(operator, right)))
        except (ZeroDivisionError, OverflowError, ValueError) as error:
            raise EvaluationError(str(error)) from error

    return run


def _matches(left: Any, right: Any) -> bool:
    for value in (left, right):
        if not isinstance(value, str):
            raise EvaluationError(
                f"Value '{_shown(value)}' cannot be used with the comparator '=~', "
                "it is not a string"
            )
    try:
        return re.search(right, left) is not None
    except re.error as error:
        raise EvaluationError(f"Unable to compile regexp pattern '{right}': {error}") from error


def _is_in(item: Any, items: Any) -> bool:
    values = items if isinstance(items, list) else [items]
    return any(_equal(item, value) for value in values)


_OPERATORS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    ">": _order(">", lambda left, right: left > right),
    ">=": _order(">=", lambda left, right: left >= right),
    "<": _order("<", lambda left, right: left < right),
    "<=": _order("<=", lambda left, right: left <= right),
    "=~": _matches,
    "!~": lambda left, right: not _matches(left, right),
    "in": _is_in,
    "+": _add,
    "-": _arithmetic("-", lambda left, right: left - right),
    "*": _arithmetic("*", lambda left, right: left * right),
    "/": _arithmetic("/", lambda left, right: left / right),
    "%": _arithmetic("%", lambda left, right: left % right),
    "**": _arithmetic("**", lambda left, right: left**right),
    "&": _arithmetic("&", lambda left, right: int(left) & int(right)),
    "|": _arithmetic("|", lambda left, right: int(left) | int(right)),
    "^": _arithmetic("^", lambda left, right: int(left) ^ int(right)),
    "<<": _arithmetic("<<", lambda left, right: int(left) << min(int(right), 63)),
    ">>": _arithmetic(">>", lambda left, right: int(left) >> int(right)),
}
