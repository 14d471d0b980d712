from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.report.slack import (
    BUDGET,
    Notification,
    format_message,
    read_notification,
    slack_payload,
)

FAILED = {
    "CHANNEL": "#alerts",
    "TITLE": "Daily sales",
    "ICON": ":fire:",
    "WF_STATUS": "Failed",
    "WF_NAME": "daily-1",
    "WF_NAMESPACE": "data",
    "LOG_URL": "https://logs/{namespace}/{workflow}/{pod}?a=1&b=2",
    "FAILURES": json.dumps(
        [{"displayName": "load", "message": "exit <1> & more", "podName": "daily-1-load-7"}]
    ),
}
LINK = "<https://logs/data/daily-1/daily-1-load-7?a=1&amp;b=2|log>"
VARIABLES = (*FAILED, "TEXT", "GITOPS_LOG_LINK")
ANY_TEXT = st.text(st.characters(), max_size=4_000)  # lone surrogates included


def payload_of(**variables: str) -> dict[str, Any]:
    return slack_payload(read_notification(variables))


def sections(payload: dict[str, Any]) -> list[str]:
    return [
        block["text"]["text"]
        for attachment in payload.get("attachments", [])
        for block in attachment["blocks"]
    ]


def test_failure_names_step_message_and_log() -> None:
    payload = payload_of(**FAILED)
    assert payload["text"] == "Daily sales: Failed"
    assert payload["channel"] == "#alerts"
    assert payload["icon_emoji"] == ":fire:"
    assert payload["blocks"][0]["text"]["text"] == ":fire: Daily sales"
    assert payload["attachments"][0]["color"] == "#E96D76"
    assert sections(payload) == [
        "*Failed* `daily-1` in data",
        "*load*: exit &lt;1&gt; &amp; more\n" + LINK,
    ]


@pytest.mark.parametrize(
    ("status", "colour"),
    [("Succeeded", "#18be52"), ("Failed", "#E96D76"), ("Error", "#E96D76"), ("Running", "#0DADEA")],
)
def test_colour_of_a_status(status: str, colour: str) -> None:
    assert payload_of(WF_STATUS=status)["attachments"][0]["color"] == colour


def test_no_variable_at_all_still_gives_a_message() -> None:
    assert payload_of() == {
        "text": "Workflow",
        "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "Workflow"}}],
    }


def test_icon_may_be_a_picture() -> None:
    payload = payload_of(ICON="https://example.com/a.png", TITLE="t")
    assert payload["icon_url"] == "https://example.com/a.png"
    assert payload["blocks"][0]["text"]["text"] == "t"


def test_log_url_of_the_config_map_wins_over_the_environments() -> None:
    variables = {**FAILED, "GITOPS_LOG_LINK": "https://own/{pod}"}
    assert "https://logs/" in sections(payload_of(**variables))[1]
    variables["LOG_URL"] = ""
    assert "<https://own/daily-1-load-7|log>" in sections(payload_of(**variables))[1]


def test_no_link_without_a_pod_or_a_template() -> None:
    failures = json.dumps([{"displayName": "load", "message": "gone"}])
    assert sections(payload_of(**{**FAILED, "FAILURES": failures}))[1] == "*load*: gone"
    assert "|log>" not in sections(payload_of(**{**FAILED, "LOG_URL": ""}))[1]


def test_text_of_the_log_template_cannot_break_out_of_the_link() -> None:
    payload = payload_of(**{**FAILED, "LOG_URL": "https://x/<a|b>{pod}"})
    assert "<https://x/%3Ca%7Cb%3Edaily-1-load-7|log>" in sections(payload)[1]


def test_many_failures_are_counted_not_listed() -> None:
    failures = [{"displayName": f"step-{n}", "message": "x" * 500} for n in range(300)]
    payload = payload_of(FAILURES=json.dumps(failures))
    assert sections(payload)[-1].startswith("and ")
    assert len(json.dumps(payload, ensure_ascii=False)) <= BUDGET


def test_names_of_nothing_but_space_are_none() -> None:
    payload = payload_of(TITLE=" ", WF_NAME="\u2028 ", WF_NAMESPACE="\t")
    assert payload["blocks"][0]["text"]["text"] == "Workflow"
    assert sections(payload) == []


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(VARIABLES, ANY_TEXT)))
def test_any_variables_give_valid_json_within_slacks_limits(variables: dict[str, str]) -> None:
    payload = payload_of(**variables)
    orjson.dumps(payload)  # refuses what is no UTF-8
    assert payload["text"]
    assert len(json.dumps(payload, ensure_ascii=False)) <= BUDGET
    assert 1 <= len(payload["blocks"][0]["text"]["text"]) <= 150
    texts = sections(payload)
    assert len(texts) <= 49
    assert all(1 <= len(text) <= 3_000 for text in texts)


@given(st.lists(st.fixed_dictionaries({"displayName": ANY_TEXT, "message": ANY_TEXT}), max_size=5))
def test_any_failing_steps_give_a_message_within_the_budget(entries: list[dict[str, str]]) -> None:
    payload = payload_of(
        FAILURES=json.dumps(json.dumps(entries)),
        WF_NAME="&" * 999,
        LOG_URL="https://x/" + "&" * 999,
    )
    assert len(json.dumps(payload, ensure_ascii=False)) <= BUDGET
    assert all(1 <= len(text) <= 3_000 for text in sections(payload))


@given(ANY_TEXT)
def test_no_escape_is_cut_in_two_and_nothing_stays_unescaped(text: str) -> None:
    for section in sections(payload_of(TEXT="&<>" * 900 + text)):
        rest = section.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
        assert not set(rest) & set("&<>")


def test_message_for_a_terminal() -> None:
    shown = format_message(slack_payload(read_notification(FAILED)))
    assert shown.splitlines() == [
        "channel  #alerts",
        "icon     :fire:",
        "title    :fire: Daily sales",
        "status   Failed",
        "text     Daily sales: Failed",
        "| *Failed* `daily-1` in data",
        "| *load*: exit <1> & more",
        "| log: https://logs/data/daily-1/daily-1-load-7?a=1&b=2",
    ]


def test_message_for_a_terminal_in_colour() -> None:
    assert "\x1b[31m┃\x1b[0m" in format_message(
        slack_payload(Notification(title="t", status="Failed")), coloured=True
    )
