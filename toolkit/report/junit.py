"""Findings as JUnit XML, which CI servers show as tests: a suite a target, a case an object."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from toolkit.report.findings import TargetFindings, format_findings
from toolkit.validate.finding import Finding, Severity


def junit_document(groups: Sequence[TargetFindings], *, is_strict: bool = False) -> str:
    """A target without findings is one case that passes; ``is_strict``: warnings fail, too."""
    root = Xml.Element("testsuites", name="gitops validate")
    for group in groups:
        root.append(_suite(group, is_strict=is_strict))
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode", xml_declaration=False)


def _suite(group: TargetFindings, *, is_strict: bool) -> Xml.Element:
    cases = _cases(group, is_strict=is_strict)
    failures = sum(1 for case in cases if case.find("failure") is not None)
    suite = Xml.Element(
        "testsuite", name=group.target, tests=str(len(cases)), failures=str(failures)
    )
    suite.extend(cases)
    return suite


def _cases(group: TargetFindings, *, is_strict: bool) -> list[Xml.Element]:
    by_object: dict[str, list[Finding]] = {}
    for finding in group.findings:
        name = finding.resource.short if finding.resource else str(finding.location or group.target)
        by_object.setdefault(name, []).append(finding)
    if not by_object:
        return [Xml.Element("testcase", name="validate", classname=group.target)]
    return [
        _case(group.target, name, found, is_strict=is_strict) for name, found in by_object.items()
    ]


def _case(target: str, name: str, findings: list[Finding], *, is_strict: bool) -> Xml.Element:
    case = Xml.Element("testcase", name=name, classname=target)
    serious = [each for each in findings if is_strict or each.severity is Severity.ERROR]
    tag = "failure" if serious else "system-out"
    entry = Xml.SubElement(case, tag)
    if serious:
        entry.set("message", _readable(serious[0].message))
        entry.set("type", serious[0].rule)
    entry.text = _readable(format_findings(findings, coloured=False))
    return case


def _readable(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return "".join(each for each in text if each in "\t\n" or each >= " ")
