"""Errors of reading and building as findings: what cannot be read cannot be right."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from toolkit.errors import BuildError, InputError, SettingsError, YamlError
from toolkit.kustomize.result import BuildWarning
from toolkit.source import Location
from toolkit.validate.finding import Finding
from toolkit.validate.rules import RULES

_RULES: Final[tuple[tuple[type[InputError], str], ...]] = (
    (YamlError, "yaml"),
    (BuildError, "build"),
    (SettingsError, "settings"),
)


def finding_of_error(error: InputError) -> Finding:
    """One finding with the error's place, message and hints."""
    rule = next((name for kind, name in _RULES if isinstance(error, kind)), "yaml")
    return _finding(rule, error.message, error.location, "; ".join(error.hints), error.excerpt)


def findings_of_warnings(warnings: Iterable[BuildWarning]) -> tuple[Finding, ...]:
    """What the build tolerated."""
    return tuple(
        _finding("build-warning", warning.message, warning.location, warning.hint, None)
        for warning in warnings
    )


def _finding(
    rule: str, message: str, location: Location | None, hint: str, excerpt: str | None
) -> Finding:
    severity = RULES[rule].severity
    return Finding(rule, severity, None, (), location, message, hint, excerpt or "")
