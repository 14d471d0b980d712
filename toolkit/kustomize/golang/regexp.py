r"""Go's regular expressions (RE2) as Python's: kustomize compiles what users write with Go's.

Where the two read a pattern differently, Go's reading counts: flags within a pattern, ``$``,
``\d`` and ``\w`` (ASCII only), POSIX and Unicode classes, ``\Q…\E``. What Go refuses, such as
lookaround and possessive repetition, is refused. Source: Go's ``regexp/syntax``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_REPETITION = re.compile(r"\*|\+|\?|\{([0-9]+)(,([0-9]*))?\}")
_NAMED = re.compile(r"\(\?P?<([A-Za-z_][A-Za-z0-9_]*)>")
_FLAGS = re.compile(r"\(\?([imsU]*)(-[imsU]+)?([:)])")
_OCTAL = re.compile(r"0[0-7]{0,2}|[1-7][0-7]{1,2}")
_HEX = re.compile(r"x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]+)\})")
_CATEGORY = re.compile(r"[pP](?:\{(\^?)([A-Za-z_]+)\}|([A-Z]))")
_POSIX = re.compile(r"\[:(\^?)([a-z]+):\]")
_MOST_REPETITIONS: Final = 1000
_LAST: Final = 0x10FFFF

_PERL: Final = {"d": "0-9", "w": "0-9A-Za-z_", "s": "\\t\\n\\f\\r "}
_CONTROLS: Final = {"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}
_POSITIONS: Final = {"A": "(?:\\A)", "z": "(?:\\Z)", "b": "(?a:\\b)", "B": "(?a:\\B)"}
_POSIX_CLASSES: Final = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": "\\x00-\\x7f",
    "blank": "\\t ",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": "\\t\\n\\v\\f\\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}


class GoRegexpError(ValueError):
    """The text is no regular expression of Go's. The message says why."""


@lru_cache(maxsize=512)
def go_regexp(pattern: str) -> re.Pattern[str]:
    r"""The pattern, compiled. Raises GoRegexpError. Cost: linear in the pattern, but a class like
    ``\pL`` looks at all characters there are.
    """
    try:
        return re.compile(_Parser(pattern).run())
    except (re.error, RecursionError, OverflowError) as error:
        raise GoRegexpError(str(error)) from None


