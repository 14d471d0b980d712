"""govaluate's language, in which ``when`` is written after substitution.

Bare words are strings: ``heads == tails`` compares texts; ``[any name]`` is a word too. A word with
a point is a field of nothing, and an error, as it is in Argo: write it in quotes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from toolkit.errors import ExpressionError
from toolkit.workflow.expressions.locate import EvaluationError
from toolkit.workflow.expressions.values import (
    go_text,
)
from toolkit.workflow.expressions.when_tokens import (
    ACCESSOR,
    CLAUSE,
    CLAUSE_CLOSE,
    COMPARATOR,
    PREFIX,
    Token,
    tokenize,
)

_MOST_NESTED: Final = 200
_LEVELS: Final = (
    {","},
    {"?", ":", "??"},
    {"||"},
    {"&&"},
    {"==", "!=", ">", ">=", "<", "<=", "=~", "!~", "in"},
    {"^", "&", "|"},
    {">>", "<<"},
    {"+", "-"},
    {"*", "/", "%"},
    {"**"},
)
"""Operators that bind alike, the loosest first; all of them group to the left."""

_Code = Callable[[], Any]


@lru_cache(maxsize=1024)
def parse_when(text: str) -> _Code:
    """Compile; calling the result evaluates. Raises ExpressionError."""
    tokens = tokenize(text)
    if not tokens:
        raise ExpressionError("Unexpected end of expression")
    return _Planner(tokens).level(0) or _nothing


def evaluate_when(text: str) -> Any:
    """The value of a ``when``: bool, number, text, list or None. Raises ExpressionError."""
    return parse_when(text)()


class _Planner:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def level(self, level: int) -> _Code | None:
        """What binds at least as tightly; None where nothing is there."""
        if level == len(_LEVELS):
            return self._value()
        left = self.level(level + 1)
        while (operator := self._operator(_LEVELS[level])) is not None:
            left = _binary(operator, left or _nothing, self.level(level + 1) or _nothing)
        return left

    def _operator(self, wanted: set[str]) -> str | None:
        token = self._peek()
        if token is None or token.kind in {PREFIX, ACCESSOR} or token.value not in wanted:
            return None
        if not isinstance(token.value, str) or token.kind == "STRING":
            return None
        self._at += 1
        return token.value

    def _peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _value(self) -> _Code | None:
        token = self._peek()
        if token is None or token.kind == CLAUSE_CLOSE:
            return None
        self._at += 1
        match token.kind:
            case "CLAUSE":
                return self._clause()
            case "PREFIX":
                return _prefixed(token.value, self._value() or _nothing)
            case "ACCESSOR":
                return self._field(token)
            case "NUMERIC" | "STRING" | "BOOLEAN" | "TIME":
                return lambda: token.value
        raise ExpressionError(f"Unable to plan token kind: '{token.kind}', value: '{token.value}'")

    def _clause(self) -> _Code:
        start = self._at
        before = self._tokens[start - 2] if start > 1 else None
        self._depth += 1
        if self._depth > _MOST_NESTED:
            raise ExpressionError("the expression is nested too deeply")
        inner = self.level(0)
        self._depth -= 1
        self._at += 1  # the closing parenthesis: they are balanced
        if before == Token(COMPARATOR, "in") and inner is None:
            raise ExpressionError("an empty list cannot stand after 'in'")
        return inner or _nothing

    def _field(self, token: Token) -> _Code:
        following = self._peek()
        if following is not None and following.kind == CLAUSE:
            self._value()

        def fail() -> Any:
            raise EvaluationError(f"No parameter '{token.value[0]}' found.")

        return fail


def _nothing() -> Any:
    return None


def _prefixed(operator: str, operand: _Code) -> _Code:
    wanted, compute = _PREFIXED[operator]

    def run() -> Any:
        value = operand()
        if type(value) is not wanted:
            raise EvaluationError(
                f"Value '{go_text(value)}' cannot be used with the prefix '{operator}'"
            )
        return compute(value)

    return run


_PREFIXED: Final[Mapping[str, tuple[type, Callable[[Any], Any]]]] = {
    "!": (bool, lambda value: not value),
    "-": (float, lambda value: -value),
    "~": (float, lambda value: float(~_signed(value))),
}


def _binary(operator: str, left: _Code, right: _Code) -> _Code:
    if operator in _LAZY:
        lazy = _LAZY[operator]
        return lambda: lazy(left(), right)
    compute = _OPERATORS[operator]
    return lambda: compute(left(), right())


def _and(left: Any, right: _Code) -> bool:
    return left is not False and _truth("&&", left, right())


def _or(left: Any, right: _Code) -> bool:
    return left is True or _truth("||", left, right())


def _truth(operator: str, *values: Any) -> bool:
    """The last value's truth, where all are truths."""
    for value in values:
        if not isinstance(value, bool):
            raise EvaluationError(
                f"Value '{go_text(value)}' cannot be used with the logical operator "
                f"'{operator}', it is not a bool"
            )
    return bool(values[-1])


