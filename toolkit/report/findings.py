"""Findings as text and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from toolkit.resource.field_path import format_path
from toolkit.validate.finding import Finding, Severity

JSON_VERSION: Final = 1
_COLOURS: Final = {Severity.ERROR: "1;31", Severity.WARNING: "1;33"}
_MAX_EXCERPT: Final = 160


@dataclass(frozen=True, slots=True)
class TargetFindings:
    """What was found in one target: an environment, a folder, a file."""

    target: str
    findings: tuple[Finding, ...]


def format_findings(findings: Sequence[Finding], *, coloured: bool) -> str:
    """One block a finding, as compilers do; "" where there are none.

    ::

        crons/base/hello.yaml:12:9: error: unknown field 'contaner' in … [unknown-field]
           12 |         contaner:
              |         ^
        hint: did you mean 'container'?
    """
    return "\n".join(_block(finding, coloured=coloured) for finding in findings)


def summary_of(findings: Sequence[Finding]) -> str:
    """``2 errors, 1 warning``; ``nothing found``."""
    counts = Counter(finding.severity for finding in findings)
    parts = [
        f"{counts[severity]} {severity.value}{'s' if counts[severity] != 1 else ''}"
        for severity in Severity
        if counts[severity]
    ]
    return ", ".join(parts) or "nothing found"


def findings_document(groups: Sequence[TargetFindings]) -> dict[str, Any]:
    """The JSON shape of ``gitops validate -o json``, version 1."""
    everything = [finding for group in groups for finding in group.findings]
    counts = Counter(finding.severity.value for finding in everything)
    return {
        "version": JSON_VERSION,
        "targets": [
            {
                "target": group.target,
                "findings": [finding_document(finding) for finding in group.findings],
            }
            for group in groups
        ],
        "errors": counts["error"],
        "warnings": counts["warning"],
    }


def finding_document(finding: Finding) -> dict[str, Any]:
    """One finding; line and column are 0 where they are not known."""
    location = finding.location
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        "hint": finding.hint,
        "object": finding.resource.short if finding.resource else "",
        "field": format_path(finding.path),
        "file": location.path if location else "",
        "line": location.line if location else 0,
        "column": location.column if location else 0,
    }


def _block(finding: Finding, *, coloured: bool) -> str:
    severity = _painted(_COLOURS[finding.severity], finding.severity.value, coloured=coloured)
    place = f"{finding.location}: " if finding.location else ""
    lines = [f"{place}{severity}: {finding.message} [{finding.rule}]", *_excerpt(finding)]
    if finding.resource is not None and finding.resource.kind:
        field = format_path(finding.path)
        holder = finding.resource.short if finding.resource.name else finding.resource.kind
        lines.append(f"  in {holder}" + (f", {field}" if field else ""))
    if finding.hint:
        lines.append(_painted("1;36", "hint", coloured=coloured) + f": {finding.hint}")
    return "\n".join(lines)


def _excerpt(finding: Finding) -> list[str]:
    location = finding.location
    if location is None or not location.line or not finding.excerpt:
        return []
    text = finding.excerpt.replace("\t", " ")[:_MAX_EXCERPT]
    lines = [f"{location.line:>5} | {text}"]
    if 0 < location.column <= len(text) + 1:
        lines.append("      | " + " " * (location.column - 1) + "^")
    return lines


def _painted(code: str, text: str, *, coloured: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if coloured else text
