"""expr-lang's parser: precedence climbing over tokens."""

from __future__ import annotations

import json
from typing import Final

from toolkit.workflow.expressions.ast import (
    Array,
    Ast,
    Binary,
    Call,
    Conditional,
    Constant,
    Let,
    Map,
    Member,
    Name,
    Pointer,
    Predicate,
    Slice,
    Unary,
)
from toolkit.workflow.expressions.tokens import Token, tokenize, unexpected

_LEFT: Final = {
    "|": 0, "or": 10, "||": 10, "and": 15, "&&": 15,
    "==": 20, "!=": 20, "<": 20, ">": 20, ">=": 20, "<=": 20,
    "in": 20, "matches": 20, "contains": 20, "startsWith": 20, "endsWith": 20,
    "..": 25, "+": 30, "-": 30, "*": 60, "/": 60, "%": 60, "**": 100, "^": 100, "??": 500,
}  # fmt: skip
_UNARY: Final = {"not": 50, "!": 50, "-": 90, "+": 90}
_RIGHT_ASSOCIATIVE: Final = frozenset({"**", "^"})
_NEGATABLE: Final = frozenset({"in", "matches", "contains", "startsWith", "endsWith"})
_CONSTANTS: Final = {"true": True, "false": False, "nil": None}
_PREDICATES: Final = frozenset(
    {
        "all", "none", "any", "one", "filter", "map", "count", "sum", "find", "findIndex",
        "findLast", "findLastIndex", "groupBy", "sortBy", "reduce",
    }
)  # fmt: skip
_MAX_DEPTH: Final = 200


