"""expr-lang's type check: what of an expression cannot work, whatever its variables hold.

Argo compiles an expression before it runs it, and the compiler knows the kinds of literals and of
what built-in functions give. So ``len(x) == '3'`` is an error here, too, and not just false.
Variables are of any kind: they are known only when the expression runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from toolkit.errors import ExpressionError
from toolkit.workflow.expressions import ast
from toolkit.workflow.expressions.locate import EvaluationError, located
from toolkit.workflow.expressions.signatures import (
    ANY,
    SIGNATURES,
    check_count,
    fits,
    static_kind,
)

_NUMBERS: Final = frozenset({"int", "float", "number"})
_BOOL: Final = frozenset({"bool"})
_ARRAY: Final = frozenset({"array"})
_STRING: Final = frozenset({"string"})
_ORDERED: Final = frozenset({"string", "time", "duration"})
_SHOWN: Final = {
    "float": "float64",
    "number": "float64",
    "array": "[]interface {}",
    "map": "map[string]interface {}",
    "time": "time.Time",
    "duration": "time.Duration",
}
_TRUTHS: Final = frozenset(
    {"all", "any", "filter", "find", "findIndex", "findLast", "findLastIndex", "none", "one"}
)
"""Functions whose predicate must be a truth; so must that of ``count``."""


def find_problem(tree: ast.Ast) -> EvaluationError | None:
    """Why the expression can never be evaluated; None where it may be."""
    try:
        _infer(tree, {})
    except ExpressionError as error:
        return located(error, -1)
    return None


def _infer(node: ast.Ast, names: Mapping[str, str]) -> str:
    try:
        return _kind_of(node, names)
    except ExpressionError as error:
        raise located(error, getattr(node, "at", -1)) from error


def _kind_of(node: ast.Ast, names: Mapping[str, str]) -> str:  # noqa: C901 -- one table of kinds
    match node:
        case ast.Constant(value):
            return static_kind(value)
        case ast.Name(name):
            return names.get(name, ANY)
        case ast.Binary(operator, left, right):
            return _binary(operator, _infer(left, names), _infer(right, names))
        case ast.Unary(operator, operand):
            return _unary(operator, _infer(operand, names))
        case ast.Conditional(test, then, otherwise):
            return _conditional(_infer(test, names), _infer(then, names), _infer(otherwise, names))
        case ast.Call(ast.Name(name), arguments) if name in SIGNATURES and name not in names:
            return _call(name, arguments, names)
        case ast.Let(name, value, body):
            if name in SIGNATURES:
                raise ExpressionError(f"cannot redeclare builtin {name}")
            return _infer(body, {**names, name: _infer(value, names)})
        case ast.Predicate(body):
            return _infer(body, names)
        case ast.Member(target, key, _):
            return _member(_infer(target, names), _infer(key, names))
        case ast.Slice(target, _, _):
            kind = _infer(target, names)
            return kind if kind in {"array", "string"} else ANY
    for child in ast.children(node):
        _infer(child, names)
    return {ast.Array: "array", ast.Map: "map"}.get(type(node), ANY)


def _call(name: str, arguments: tuple[ast.Ast, ...], names: Mapping[str, str]) -> str:
    signature = SIGNATURES[name]
    is_predicate = any(isinstance(argument, ast.Predicate) for argument in arguments)
    check_count(name, len(arguments), is_predicate=is_predicate or name in _PREDICATED)
    for position, argument in enumerate(arguments):
        given = _infer(argument, names)
        if isinstance(argument, ast.Predicate):
            if name in _TRUTHS | {"count"} and not fits(given, _BOOL):
                raise ExpressionError(f"predicate should return boolean (got {_shown(given)})")
        elif position < len(signature.kinds) or signature.repeats:
            is_array = position == 0 and name in _OF_ARRAYS
            _expect(name, given, _ARRAY if is_array else signature.wanted(position))
    return signature.result


_PREDICATED: Final = _TRUTHS | {"count", "groupBy", "map", "reduce", "sortBy", "sum"}
_OF_ARRAYS: Final = _PREDICATED | {"first", "last"}
"""What takes a variable that holds a text, but no literal one."""


def _expect(name: str, given: str, wanted: frozenset[str]) -> None:
    if not fits(given, wanted):
        raise ExpressionError(f"invalid argument for {name} (type {_shown(given)})")


def _member(target: str, key: str) -> str:
    if target == "string" or (target == "map" and not fits(key, _STRING)):
        raise ExpressionError(f"cannot use {_shown(key)} to get an element from {_shown(target)}")
    return ANY


def _unary(operator: str, operand: str) -> str:
    wanted = _BOOL if operator == "not" else _NUMBERS
    if not fits(operand, wanted):
        raise ExpressionError(f"invalid operation: {operator} (mismatched type {_shown(operand)})")
    return "bool" if operator == "not" else operand


def _conditional(test: str, then: str, otherwise: str) -> str:
    if not fits(test, _BOOL):
        raise ExpressionError(f"non-bool expression (type {_shown(test)}) used as condition")
    return then if then == otherwise else ANY


def _binary(operator: str, left: str, right: str) -> str:
    result = _RULES[operator](left, right)
    if not result:
        said = f"(mismatched types {_shown(left)} and {_shown(right)})"
        raise ExpressionError(f"invalid operation: {operator} {said}")
    return result


def _both(wanted: frozenset[str], result: str) -> Callable[[str, str], str]:
    return lambda left, right: result if fits(left, wanted) and fits(right, wanted) else ""


def _is_like(left: str, right: str) -> str:
    """Equality: within a kind, of numbers, and with nil."""
    if ANY in (left, right) or "nil" in (left, right) or left == right:
        return "bool"
    return "bool" if {left, right} <= _NUMBERS else ""


def _order(left: str, right: str) -> str:
    if ANY in (left, right):
        other = right if left == ANY else left
        return "bool" if other in _NUMBERS | _ORDERED | {ANY} else ""
    return "bool" if {left, right} <= _NUMBERS or (left == right and left in _ORDERED) else ""


def _sum(left: str, right: str) -> str:
    if ANY in (left, right):
        other = right if left == ANY else left
        return ANY if other in _NUMBERS | _ORDERED | {ANY} else ""
    if {left, right} <= _NUMBERS:
        return _number(left, right)
    return {
        ("string", "string"): "string",
        ("time", "duration"): "time",
        ("duration", "time"): "time",
        ("duration", "duration"): "duration",
    }.get((left, right), "")


def _difference(left: str, right: str) -> str:
    if ANY in (left, right):
        other = right if left == ANY else left
        return ANY if other in _NUMBERS | {"time", "duration", ANY} else ""
    if {left, right} <= _NUMBERS:
        return _number(left, right)
    return {
        ("time", "time"): "duration",
        ("time", "duration"): "time",
        ("duration", "duration"): "duration",
    }.get((left, right), "")


def _product(left: str, right: str) -> str:
    if ANY in (left, right):
        other = right if left == ANY else left
        return ANY if other in _NUMBERS | {"duration", ANY} else ""
    if {left, right} <= _NUMBERS:
        return _number(left, right)
    if "duration" in (left, right) and {left, right} <= _NUMBERS | {"duration"}:
        return "duration"
    return ""


def _number(left: str, right: str) -> str:
    return "int" if left == right == "int" else "number"


def _within(left: str, right: str) -> str:
    if right == "map":
        return "bool" if fits(left, _STRING) else ""
    return "bool" if right in {ANY, "array"} else ""


def _either(left: str, right: str) -> str:
    return left if left == right else ANY


_INT: Final = frozenset({"int"})
_RULES: Final[Mapping[str, Callable[[str, str], str]]] = {
    **dict.fromkeys(("==", "!="), _is_like),
    **dict.fromkeys(("<", "<=", ">", ">="), _order),
    **dict.fromkeys(("and", "&&", "or", "||"), _both(_BOOL, "bool")),
    **dict.fromkeys(("contains", "startsWith", "endsWith", "matches"), _both(_STRING, "bool")),
    **dict.fromkeys(("**", "^"), _both(_NUMBERS, "float")),
    "+": _sum,
    "-": _difference,
    "*": _product,
    "/": _both(_NUMBERS, "float"),
    "%": _both(_INT, "int"),
    "..": _both(_INT, "array"),
    "in": _within,
    "??": _either,
}


def _shown(kind: str) -> str:
    return _SHOWN.get(kind, "unknown" if kind == ANY else kind)