def _if(left: Any, right: _Code) -> Any:
    then = None if left is False else right()
    if not isinstance(left, bool):
        raise EvaluationError(
            f"Value '{go_text(left)}' cannot be used with the ternary operator '?', "
            "it is not a bool"
        )
    return then


def _else(left: Any, right: _Code) -> Any:
    return right() if left is None else left


_LAZY: Final[Mapping[str, Callable[[Any, _Code], Any]]] = {
    "&&": _and,
    "||": _or,
    "?": _if,
    ":": _else,
    "??": _else,
}


def _refuse(what: str, operator: str, value: Any) -> EvaluationError:
    return EvaluationError(
        f"Value '{go_text(value)}' cannot be used with the {what} '{operator}', it is not a number"
    )


def _equal(left: Any, right: Any) -> bool:
    return type(left) is type(right) and bool(left == right)


def _order(operator: str, compute: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def run(left: Any, right: Any) -> bool:
        if type(left) is not type(right) or not isinstance(left, str | float):
            raise _refuse("comparator", operator, left)
        return compute(left, right)

    return run


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, str) or isinstance(right, str):
        return go_text(left) + go_text(right)
    if not (isinstance(left, float) and isinstance(right, float)):
        raise _refuse("modifier", "+", left)
    return left + right


def _arithmetic(operator: str, compute: Callable[[float, float], float]) -> Callable[..., float]:
    def run(left: Any, right: Any) -> float:
        for value in (left, right):
            if not isinstance(value, float):
                raise _refuse("modifier", operator, value)
        return float(compute(left, right))

    return run


def _divide(left: float, right: float) -> float:
    if right:
        return left / right
    return math.nan if not left or math.isnan(left) else math.copysign(math.inf, left)


def _modulo(left: float, right: float) -> float:
    return math.fmod(left, right) if right and math.isfinite(left) else math.nan


def _power(left: float, right: float) -> float:
    try:
        return math.pow(left, right)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.inf if left == 0 else math.nan


def _unsigned(value: float) -> int:
    return int(value) & (2**64 - 1) if math.isfinite(value) else 2**63


def _signed(value: float) -> int:
    bits = _unsigned(value)
    return bits - 2**64 if bits >= 2**63 else bits


def _shift_left(left: float, right: float) -> int:
    count = _unsigned(right)
    return _unsigned(left) << count & (2**64 - 1) if count < 64 else 0


def _shift_right(left: float, right: float) -> int:
    return _unsigned(left) >> min(_unsigned(right), 64)


def _matches(operator: str) -> Callable[[Any, Any], bool]:
    def run(left: Any, right: Any) -> bool:
        for value in (left, right):
            if not isinstance(value, str):
                raise _refuse("comparator", operator, value)
        try:
            found = re.search(right, left) is not None
        except re.error as error:
            raise EvaluationError(f"Unable to compile regexp pattern '{right}': {error}") from error
        return found is (operator == "=~")

    return run


def _is_in(item: Any, items: Any) -> bool:
    if not isinstance(items, list):
        raise _refuse("comparator", "in", items)
    return any(_equal(item, value) for value in items)


def _listed(left: Any, right: Any) -> list[Any]:
    return [*left, right] if isinstance(left, list) else [left, right]


_OPERATORS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    ",": _listed,
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    ">": _order(">", lambda left, right: left > right),
    ">=": _order(">=", lambda left, right: left >= right),
    "<": _order("<", lambda left, right: left < right),
    "<=": _order("<=", lambda left, right: left <= right),
    "=~": _matches("=~"),
    "!~": _matches("!~"),
    "in": _is_in,
    "+": _add,
    "-": _arithmetic("-", lambda left, right: left - right),
    "*": _arithmetic("*", lambda left, right: left * right),
    "/": _arithmetic("/", _divide),
    "%": _arithmetic("%", _modulo),
    "**": _arithmetic("**", _power),
    "&": _arithmetic("&", lambda left, right: _signed(left) & _signed(right)),
    "|": _arithmetic("|", lambda left, right: _signed(left) | _signed(right)),
    "^": _arithmetic("^", lambda left, right: _signed(left) ^ _signed(right)),
    "<<": _arithmetic("<<", _shift_left),
    ">>": _arithmetic(">>", _shift_right),
}
