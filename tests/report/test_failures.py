from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.report.failures import Failure, read_failures

ENTRIES = [
    {"displayName": "wf", "message": "child 'wf-1' failed", "phase": "Failed", "podName": "wf"},
    {"displayName": "[0]", "message": "child 'wf-1' failed", "phase": "Failed"},
    {"displayName": "load", "message": "No more retries left", "phase": "Failed"},
    {"displayName": "load(1)", "message": "exit 2", "phase": "Failed", "podName": "wf-load-1"},
    {"displayName": "load(0)", "message": "exit 1", "phase": "Failed", "podName": "wf-load-0"},
]


@pytest.mark.parametrize(
    "text", ["", "  ", "[]", '"[]"', "null", '"null"', "{{workflow.failures}}", '""']
)
def test_nothing_failed(text: str) -> None:
    assert read_failures(text) == ()


@pytest.mark.parametrize("quotes", [0, 1, 2])
def test_attempts_of_a_step_are_one_failure_and_echoes_are_left_out(quotes: int) -> None:
    text = json.dumps(ENTRIES)
    for _ in range(quotes):
        text = json.dumps(text)
    assert read_failures(text) == (Failure("load", "exit 2", "wf-load-1", attempts=2),)


def test_items_of_a_loop_stay_apart() -> None:
    entries = [
        {"displayName": f"transform({n}:{c})", "message": "exit 1"} for n, c in enumerate("ab")
    ]
    assert [f.step for f in read_failures(json.dumps(entries))] == [
        "transform(0:a)",
        "transform(1:b)",
    ]


def test_only_echoes_are_better_than_nothing() -> None:
    assert read_failures(json.dumps(ENTRIES[:1])) == (Failure("wf", "child 'wf-1' failed", "wf"),)


def test_single_entry_and_missing_fields() -> None:
    assert read_failures('{"phase": "Error"}') == (Failure("", "Error"),)


@pytest.mark.parametrize("text", ["no list", "[1, 2]", "3", '{"a":', "[" * 100_000])
def test_any_other_text_is_shown_as_it_is(text: str) -> None:
    assert read_failures(text) == (Failure("", text),)


def test_escapes_that_only_go_knows() -> None:
    text = r'"[{\"displayName\":\"a\",\"message\":\"\x7f\a\U000e0001\v\u200b\\n\\\"b\"}]"'
    (failure,) = read_failures(text)
    assert failure.message == '\x7f\x07\U000e0001\x0b\u200b\n"b'


def test_quoted_text_loses_its_quotes() -> None:
    assert read_failures('"it broke"') == (Failure("", "it broke"),)


@given(st.text())
def test_quoted_or_not_any_message_arrives(message: str) -> None:
    entries = json.dumps([{"displayName": "step", "message": "m" + message}])
    expected = (Failure("step", "m" + message),)
    assert read_failures(entries) == expected
    assert read_failures(json.dumps(entries)) == expected


@given(st.text())
def test_reading_never_fails(text: str) -> None:
    assert all(isinstance(failure, Failure) for failure in read_failures(text))