def parse_ast(text: str) -> Ast:
    """The syntax tree. Raises ExpressionError with (line:column)."""
    parser = _Parser(text)
    tree = parser.sequence()
    if parser.now.kind != "end":
        raise parser.error()
    return tree


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokenize(text)
        self._at = 0
        self._depth = 0

    @property
    def now(self) -> Token:
        return self._tokens[self._at]

    def error(self, message: str = "") -> Exception:
        token = self.now
        said = message or f"unexpected token {_shown(token)}"
        return unexpected(self._text, token.at, said)

    def is_(self, *values: str) -> bool:
        return self.now.kind == "operator" and self.now.value in values

    def advance(self) -> Token:
        token = self.now
        self._at += 1
        return token

    def take(self, value: str) -> bool:
        if self.is_(value):
            self._at += 1
            return True
        return False

    def expect(self, value: str) -> None:
        if not self.take(value):
            raise self.error()

    # From the outside in

    def sequence(self) -> Ast:
        """``let`` bindings, then the value; of several values the last."""
        if not self.take("let"):
            value = self.expression(0)
            return self.sequence() if self.take(";") else value
        name = self.advance()
        if name.kind != "name":
            raise self.error()
        self.expect("=")
        value = self.expression(0)
        self.expect(";")
        return Let(name.value, value, self.sequence())

    def expression(self, level: int) -> Ast:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self.error("expression is nested too deeply")
        left = self._if() if level == 0 and self.is_("if") else self._unary()
        left = self._operators(left, level)
        if level == 0:
            left = self._conditional(left)
        self._depth -= 1
        return left

    def _operators(self, left: Ast, level: int) -> Ast:
        while self.now.kind == "operator":
            start = self._at
            negated = self.take("not")
            operator = self.now.value
            binding = _LEFT.get(operator, -1)
            if binding < level or (negated and operator not in _NEGATABLE):
                self._at = start
                break
            at = self.advance().at
            if operator == "|":
                left = self._pipe(left)
                continue
            right_level = binding if operator in _RIGHT_ASSOCIATIVE else binding + 1
            right = self.expression(right_level)
            left = _compared(left, operator, right, at)
            if negated:
                left = Unary("not", left, at)
        return left

    def _pipe(self, left: Ast) -> Ast:
        name = self.advance()
        if name.kind != "name":
            self._at -= 1
            raise self.error()
        return self._postfix(self._call(Name(name.value, name.at), (left,)))

    def _conditional(self, test: Ast) -> Ast:
        if not self.take("?"):
            return test
        if self.take(":"):
            return Conditional(test, test, self.expression(0))
        then = self.expression(0)
        self.expect(":")
        return Conditional(test, then, self.expression(0))

    def _if(self) -> Ast:
        self.expect("if")
        test = self.expression(0)
        self.expect("{")
        then = self.sequence()
        self.expect("}")
        self.expect("else")
        if self.is_("if"):
            return Conditional(test, then, self._if())
        self.expect("{")
        otherwise = self.sequence()
        self.expect("}")
        return Conditional(test, then, otherwise)

    def _unary(self) -> Ast:
        if self.now.kind == "operator" and self.now.value in _UNARY:
            token = self.advance()
            operand = self.expression(_UNARY[token.value])
            return Unary("not" if token.value == "!" else token.value, operand, token.at)
        if self.take("("):
            inner = self.sequence()
            self.expect(")")
            return self._postfix(inner)
        if self.is_("#", "."):
            return self._pointer()
        return self._postfix(self._primary())

    def _pointer(self) -> Ast:
        if self.take("#"):
            if self.now.kind == "name" and self.now.value in {"acc", "index"}:
                return self._postfix(Pointer(self.advance().value))
            return self._postfix(Pointer(""))
        return self._postfix(Pointer(""))

    def _primary(self) -> Ast:
        token = self.now
        match token.kind:
            case "number":
                self.advance()
                return Constant(_number(token.value))
            case "string":
                self.advance()
                return Constant(token.value)
            case "name":
                self.advance()
                return self._name(token)
        if self.take("["):
            return Array(tuple(self._list("]")))
        if self.take("{"):
            return self._map()
        raise self.error()

    def _name(self, token: Token) -> Ast:
        if token.value in _CONSTANTS:
            return Constant(_CONSTANTS[token.value])
        if self.is_("("):
            return self._call(Name(token.value, token.at), ())
        return Name(token.value, token.at)

    def _call(self, function: Ast, first: tuple[Ast, ...]) -> Ast:
        takes_predicate = isinstance(function, Name) and function.name in _PREDICATES
        self.expect("(")
        arguments = [*first]
        while not self.take(")"):
            if len(arguments) > len(first):
                self.expect(",")
                if self.take(")"):
                    break
            position = len(arguments)
            arguments.append(
                self._predicate() if takes_predicate and position == 1 else self.sequence()
            )
        return Call(function, tuple(arguments), getattr(function, "at", -1))

    def _predicate(self) -> Ast:
        if self.take("{"):
            body = self.sequence()
            self.expect("}")
            return Predicate(body)
        return Predicate(self.sequence())

    def _list(self, close: str) -> list[Ast]:
        items: list[Ast] = []
        while not self.take(close):
            if items:
                self.expect(",")
                if self.take(close):
                    break
            items.append(self.sequence())
        return items

    def _map(self) -> Ast:
        pairs: list[tuple[Ast, Ast]] = []
        while not self.take("}"):
            if pairs:
                self.expect(",")
                if self.take("}"):
                    break
            key = self._map_key()
            self.expect(":")
            pairs.append((key, self.sequence()))
        return Map(tuple(pairs))

    def _map_key(self) -> Ast:
        if self.take("("):
            key = self.expression(0)
            self.expect(")")
            return key
        token = self.advance()
        if token.kind == "end" or (token.kind == "operator" and not token.value.isalpha()):
            self._at -= 1
            raise self.error("a map key must be a quoted string, a number, a identifier")
        return Constant(token.value)

    def _postfix(self, node: Ast) -> Ast:
        while True:
            if self.is_(".", "?."):
                node = self._member(node)
            elif self.is_("["):
                node = self._index(node)
            elif self.is_("(") and isinstance(node, Member):
                node = self._call(node, ())
            else:
                return node

    def _member(self, node: Ast) -> Ast:
        is_optional = self.is_("?.")
        if self.is_(".", "?."):
            self.advance()
        if is_optional and self.is_("["):
            return self._index(node, is_optional=True)
        token = self.advance()
        if token.kind != "name" and not (token.kind == "operator" and token.value.isalpha()):
            self._at -= 1
            raise self.error()
        return Member(node, Constant(token.value), is_optional, token.at)

    def _index(self, node: Ast, *, is_optional: bool = False) -> Ast:
        at = self.now.at
        self.expect("[")
        if self.take(":"):
            stop = None if self.is_("]") else self.expression(0)
            self.expect("]")
            return Slice(node, None, stop)
        start = self.expression(0)
        if self.take(":"):
            stop = None if self.is_("]") else self.expression(0)
            self.expect("]")
            return Slice(node, start, stop)
        self.expect("]")
        return Member(node, start, is_optional, at)


def _shown(token: Token) -> str:
    if token.kind == "end":
        return "EOF"
    kind = "Bracket" if token.value in _BRACKETS else _KINDS[token.kind]
    return f"{kind}({json.dumps(token.value, ensure_ascii=False)})"


_BRACKETS: Final = frozenset("()[]{}")
_KINDS: Final = {
    "number": "Number", "string": "String", "name": "Identifier", "operator": "Operator",
}  # fmt: skip
_COMPARISONS: Final = frozenset({"<", "<=", ">", ">="})


def _compared(left: Ast, operator: str, right: Ast, at: int) -> Ast:
    """``a < b < c`` means ``a < b and b < c``."""
    if operator in _COMPARISONS and isinstance(left, Binary) and left.operator in _COMPARISONS:
        return Binary("and", left, Binary(operator, left.right, right, at), at)
    return Binary(operator, left, right, at)


def _number(text: str) -> int | float:
    plain = text.replace("_", "")
    if plain[:2].lower() in {"0x", "0b", "0o"}:
        return int(plain, 0)
    if any(mark in plain for mark in ".eE"):
        return float(plain)
    return int(plain)
