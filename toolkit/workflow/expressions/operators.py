"""expr-lang's binary operators over values."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from toolkit.workflow.expressions.locate import EvaluationError
from toolkit.workflow.expressions.values import (
    is_number,
    is_same,
    kind,
    plain,
)


def _mismatch(operator: str, left: Any, right: Any) -> EvaluationError:
    said = f"invalid operation: {operator} (mismatched types {kind(left)} and {kind(right)})"
    return EvaluationError(said)


def _add(left: Any, right: Any) -> Any:
    if (is_number(left) and is_number(right)) or (isinstance(left, str) and isinstance(right, str)):
        return left + right
    if isinstance(left, datetime | timedelta) and isinstance(right, datetime | timedelta):
        return left + right  # type: ignore[operator]
    raise _mismatch("+", left, right)


def _subtract(left: Any, right: Any) -> Any:
    if is_number(left) and is_number(right):
        return left - right
    if isinstance(left, datetime | timedelta) and isinstance(right, datetime | timedelta):
        return left - right  # type: ignore[operator]
    raise _mismatch("-", left, right)


def _arithmetic(operator: str, compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def run(left: Any, right: Any) -> Any:
        if isinstance(left, timedelta) or isinstance(right, timedelta):
            return compute(left, right)
        if not (is_number(left) and is_number(right)):
            raise _mismatch(operator, left, right)
        return compute(left, right)

    return run


def _divide(left: Any, right: Any) -> float:
    if right == 0:
        if left == 0:
            return float("nan")
        return float("inf") if left > 0 else float("-inf")
    return float(left / right)


def _modulo(left: Any, right: Any) -> int:
    if type(left) is not int or type(right) is not int:
        raise _mismatch("%", left, right)
    if right == 0:
        raise EvaluationError("integer divide by zero")
    return left - right * int(left / right)


def _power(left: Any, right: Any) -> float:
    if abs(right) > 1024:
        raise EvaluationError("exponent is too large")
    return math.pow(left, right)


def _compare(operator: str, compute: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def run(left: Any, right: Any) -> bool:
        if is_number(left) and is_number(right):
            return compute(left, right)
        if type(left) is type(right) and isinstance(left, str | datetime | timedelta):
            return compute(left, right)
        raise _mismatch(operator, left, right)

    return run


def _contains_item(item: Any, container: Any) -> bool:
    container = plain(container)
    if container is None:
        return False
    if isinstance(container, dict):
        if item is not None and not isinstance(item, str):
            raise EvaluationError(f"cannot use {kind(item)} as type string in map key")
        return item in container
    if isinstance(container, list):
        return any(is_same(item, other) for other in container)
    raise EvaluationError(f'operator "in" not defined on {kind(container)}')


def _on_strings(operator: str, compute: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    def run(left: Any, right: Any) -> bool:
        if left is None or right is None:
            return False
        if not (isinstance(left, str) and isinstance(right, str)):
            raise _mismatch(operator, left, right)
        return compute(left, right)

    return run


def _range(left: Any, right: Any) -> list[int]:
    if not (is_number(left) and is_number(right)):
        raise _mismatch("..", left, right)
    left, right = int(left), int(right)
    if right - left > 1_000_000:
        raise EvaluationError("memory budget exceeded")
    return list(range(left, right + 1))


OPERATORS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+": _add,
    "-": _subtract,
    "*": _arithmetic("*", lambda left, right: left * right),
    "/": _arithmetic("/", _divide),
    "%": _modulo,
    "**": _arithmetic("**", _power),
    "^": _arithmetic("^", _power),
    "==": is_same,
    "!=": lambda left, right: not is_same(left, right),
    "<": _compare("<", lambda left, right: left < right),
    "<=": _compare("<=", lambda left, right: left <= right),
    ">": _compare(">", lambda left, right: left > right),
    ">=": _compare(">=", lambda left, right: left >= right),
    "in": _contains_item,
    "contains": _on_strings("contains", lambda left, right: right in left),
    "startsWith": _on_strings("startsWith", str.startswith),
    "endsWith": _on_strings("endsWith", str.endswith),
    "matches": _on_strings("matches", lambda left, right: re.search(right, left) is not None),
    "..": _range,
}
