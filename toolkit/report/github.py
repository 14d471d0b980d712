"""Findings as GitHub Actions' workflow commands: annotations on the lines of a change."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.validate.finding import Finding


def github_commands(findings: Sequence[Finding]) -> str:
    """One command a line."""
    return "\n".join(_command(finding) for finding in findings)


def _command(finding: Finding) -> str:
    properties = {"title": finding.rule}
    location = finding.location
    if location is not None:
        properties["file"] = location.path
        if location.line:
            properties["line"] = str(location.line)
        if location.column:
            properties["col"] = str(location.column)
    text = f"{finding.message}\n{finding.hint}" if finding.hint else finding.message
    written = ",".join(f"{key}={_escaped_property(value)}" for key, value in properties.items())
    return f"::{finding.severity.value} {written}::{_escaped(text)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
