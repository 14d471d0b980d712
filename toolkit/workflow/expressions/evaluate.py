"""expr-lang's evaluation: the AST becomes a tree of closures over a frame."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from toolkit.workflow.expressions import ast
from toolkit.workflow.expressions.functions import BUILTINS, PREDICATE_FUNCTIONS
from toolkit.workflow.expressions.infer import find_problem
from toolkit.workflow.expressions.locate import EvaluationError, located, told, with_place
from toolkit.workflow.expressions.operators import OPERATORS
from toolkit.workflow.expressions.parse import parse_ast
from toolkit.workflow.expressions.signatures import check_count, check_values
from toolkit.workflow.expressions.sprig import SPRIG
from toolkit.workflow.expressions.values import (
    elements,
    go_text,
    is_number,
    kind,
    member,
    plain,
)


@dataclass(frozen=True, slots=True)
class Environment:
    """What an expression sees. ``lookup(name)`` gives (known, value) for a variable; ``now`` is
    what ``now()`` answers, None where time is not known.
    """

    lookup: Callable[[str], tuple[bool, Any]]
    now: datetime | None = None

    @classmethod
    def of(cls, values: Mapping[str, Any], now: datetime | None = None) -> Environment:
        """An environment over ordinary, nested values."""
        return cls(lambda name: (name in values, values.get(name)), now)


@dataclass(slots=True)
class _Frame:
    environment: Environment
    locals: dict[str, Any] = field(default_factory=dict)

    def bind(self, **values: Any) -> _Frame:
        return _Frame(self.environment, {**self.locals, **values})


_Code = Callable[[_Frame], Any]


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression. ``needs`` are the dotted paths that must exist for it to mean
    something (what stands left of ``??`` needs only its base). ``problem``: why it can never be
    evaluated, whatever its variables hold; "" where it may be; ``problem_at``: its offset, or -1.
    """

    text: str
    needs: tuple[str, ...]
    problem: str
    problem_at: int
    _code: _Code = field(repr=False)

    def evaluate(self, environment: Environment) -> Any:
        """The value, lazy maps made ordinary. Raises EvaluationError."""
        if self.problem:
            problem = EvaluationError(with_place(self.text, self.problem_at, self.problem))
            problem.is_static = True
            raise problem
        try:
            return plain(self._code(_Frame(environment)))
        except EvaluationError as error:
            raise told(self.text, error) from error
        except _UNFIT as error:
            raise EvaluationError(str(error)) from error
        except RecursionError as error:
            raise EvaluationError("expression is nested too deeply") from error


_UNFIT: Final = (
    *(AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError),
    *(ZeroDivisionError, re.error),
)
"""What a function raises on values that are none for it."""


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Compile an expression; remembered by its text. Raises ExpressionError."""
    tree = parse_ast(text)
    problem = find_problem(tree)
    said, at = (problem.message, problem.at) if problem is not None else ("", -1)
    return Expression(text, ast.paths(tree), said, at, _compile(tree))


def evaluate_bool(text: str, environment: Environment) -> bool:
    """The truth of an expression, with Argo's error texts. Raises ExpressionError."""
    try:
        result = parse(text).evaluate(environment)
    except EvaluationError as error:
        if error.is_static:
            raise
        raise EvaluationError(f"unable to evaluate expression '{text}': {error.message}") from error
    if not isinstance(result, bool):
        raise EvaluationError(f"unable to cast expression result '{go_text(result)}' to bool")
    return result


def _compile(node: ast.Ast) -> _Code:  # noqa: C901, PLR0912 -- one table of node kinds
    match node:
        case ast.Constant(value):
            return lambda _: value
        case ast.Name(name):
            return lambda frame: _variable(frame, name, node.at)
        case ast.Pointer(name):
            key = f"#{name}"
            return lambda frame: _pointer(frame, key)
        case ast.Member(target, key, is_optional):
            return _member(_compile(target), _compile(key), node.at, is_optional=is_optional)
        case ast.Slice():
            return _slice(node)
        case ast.Call(function, arguments):
            return _call(function, arguments, node.at)
        case ast.Predicate(body):
            return _compile(body)
        case ast.Unary(operator, operand):
            return _unary(operator, _compile(operand), node.at)
        case ast.Binary("and" | "&&" | "or" | "||" as operator, left, right):
            return _logic(operator, left, right, node.at)
        case ast.Binary(operator, left, right):
            return _binary(operator, _compile(left), _compile(right), node.at)
        case ast.Conditional(test, then, otherwise):
            return _conditional(_compile(test), _compile(then), _compile(otherwise))
        case ast.Let(name, value, body):
            return _let(name, _compile(value), _compile(body))
        case ast.Array(items):
            parts = tuple(map(_compile, items))
            return lambda frame: [part(frame) for part in parts]
        case ast.Map(pairs):
            entries = tuple((_compile(key), _compile(value)) for key, value in pairs)
            return lambda frame: {str(key(frame)): value(frame) for key, value in entries}


def _variable(frame: _Frame, name: str, at: int = -1) -> Any:
    if name in frame.locals:
        return frame.locals[name]
    known, value = frame.environment.lookup(name)
    if known:
        return value
    if name == "sprig":
        return SPRIG
    unknown = EvaluationError(f"unknown name {name}")
    unknown.at, unknown.is_static = at, True
    raise unknown


