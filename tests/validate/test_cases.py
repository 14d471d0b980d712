"""One broken manifest for each rule, and what is said about it."""

from pathlib import Path

import pytest

from toolkit.report.findings import format_findings
from toolkit.validate import RULES

CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.stem for path in CASES.glob("*.yaml") if path.stem != "around")
NOT_BY_MANIFEST = {"settings", "yaml", "build", "build-warning"}


@pytest.mark.parametrize("name", NAMES)
def test_a_broken_manifest_is_explained(name, findings_of, golden):
    text = (CASES / f"{name}.yaml").read_text(encoding="utf-8")

    findings = findings_of(text, synced=text.startswith("# synced"))

    assert name in {finding.rule for finding in findings}
    golden(CASES / f"{name}.txt", format_findings(findings, coloured=False) + "\n")


def test_every_rule_has_a_case():
    assert set(NAMES) == set(RULES) - NOT_BY_MANIFEST
