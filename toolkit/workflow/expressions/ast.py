"""expr-lang's syntax tree. ``at`` is the offset at which expr-lang says that an error of a node is;
-1 where nobody knows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, or a function where it is called."""

    name: str
    at: int = field(default=-1, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Pointer:
    """``#`` (name ""), ``#acc``, ``#index`` in a predicate."""

    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """``target.name`` or ``target[key]``; optional with ``?.``."""

    target: Ast
    key: Ast
    is_optional: bool = False
    at: int = field(default=-1, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Slice:
    """``target[start:stop]``."""

    target: Ast
    start: Ast | None
    stop: Ast | None


@dataclass(frozen=True, slots=True)
class Call:
    """``function(arguments)``; a pipe puts its left side first."""

    function: Ast
    arguments: tuple[Ast, ...]
    at: int = field(default=-1, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Predicate:
    """``{# > 1}``: a function of the element."""

    body: Ast


@dataclass(frozen=True, slots=True)
class Unary:
    """``not x``, ``-x``, ``+x``."""

    operator: str
    operand: Ast
    at: int = field(default=-1, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """``left operator right``."""

    operator: str
    left: Ast
    right: Ast
    at: int = field(default=-1, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Conditional:
    """``test ? then : otherwise``, or ``if``."""

    test: Ast
    then: Ast
    otherwise: Ast


@dataclass(frozen=True, slots=True)
class Let:
    """``let name = value; body``."""

    name: str
    value: Ast
    body: Ast


@dataclass(frozen=True, slots=True)
class Array:
    """``[a, b]``."""

    items: tuple[Ast, ...]


@dataclass(frozen=True, slots=True)
class Map:
    """``{key: value}``."""

    pairs: tuple[tuple[Ast, Ast], ...]


Ast = (
    Constant
    | Name
    | Pointer
    | Member
    | Slice
    | Call
    | Predicate
    | Unary
    | Binary
    | Conditional
    | Let
    | Array
    | Map
)


def children(node: Ast) -> tuple[Ast, ...]:  # noqa: C901 -- one table of node kinds
    """The direct parts of a node, in source order."""
    match node:
        case Member(target, key):
            return (target, key)
        case Slice(target, start, stop):
            return tuple(part for part in (target, start, stop) if part is not None)
        case Call(function, arguments):
            return (function, *arguments)
        case Predicate(body):
            return (body,)
        case Unary(_, operand):
            return (operand,)
        case Binary(_, left, right):
            return (left, right)
        case Conditional(test, then, otherwise):
            return (test, then, otherwise)
        case Let(_, value, body):
            return (value, body)
        case Array(items):
            return items
        case Map(pairs):
            return tuple(part for pair in pairs for part in pair)
        case _:
            return ()


def paths(root: Ast) -> tuple[str, ...]:
    """The variables an expression needs, as dotted paths, outermost first; what stands left of
    ``??`` or ``?.`` is not needed, only the variable at its base is.
    """
    found: dict[str, None] = {}
    _collect(root, found, guarded=False)
    return tuple(found)


def _collect(node: Ast, found: dict[str, None], *, guarded: bool) -> None:
    match node:
        case Name(name):
            found[name] = None
            return
        case Binary("??", left, right):
            _collect(left, found, guarded=True)
            _collect(right, found, guarded=guarded)
            return
        case Call(Name(_), arguments):
            for argument in arguments:
                _collect(argument, found, guarded=guarded)
            return
        case Member(_, _, is_optional):
            path = _path(node)
            if path and not guarded:
                found[path] = None
            guarded = guarded or is_optional
        case _:
            pass
    for child in children(node):
        _collect(child, found, guarded=guarded)


def _path(node: Ast) -> str:
    match node:
        case Name(name):
            return name
        case Member(target, Constant(str(key)), False):
            base = _path(target)
            return f"{base}.{key}" if base else ""
        case _:
            return ""
