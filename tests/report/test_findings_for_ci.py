"""Findings as SARIF, JUnit XML and annotations."""

from xml.etree import ElementTree as Xml

from toolkit.report.findings import TargetFindings
from toolkit.report.github import github_commands
from toolkit.report.junit import junit_document
from toolkit.report.sarif import sarif_document
from toolkit.resource.identity import ResourceId
from toolkit.source import Location
from toolkit.validate import RULES, Finding, Severity

HELLO = ResourceId("argoproj.io", "CronWorkflow", "", "hello")
ERROR = Finding(
    rule="unknown-tag",
    severity=Severity.ERROR,
    resource=HELLO,
    path=("spec", "when"),
    location=Location("crons/a,b.yaml", 3, 7),
    message="100% wrong: {{x}}",
    hint="say what",
)
WARNING = Finding(
    "unknown-argument", Severity.WARNING, HELLO, (), Location("crons/c.yaml"), "odd", ""
)


def test_sarif_names_the_rules_and_the_places():
    document = sarif_document([ERROR, WARNING], tool_version="1.2.3")

    [run] = document["runs"]
    assert document["version"] == "2.1.0"
    assert run["tool"]["driver"]["version"] == "1.2.3"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [
        "unknown-argument",
        "unknown-tag",
    ]
    assert run["results"][0] == {
        "ruleId": "unknown-tag",
        "ruleIndex": 1,
        "level": "error",
        "message": {"text": "100% wrong: {{x}}. say what"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "crons/a,b.yaml"},
                    "region": {"startLine": 3, "startColumn": 7},
                },
                "logicalLocations": [{"fullyQualifiedName": "CronWorkflow/hello spec.when"}],
            }
        ],
    }


def test_sarif_describes_a_rule_by_its_summary():
    document = sarif_document([WARNING], tool_version="1")

    [rule] = document["runs"][0]["tool"]["driver"]["rules"]
    assert rule["shortDescription"]["text"] == RULES["unknown-argument"].summary
    assert rule["defaultConfiguration"] == {"level": "warning"}


def test_junit_has_a_suite_a_target_and_a_case_an_object():
    text = junit_document([TargetFindings("staging", (ERROR, WARNING)), TargetFindings("prod", ())])

    suites = Xml.fromstring(text)
    staging, prod = suites
    assert (staging.get("name"), staging.get("tests"), staging.get("failures")) == (
        "staging",
        "1",
        "1",
    )
    failure = staging.find("testcase[@name='CronWorkflow/hello']/failure")
    assert failure.get("type") == "unknown-tag"
    assert "crons/a,b.yaml:3:7" in failure.text
    assert (prod.get("tests"), prod.get("failures")) == ("1", "0")


def test_a_warning_is_a_failure_in_junit_only_where_it_counts():
    groups = [TargetFindings("staging", (WARNING,))]

    assert "<failure" not in junit_document(groups)
    assert "<failure" in junit_document(groups, is_strict=True)


def test_junit_survives_what_xml_cannot_hold():
    odd = Finding("yaml", Severity.ERROR, None, (), None, "a \x00 and \x1b <&>")

    assert Xml.fromstring(junit_document([TargetFindings("t", (odd,))])) is not None


def test_annotations_escape_what_would_end_them():
    assert github_commands([ERROR, WARNING]) == (
        "::error title=unknown-tag,file=crons/a%2Cb.yaml,line=3,col=7"
        "::100%25 wrong: {{x}}%0Asay what\n"
        "::warning title=unknown-argument,file=crons/c.yaml::odd"
    )