class _Parser:
    """One pass over a pattern. Every atom is written by the flags that hold where it stands."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0
        self.flags: frozenset[str] = frozenset()
        self.names: set[str] = set()

    def run(self) -> str:
        text = self._alternation()
        if self.position < len(self.pattern):
            raise GoRegexpError("there is a ')' without a '('")
        return text

    def _alternation(self) -> str:
        out: list[str] = []
        while self.position < len(self.pattern) and not self._is_at(")"):
            if self._is_at("|"):
                self.position += 1
                out.append("|")
            elif self._is_at("\\Q"):
                out.append(self._quoted())
            else:
                atom = self._atom()
                out.append(atom + self._repetition() if atom else "")
        return "".join(out)

    def _atom(self) -> str:
        """What may be repeated; "" where only flags were set."""
        character = self.pattern[self.position]
        if character == "(":
            return self._group()
        if character == "[":
            return self._with_case(self._class())
        if match := _REPETITION.match(self.pattern, self.position):
            raise GoRegexpError(f"there is nothing before {match[0]!r} to repeat")
        self.position += 1
        if character == "\\":
            return self._escape()
        if character == ".":
            return "(?s:.)" if "s" in self.flags else "."
        if character == "^":
            return "(?m:^)" if "m" in self.flags else "(?:^)"
        if character == "$":
            return "(?m:$)" if "m" in self.flags else "(?:\\Z)"
        return self._with_case(re.escape(character))

    def _with_case(self, atom: str) -> str:
        return f"(?i:{atom})" if "i" in self.flags else atom

    def _group(self) -> str:
        before = self.flags
        opened = "("
        if named := self._take(_NAMED):
            if named[1] in self.names:
                raise GoRegexpError(f"two groups are called {named[1]!r}")
            self.names.add(named[1])
        elif flags := self._take(_FLAGS):
            self.flags = self.flags.union(flags[1]).difference(flags[2] or "")
            if flags[3] == ")":
                return ""
            opened = "(?:"
        elif self._is_at("(?"):
            start = self.pattern[self.position : self.position + 4]
            raise GoRegexpError(f"Go knows no group that starts with {start!r}")
        else:
            self.position += 1
        inner = self._alternation()
        if not self._is_at(")"):
            raise GoRegexpError("a '(' is not closed")
        self.position += 1
        self.flags = before
        return f"{opened}{inner})"

    def _repetition(self) -> str:
        match = self._take(_REPETITION)
        if match is None:
            return ""
        if match[1]:
            least, most = int(match[1]), int(match[3] or match[1])
            if max(least, most) > _MOST_REPETITIONS or least > most:
                raise GoRegexpError(f"{match[0]} repeats too often, or less than it must")
        is_lazy = self._is_at("?")
        self.position += is_lazy
        if again := _REPETITION.match(self.pattern, self.position):
            raise GoRegexpError(f"{match[0]} cannot itself be repeated by {again[0]}")
        return match[0] + ("?" if is_lazy is not ("U" in self.flags) else "")

    def _quoted(self) -> str:
        """``\\Q…\\E``: the last character is what a repetition after it repeats."""
        end = self.pattern.find("\\E", self.position + 2)
        text = self.pattern[self.position + 2 : end if end >= 0 else len(self.pattern)]
        self.position = end + 2 if end >= 0 else len(self.pattern)
        out = "".join(self._with_case(re.escape(character)) for character in text)
        return out + self._repetition() if text else ""

    def _escape(self) -> str:
        letter = self._peek()
        if letter in _POSITIONS:
            self.position += 1
            return _POSITIONS[letter]
        if letter in ("C", "Q", "E"):
            raise GoRegexpError(f"'\\{letter}' is not possible here")
        members = self._class_escape()
        if members is not None:
            return self._with_case(f"[{members}]")
        return self._with_case(re.escape(self._character()))

    def _class_escape(self) -> str | None:
        r"""The members of ``\d``, ``\pL`` and their like, for within brackets."""
        letter = self._peek()
        if letter.lower() in _PERL:
            self.position += 1
            members = _PERL[letter.lower()]
            return members if letter.islower() else _others(members)
        if match := self._take(_CATEGORY):
            is_negated = (letter == "P") is not bool(match[1])
            members = _category(match[2] or match[3])
            return _others(members) if is_negated else members
        return None

    def _character(self) -> str:
        """One escaped character, after the backslash."""
        if match := self._take(_OCTAL):
            return chr(int(match[0], 8))
        if match := self._take(_HEX):
            number = int(match[1] or match[2], 16)
            if number > _LAST:
                raise GoRegexpError(f"there is no character {match[0]}")
            return chr(number)
        letter = self._peek()
        self.position += 1
        if letter in _CONTROLS:
            return _CONTROLS[letter]
        if not letter or letter.isalnum() or not letter.isascii():
            raise GoRegexpError(f"Go knows no '\\{letter}'")
        return letter

    def _class(self) -> str:
        self.position += 1
        negation = "^" if self._is_at("^") else ""
        self.position += len(negation)
        members: list[str] = []
        while not members or not self._is_at("]"):
            if self.position >= len(self.pattern):
                raise GoRegexpError("a '[' is not closed")
            members.append(self._member())
        self.position += 1
        return f"[{negation}{''.join(members)}]"

    def _member(self) -> str:
        if self._is_at("[:") and (match := self._take(_POSIX)):
            if match[2] not in _POSIX_CLASSES:
                raise GoRegexpError(f"there is no class {match[0]}")
            members = _POSIX_CLASSES[match[2]]
            return _others(members) if match[1] else members
        if self._is_at("\\"):
            self.position += 1
            members_of_escape = self._class_escape()
            if members_of_escape is not None:
                return members_of_escape
            first = self._character()
        else:
            first = self.pattern[self.position]
            self.position += 1
        if not self._is_at("-") or self._is_at("-]"):
            return _written(first)
        self.position += 1
        last = self._last()
        if last < first:
            raise GoRegexpError(f"the range {first}-{last} is the wrong way round")
        return f"{_written(first)}-{_written(last)}"

    def _last(self) -> str:
        if self.position >= len(self.pattern):
            raise GoRegexpError("a '[' is not closed")
        self.position += 1
        if self.pattern[self.position - 1] == "\\":
            return self._character()
        return self.pattern[self.position - 1]

    def _is_at(self, text: str) -> bool:
        return self.pattern.startswith(text, self.position)

    def _peek(self) -> str:
        return self.pattern[self.position : self.position + 1]

    def _take(self, syntax: re.Pattern[str]) -> re.Match[str] | None:
        match = syntax.match(self.pattern, self.position)
        if match is not None:
            self.position = match.end()
        return match


def _written(character: str) -> str:
    r"""A character within brackets, always as ``\U…``: nothing of it is syntax then."""
    return f"\\U{ord(character):08x}"


@lru_cache(maxsize=32)
def _others(members: str) -> str:
    """All characters but these, as ranges."""
    pattern = re.compile(f"[{members}]")
    return _ranges(lambda character: pattern.match(character) is None)


@lru_cache(maxsize=32)
def _category(name: str) -> str:
    """The characters of a general category, as ranges: ``L``, ``Lu``, ``N``."""
    from unicodedata import category

    if name == "Any":
        return f"\\x00-\\U{_LAST:08x}"
    found = _ranges(lambda character: category(character).startswith(name))
    if not found or len(name) > 2:
        raise GoRegexpError(f"there is no class of characters {name!r} here")
    return found


def _ranges(is_member: Callable[[str], bool]) -> str:
    out: list[str] = []
    start: int | None = None
    for number in range(_LAST + 2):
        if number <= _LAST and is_member(chr(number)):
            start = number if start is None else start
        elif start is not None:
            out.append(f"\\U{start:08x}-\\U{number - 1:08x}")
            start = None
    return "".join(out)
