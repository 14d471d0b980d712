"""Findings as SARIF 2.1.0, which code hosts show beside the lines of a change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from toolkit.resource.field_path import format_path
from toolkit.validate.finding import Finding
from toolkit.validate.rules import RULES

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif_document(findings: Sequence[Finding], *, tool_version: str) -> dict[str, Any]:
    """One run with all rules that were broken; files are relative to the repository's root."""
    rules = sorted({finding.rule for finding in findings})
    driver = {
        "name": "gitops validate",
        "version": tool_version,
        "rules": [_rule(name) for name in rules],
    }
    results = [_result(finding, rules.index(finding.rule)) for finding in findings]
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }


def _rule(name: str) -> dict[str, Any]:
    rule = RULES.get(name)
    return {
        "id": name,
        "shortDescription": {"text": rule.summary if rule else name},
        "defaultConfiguration": {"level": rule.severity.value if rule else "error"},
    }


def _result(finding: Finding, index: int) -> dict[str, Any]:
    text = f"{finding.message}. {finding.hint}" if finding.hint else finding.message
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.severity.value,
        "message": {"text": text},
    }
    if finding.location is not None:
        place: dict[str, Any] = {"artifactLocation": {"uri": finding.location.path}}
        if finding.location.line:
            region = {"startLine": finding.location.line}
            if finding.location.column:
                region["startColumn"] = finding.location.column
            place["region"] = region
        result["locations"] = [{"physicalLocation": place, "logicalLocations": _logical(finding)}]
    return result


def _logical(finding: Finding) -> list[dict[str, str]]:
    if finding.resource is None:
        return []
    field = format_path(finding.path)
    return [{"fullyQualifiedName": f"{finding.resource.short} {field}".strip()}]