def _pointer(frame: _Frame, key: str) -> Any:
    if key not in frame.locals:
        raise EvaluationError(f"{key} stands outside of a predicate")
    return frame.locals[key]


def _member(target: _Code, key: _Code, at: int, *, is_optional: bool) -> _Code:
    def run(frame: _Frame) -> Any:
        value = target(frame)
        if value is None and is_optional:
            return None
        found = key(frame)
        try:
            return member(value, found)
        except (EvaluationError, *_UNFIT) as error:
            raise located(error, at) from error

    return run


def _slice(node: ast.Slice) -> _Code:
    target = _compile(node.target)
    start = _compile(node.start) if node.start is not None else None
    stop = _compile(node.stop) if node.stop is not None else None

    def run(frame: _Frame) -> Any:
        value = target(frame)
        bounds = slice(start(frame) if start else None, stop(frame) if stop else None)
        if isinstance(value, str) and not value.isascii():
            return value.encode()[bounds].decode("utf-8", "replace")
        return value[bounds]

    return run


def _conditional(test: _Code, then: _Code, otherwise: _Code) -> _Code:
    def run(frame: _Frame) -> Any:
        return then(frame) if _truth(test(frame)) else otherwise(frame)

    return run


def _let(name: str, value: _Code, body: _Code) -> _Code:
    return lambda frame: body(frame.bind(**{name: value(frame)}))


def _call(function: ast.Ast, arguments: tuple[ast.Ast, ...], at: int) -> _Code:
    if isinstance(function, ast.Name):
        if function.name in PREDICATE_FUNCTIONS:
            return _predicate_call(function.name, arguments)
        return _named_call(function.name, tuple(map(_compile, arguments)), at)
    target, parts = _compile(function), tuple(map(_compile, arguments))

    def run(frame: _Frame) -> Any:
        callee = target(frame)
        if not callable(callee):
            raise EvaluationError(f"{kind(callee)} is not a function")
        return _called(callee, [plain(part(frame)) for part in parts], at)

    return run


def _called(function: Callable[..., Any], values: list[Any], at: int) -> Any:
    try:
        return function(*values)
    except (EvaluationError, *_UNFIT) as error:
        raise located(error, at) from error


def _named_call(name: str, parts: tuple[_Code, ...], at: int) -> _Code:
    def run(frame: _Frame) -> Any:
        values = [plain(part(frame)) for part in parts]
        if name == "now":
            if frame.environment.now is None:
                raise EvaluationError("now() is not known here")
            return frame.environment.now
        if name not in BUILTINS:
            callee = _variable(frame, name, at)
            if not callable(callee):
                raise EvaluationError(f"{kind(callee)} is not a function")
            return _called(callee, values, at)
        check_count(name, len(values))
        check_values(name, values)
        return _called(BUILTINS[name], values, at)

    return run


def _predicate_call(name: str, arguments: tuple[ast.Ast, ...]) -> _Code:
    function = PREDICATE_FUNCTIONS[name]
    parts = tuple(map(_compile, arguments))

    def run(frame: _Frame) -> Any:
        items = elements(parts[0](frame))
        predicate = _element_function(frame, parts[1]) if len(parts) > 1 else None
        return function(items, predicate, *[part(frame) for part in parts[2:]])

    return run


def _element_function(frame: _Frame, body: _Code) -> Callable[..., Any]:
    def call(item: Any, index: int = 0, accumulated: Any = None) -> Any:
        bound = {"#": item, "#index": index, "#acc": accumulated}
        return plain(body(_Frame(frame.environment, {**frame.locals, **bound})))

    return call


def _unary(operator: str, operand: _Code, at: int) -> _Code:
    if operator == "not":
        return lambda frame: not _truth(operand(frame))
    if operator == "+":
        return operand

    def run(frame: _Frame) -> Any:
        value = operand(frame)
        if not is_number(value):
            raise located(EvaluationError(f"invalid operation: -{kind(value)}"), at)
        return -value

    return run


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise EvaluationError(f"non-bool expression (type {kind(value)}) used as condition")
    return value


def _logic(operator: str, left: ast.Ast, right: ast.Ast, at: int) -> _Code:
    """With a literal truth on a side the other decides, unasked whether it is a truth."""
    absorbing = operator in {"or", "||"}
    for side, other in ((left, right), (right, left)):
        if isinstance(side, ast.Constant) and isinstance(side.value, bool):
            return (lambda _: absorbing) if side.value is absorbing else _compile(other)
    return _binary(operator, _compile(left), _compile(right), at)


def _binary(operator: str, left: _Code, right: _Code, at: int) -> _Code:
    match operator:
        case "and" | "&&":
            return lambda frame: right(frame) if _truth(left(frame)) else False
        case "or" | "||":
            return lambda frame: True if _truth(left(frame)) else right(frame)
        case "??":
            return lambda frame: _coalesce(left, right, frame)
    function = OPERATORS[operator]

    def run(frame: _Frame) -> Any:
        first, second = left(frame), right(frame)
        try:
            return function(first, second)
        except (EvaluationError, *_UNFIT) as error:
            raise located(error, at) from error

    return run


def _coalesce(left: _Code, right: _Code, frame: _Frame) -> Any:
    try:
        value = left(frame)
    except EvaluationError as error:
        if not error.message.endswith("from <nil>"):
            raise
        value = None
    return right(frame) if value is None else value
