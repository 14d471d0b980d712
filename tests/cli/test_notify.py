from __future__ import annotations

import json
from pathlib import Path

import pytest

from toolkit.adapters.sink import Answer, Sink
from toolkit.cli.main import run


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings = "environments: {staging: {overlay: overlays/staging, namespace: data-staging}}\n"
    (tmp_path / "gitops.yaml").write_text(settings)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def message(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {
        "CHANNEL": "#data",
        "TITLE": "Hello",
        "ICON": ":wave:",
        "WF_STATUS": "Succeeded",
        "FAILURES": "{{workflow.failures}}",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("message")
def test_slack_posts_what_the_variables_say(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Sink() as sink:
        monkeypatch.setenv("SLACK_HOOK_URL", sink.url)
        assert run(["notify", "slack"]) == 0
        received = sink.receive(timeout_s=5)
    assert (received["channel"], received["icon_emoji"]) == ("#data", ":wave:")
    assert received["text"] == "Hello: Succeeded"
    assert capsys.readouterr().out == "delivered: Hello Succeeded\n"


@pytest.mark.usefixtures("message")
def test_slack_that_is_refused_fails_without_telling_the_url(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Sink([Answer(403, "invalid_token")]) as sink:
        monkeypatch.setenv("SLACK_HOOK_URL", sink.url)
        assert run(["notify", "slack"]) == 1
        shown = capsys.readouterr()
        assert "403 invalid_token" in shown.err
        assert sink.url.rpartition("/")[2] not in shown.err + shown.out


def test_slack_without_a_webhook_says_where_it_comes_from(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SLACK_HOOK_URL", raising=False)
    assert run(["notify", "slack"]) == 1
    assert "gitops secret set ENV slack-hook" in capsys.readouterr().err


@pytest.mark.usefixtures("message")
def test_captured_messages_are_shown(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (workspace / ".gitops").mkdir()
    monkeypatch.setenv("SLACK_HOOK_URL", "capture:slack")
    monkeypatch.setenv("GITOPS_CAPTURE", str(workspace / ".gitops" / "captured.jsonl"))
    assert run(["notify", "slack"]) == 0
    capsys.readouterr()
    assert run(["notify", "captured"]) == 0
    shown = capsys.readouterr().out
    assert "channel  #data" in shown
    assert "title    :wave: Hello" in shown
    assert run(["notify", "captured", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["payload"]["channel"] == "#data"


@pytest.mark.usefixtures("workspace")
def test_nothing_captured_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["notify", "captured"]) == 0
    assert "no message was captured" in capsys.readouterr().err


def test_preview_is_what_slack_would_get(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["notify", "preview", "--status", "Failed", "-o", "json"]) == 0
    payload = json.loads(capsys.readouterr().out)
    assert payload["attachments"][0]["color"] == "#E96D76"
    assert "(4 attempts)" in payload["attachments"][0]["blocks"][1]["text"]["text"]
