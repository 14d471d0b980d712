"""Findings as text and JSON."""

from toolkit.report.findings import (
    TargetFindings,
    findings_document,
    format_findings,
    summary_of,
)
from toolkit.resource.identity import ResourceId
from toolkit.source import Location
from toolkit.validate import Finding, Severity

HELLO = ResourceId("argoproj.io", "CronWorkflow", "", "hello")
ERROR = Finding(
    rule="unknown-field",
    severity=Severity.ERROR,
    resource=HELLO,
    path=("spec", "templates", 0, "contaner"),
    location=Location("crons/hello.yaml", 12, 9),
    message="unknown field 'contaner'",
    hint="did you mean 'container'?",
    excerpt="        contaner:",
)
WARNING = Finding("build-warning", Severity.WARNING, None, (), None, "a patch matches nothing")


def test_a_finding_has_place_excerpt_caret_object_and_hint():
    assert format_findings([ERROR], coloured=False) == (
        "crons/hello.yaml:12:9: error: unknown field 'contaner' [unknown-field]\n"
        "   12 |         contaner:\n"
        "      |         ^\n"
        "  in CronWorkflow/hello, spec.templates[0].contaner\n"
        "hint: did you mean 'container'?"
    )


def test_a_finding_without_a_place_is_one_line():
    text = format_findings([WARNING], coloured=False)

    assert text == "warning: a patch matches nothing [build-warning]"


def test_colour_marks_severity_and_hint_but_adds_no_meaning():
    coloured = format_findings([ERROR], coloured=True)

    assert "\x1b[1;31merror\x1b[0m" in coloured
    assert "\x1b[1;36mhint\x1b[0m" in coloured


def test_the_summary_counts():
    assert summary_of([]) == "nothing found"
    assert summary_of([ERROR]) == "1 error"
    assert summary_of([ERROR, ERROR, WARNING]) == "2 errors, 1 warning"


def test_the_json_shape_is_version_1():
    groups = [TargetFindings("staging", (ERROR,)), TargetFindings("production", (WARNING,))]

    assert findings_document(groups) == {
        "version": 1,
        "targets": [
            {
                "target": "staging",
                "findings": [
                    {
                        "rule": "unknown-field",
                        "severity": "error",
                        "message": "unknown field 'contaner'",
                        "hint": "did you mean 'container'?",
                        "object": "CronWorkflow/hello",
                        "field": "spec.templates[0].contaner",
                        "file": "crons/hello.yaml",
                        "line": 12,
                        "column": 9,
                    }
                ],
            },
            {
                "target": "production",
                "findings": [
                    {
                        "rule": "build-warning",
                        "severity": "warning",
                        "message": "a patch matches nothing",
                        "hint": "",
                        "object": "",
                        "field": "",
                        "file": "",
                        "line": 0,
                        "column": 0,
                    }
                ],
            },
        ],
        "errors": 1,
        "warnings": 1,
    }
