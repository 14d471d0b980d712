"""Versions and constraints on them, with Masterminds/semver's rules, as ``sprig.semverCompare`` has
them: ``>=1.2 <2 || ~3.1 || ^4``, ``1.x``, ``1.2 - 1.4``; a pre-release only meets a constraint that
names one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from toolkit.workflow.expressions.locate import EvaluationError

_PRE: Final = r"(?:-(?P<pre>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?"
_VERSION: Final = re.compile(rf"v?(?P<major>\d+)(?:\.(?P<minor>\d+))?(?:\.(?P<patch>\d+))?{_PRE}")
_PART: Final = r"\d+|[xX*]"
_TERM: Final = re.compile(
    r"\s*(?P<operator>!=|>=|=>|<=|=<|~>|[=<>~^]|)\s*"
    rf"v?(?P<major>{_PART})(?:\.(?P<minor>{_PART}))?(?:\.(?P<patch>{_PART}))?{_PRE}\s*,?"
)
_RANGE: Final = re.compile(r"(\S+)\s+-\s+(\S+)")


class Version(NamedTuple):
    """``pre`` is "" for a release."""

    major: int
    minor: int
    patch: int
    pre: str = ""

    @property
    def order(self) -> tuple[object, ...]:
        """What versions sort by: a pre-release comes before its release."""
        return (*self[:3], not self.pre, tuple(map(_identifier, self.pre.split("."))))


def _identifier(text: str) -> tuple[bool, int, str]:
    return (False, int(text), "") if text.isdecimal() else (True, 0, text)


def parse_version(text: str) -> Version:
    """A version; what is left out is 0. Raises EvaluationError."""
    found = _VERSION.fullmatch(text)
    if found is None:
        raise EvaluationError(f"Invalid Semantic Version: {text}")
    major, minor, patch = (int(found[name] or 0) for name in ("major", "minor", "patch"))
    return Version(major, minor, patch, found["pre"] or "")


class _Constraint(NamedTuple):
    """``width``: how many of the three numbers are given."""

    operator: str
    version: Version
    width: int


def meets(constraint: str, version: str) -> bool:
    """Whether the version meets the constraint. Raises EvaluationError for a broken one."""
    alternatives = [_terms(part) for part in _RANGE.sub(r">=\1 <=\2", constraint).split("||")]
    found = parse_version(version)
    return any(all(_holds(term, found) for term in terms) for terms in alternatives)


def _terms(text: str) -> list[_Constraint]:
    terms: list[_Constraint] = []
    at = 0
    while at < len(text.rstrip()):
        found = _TERM.match(text, at)
        if found is None or found.end() == at:
            raise EvaluationError(f"improper constraint: {text}")
        terms.append(_term(found))
        at = found.end()
    if not terms and text:
        raise EvaluationError(f"improper constraint: {text}")
    return terms


def _term(found: re.Match[str]) -> _Constraint:
    given: list[int] = []
    for name in ("major", "minor", "patch"):
        if found[name] is None or not found[name].isdecimal():
            break
        given.append(int(found[name]))
    major, minor, patch = (*given, 0, 0, 0)[:3]
    version = Version(major, minor, patch, found["pre"] or "")
    return _Constraint(found["operator"], version, len(given))


def _holds(term: _Constraint, version: Version) -> bool:
    if version.pre and not term.version.pre:
        return False
    return _OPERATORS[term.operator](term, version)


def _is_within(term: _Constraint, version: Version, width: int) -> bool:
    """The first ``width`` numbers agree, and the version is not before the constraint's."""
    return version[:width] == term.version[:width] and version.order >= term.version.order


def _equal(term: _Constraint, version: Version) -> bool:
    if term.width < 3:
        return _tilde(term, version)
    return version.order == term.version.order


def _tilde(term: _Constraint, version: Version) -> bool:
    return _is_within(term, version, min(term.width, 2))


def _caret(term: _Constraint, version: Version) -> bool:
    """Up to the first number that is not 0, of those given."""
    numbers = term.version[: term.width]
    width = next((at + 1 for at, number in enumerate(numbers) if number), term.width)
    return _is_within(term, version, width)


def _greater(term: _Constraint, version: Version) -> bool:
    if term.width < 3:
        return version[: term.width] > term.version[: term.width]
    return version.order > term.version.order


def _at_most(term: _Constraint, version: Version) -> bool:
    if term.width < 3:
        return version[: term.width] <= term.version[: term.width]
    return version.order <= term.version.order


def _at_least(term: _Constraint, version: Version) -> bool:
    return version.order >= term.version.order


_OPERATORS: Final[Mapping[str, Callable[[_Constraint, Version], bool]]] = {
    "": _equal,
    "=": _equal,
    "!=": lambda term, version: not _equal(term, version),
    ">": _greater,
    "<": lambda term, version: version.order < term.version.order,
    ">=": _at_least,
    "=>": _at_least,
    "<=": _at_most,
    "=<": _at_most,
    "~": _tilde,
    "~>": _tilde,
    "^": _caret,
}
