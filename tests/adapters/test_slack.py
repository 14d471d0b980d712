from __future__ import annotations

import json
import socket
import stat
from pathlib import Path

import pytest

from toolkit.adapters.sink import Answer, Sink
from toolkit.adapters.slack import Webhook, captured, deliver
from toolkit.errors import OperationError

PAYLOAD = {"text": "hello", "blocks": [{"type": "header"}]}


class Waits:
    """Remembers how long it was asked to wait; does not wait."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def test_payload_arrives() -> None:
    with Sink() as sink:
        deliver(PAYLOAD, sink.url)
        assert sink.receive(timeout_s=5) == PAYLOAD


def test_too_many_requests_waits_as_long_as_slack_asks() -> None:
    waits = Waits()
    with Sink([Answer(429, "slow down", {"Retry-After": "7"})]) as sink:
        Webhook(sink.url, waits).post(PAYLOAD)
        assert sink.receive(timeout_s=5) == PAYLOAD
    assert waits.seconds == [7.0]


def test_server_errors_are_retried_with_a_growing_wait() -> None:
    waits = Waits()
    with Sink([Answer(500, "oops"), Answer(503, "busy")]) as sink:
        Webhook(sink.url, waits).post(PAYLOAD)
        assert sink.receive(timeout_s=5) == PAYLOAD
    assert waits.seconds == [1.0, 2.0]


def test_gives_up_after_five_attempts() -> None:
    waits = Waits()
    with Sink([Answer(500, "oops")] * 9) as sink, pytest.raises(OperationError) as caught:
        Webhook(sink.url, waits).post(PAYLOAD)
    assert caught.value.message == (
        "the message was not delivered to Slack after 5 attempts: 500 oops"
    )
    assert len(waits.seconds) == 4


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (400, "invalid_payload"),
        (403, "action_prohibited"),
        (404, "channel_not_found"),
        (410, "channel_is_archived"),
        (302, "elsewhere"),
    ],
)
def test_refusals_are_final(status: int, text: str) -> None:
    waits = Waits()
    answer = Answer(status, text, {"Location": "http://127.0.0.1:9/"})
    with Sink([answer]) as sink, pytest.raises(OperationError) as caught:
        Webhook(sink.url, waits).post(PAYLOAD)
    assert f"{status} {text}" in caught.value.message
    assert waits.seconds == []


def test_refusals_of_slack_come_with_a_hint() -> None:
    with Sink([Answer(404, "no_service")]) as sink, pytest.raises(OperationError) as caught:
        deliver(PAYLOAD, sink.url)
    assert "gitops secret set ENV slack-hook" in caught.value.hints[0]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_no_answer_is_retried() -> None:
    waits = Waits()
    with pytest.raises(OperationError, match="after 5 attempts"):
        Webhook(f"http://127.0.0.1:{free_port()}/secret", waits).post(PAYLOAD)
    assert len(waits.seconds) == 4


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/T0/secret",
        "http://127.0.0.1:port/T0/secret",
        "http://[::1/T0/secret",
        "http://127.0.0.1/T0/sec ret/secret",
        "ftp://127.0.0.1/T0/secret",
        "T0/secret",
        "https:///T0/secret",
    ],
)
def test_the_url_is_in_no_message(url: str) -> None:
    with pytest.raises(OperationError) as caught:
        Webhook(url, Waits()).post(PAYLOAD) if "://" in url else deliver(PAYLOAD, url)
    assert "secret" not in caught.value.message
    assert "secret" not in repr(Webhook(url))


def test_captured_messages_are_kept_in_order_and_private(tmp_path: Path) -> None:
    file = tmp_path / "captured.jsonl"
    deliver({"text": "one"}, "capture:", capture=str(file))
    deliver({"text": "two"}, "capture:anything", capture=str(file))
    assert [message["payload"]["text"] for message in captured(file)] == ["one", "two"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_line_cut_short_by_a_crash_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "captured.jsonl"
    deliver({"text": "one"}, "capture:", capture=str(file))
    with file.open("a") as kept:
        kept.write('{"at": "2024')
    assert len(captured(file)) == 1


def test_capture_file_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITOPS_CAPTURE", str(tmp_path / "kept"))
    deliver(PAYLOAD, "capture:")
    assert json.loads((tmp_path / "kept").read_text())["payload"] == PAYLOAD


@pytest.mark.parametrize("file", ["", "/nowhere/at/all"])
def test_capture_that_cannot_be_kept_is_an_error(
    file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITOPS_CAPTURE", file)
    with pytest.raises(OperationError, match="cannot be captured"):
        deliver(PAYLOAD, "capture:")


def test_nothing_captured_yet(tmp_path: Path) -> None:
    assert captured(tmp_path / "none") == []


def test_sink_answers_only_at_its_secret_path() -> None:
    with Sink() as sink, pytest.raises(OperationError, match="404"):
        deliver(PAYLOAD, sink.url + "x")


def test_sink_that_receives_nothing_says_so() -> None:
    with Sink() as sink, pytest.raises(OperationError, match="no message within"):
        sink.receive(timeout_s=0.01)
