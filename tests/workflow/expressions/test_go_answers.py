"""Every operator and function against the answers of the Go programs that Argo embeds: expr-lang
1.17, sprig 3.3, govaluate 3.0.1, asked once and kept in ``go_answers.json``.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from toolkit.errors import ExpressionError
from toolkit.workflow.expressions import Environment, json_text, parse
from toolkit.workflow.expressions.functions import BUILTINS, PREDICATE_FUNCTIONS
from toolkit.workflow.expressions.sprig import REFUSED, SPRIG
from toolkit.workflow.expressions.when import evaluate_when

KEPT = json.loads(Path(__file__).with_name("go_answers.json").read_text(encoding="utf-8"))
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
ERROR = {"error": True}


def answer(group: str, text: str) -> Any:
    environment = Environment.of(KEPT["variables"], NOW)
    try:
        value = (
            evaluate_when(text) if group.startswith("when ") else parse(text).evaluate(environment)
        )
    except ExpressionError:
        return ERROR
    return json.loads(json_text(value))


@pytest.mark.parametrize("group", KEPT["answers"])
def test_answers_as_go_does(group: str) -> None:
    expected = KEPT["answers"][group]
    assert {text: answer(group, text) for text in expected} == expected


def test_every_function_is_asked() -> None:
    functions = {*BUILTINS, *PREDICATE_FUNCTIONS} | {f"sprig.{name}" for name in SPRIG}
    unasked = functions - KEPT["answers"].keys() - {f"sprig.{name}" for name in REFUSED}
    assert {name for name in unasked if not name.startswith("sprig.must")} == set()
