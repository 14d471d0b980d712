"""The table of rules and its documentation."""

import re
from pathlib import Path

from toolkit.validate import RULES

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "rules.md"


def test_every_rule_is_documented_with_its_severity_in_the_tables_order():
    text = DOCUMENTATION.read_text(encoding="utf-8")

    documented = re.findall(r"^### ([a-z-]+)\n\*(error|warning)\* — ", text, re.MULTILINE)
    assert documented == [(name, rule.severity.value) for name, rule in RULES.items()]


def test_every_rule_is_used():
    package = Path(__file__).parents[2] / "toolkit"
    sources = [*package.glob("validate/*.py"), *package.glob("wiring/*.py")]
    text = "".join(path.read_text(encoding="utf-8") for path in sources if path.name != "rules.py")

    assert [name for name in RULES if f'"{name}"' not in text] == []
