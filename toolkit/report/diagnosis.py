"""What ``gitops doctor`` found, as text and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from toolkit.report.table import printable


class Verdict(Enum):
    """``LACKING``: something works less well, or not at all, that is not essential."""

    FINE = "ok"
    LACKING = "lacks"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Check:
    """One look. ``hint`` is said where it is not fine."""

    name: str
    verdict: Verdict
    told: str
    hint: str = ""


_VERSION: Final = 1


def format_checks(checks: Sequence[Check]) -> str:
    """A line a check, and below those that are not fine what can be done."""
    width = max(len(check.name) for check in checks)
    mark = max(len(verdict.value) for verdict in Verdict)
    lines = []
    for check in checks:
        head = f"{check.verdict.value:<{mark}}  {check.name:<{width}}"
        lines.append(f"{head}  {printable(check.told)}")
        if check.hint and check.verdict is not Verdict.FINE:
            lines.append(f"{'':<{mark}}  {'':<{width}}  hint: {check.hint}")
    return "\n".join(lines)


def document_of_checks(checks: Sequence[Check]) -> dict[str, Any]:
    """The JSON shape, version 1."""
    return {
        "version": _VERSION,
        "checks": [
            {
                "name": check.name,
                "verdict": check.verdict.value,
                "found": check.told,
                "hint": check.hint if check.verdict is not Verdict.FINE else "",
            }
            for check in checks
        ],
    }
