"""Delivers a payload to an incoming webhook.

The webhook's URL is a secret: it stands in no message, error or log of this module.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any, NoReturn
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from toolkit.errors import OperationError

CAPTURE_SCHEME = "capture:"
CAPTURE_VARIABLE = "GITOPS_CAPTURE"
_ATTEMPTS = 5
_TIMEOUT_S = 10.0
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 60.0
_ANSWER_LIMIT = 200

_HINTS = {
    "invalid_payload": "this is a bug in the notifier: please report it with the message",
    "invalid_token": "the webhook is wrong or was revoked: gitops secret set ENV slack-hook …",
    "no_service": "the webhook was removed in Slack: gitops secret set ENV slack-hook …",
    "channel_not_found": "the channel does not exist, or the webhook may not write to it",
    "channel_is_archived": "unarchive the channel, or choose another one",
    "action_prohibited": "an administrator of the workspace forbids this",
}


@dataclass(frozen=True, slots=True)
class Webhook:
    """An incoming webhook. ``sleep`` waits between attempts."""

    url: str
    sleep: Callable[[float], None] = time.sleep

    def post(self, payload: dict[str, Any]) -> None:
        """Delivers ``payload``, at least once. Retries 429 (as long as Slack asks), 5xx and
        network errors with a doubling wait. Raises OperationError where it was not delivered.
        """
        body = json.dumps(payload).encode()
        for attempt in range(_ATTEMPTS):
            outcome = _attempt(self.url, body)
            if outcome is None:
                return
            if not outcome.is_worth_retrying or attempt == _ATTEMPTS - 1:
                _refuse(outcome, attempt + 1)
            wait_s = outcome.retry_after_s or _FIRST_WAIT_S * 2**attempt
            self.sleep(min(wait_s, _LONGEST_WAIT_S))

    def __repr__(self) -> str:
        return "Webhook(url=***)"


def deliver(payload: dict[str, Any], url: str, *, capture: str | None = None) -> None:
    """Posts to ``url``, or keeps the message in the file ``capture`` where ``url`` says so.

    Raises OperationError where it could not be delivered.
    """
    if url.startswith(CAPTURE_SCHEME):
        keep(payload, capture or os.environ.get(CAPTURE_VARIABLE, ""))
    elif url.startswith(("https://", "http://")):
        Webhook(url).post(payload)
    else:
        raise OperationError(
            "the Slack webhook is no http(s) URL",
            hints=["set it again: gitops secret set ENV slack-hook SLACK_HOOK_URL"],
        )


def keep(payload: dict[str, Any], file: str) -> None:
    """Appends the message to ``file``: JSON lines of ``{"at": …, "payload": …}``, mode 0600."""
    if not file:
        raise OperationError(
            "the message cannot be captured: GITOPS_CAPTURE names no file",
            hints=["messages are captured by the embedded engine only"],
        )
    line = json.dumps({"at": datetime.now(UTC).isoformat(), "payload": payload}) + "\n"
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "ab") as kept:
            kept.write(line.encode())  # one write: messages of several steps do not mix
    except OSError as error:
        raise OperationError(f"the message cannot be captured: {error}") from error


def captured(file: Path) -> list[dict[str, Any]]:
    """The messages kept in ``file``, oldest first; a line cut short by a crash is left out."""
    if not file.is_file():
        return []
    messages = []
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            message = json.loads(line)
        except ValueError:
            continue
        if isinstance(message, dict) and "payload" in message:
            messages.append(message)
    return messages


@dataclass(frozen=True, slots=True)
class _Outcome:
    """Why an attempt did not deliver. ``status`` 0: no answer."""

    status: int
    answer: str
    retry_after_s: float = 0.0

    @property
    def is_worth_retrying(self) -> bool:
        return self.status in {0, 429} or self.status >= 500


class _NoRedirects(HTTPRedirectHandler):
    """A redirected POST would arrive as an empty GET somewhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _attempt(url: str, body: bytes) -> _Outcome | None:
    """None where it was delivered."""
    headers = {"Content-Type": "application/json; charset=utf-8"}
    try:
        request = Request(url, data=body, headers=headers, method="POST")  # noqa: S310  # deliver() checks
        with build_opener(_NoRedirects).open(request, timeout=_TIMEOUT_S) as response:
            response.read(_ANSWER_LIMIT)
        return None
    except HTTPError as error:
        with error:
            answer = error.read(_ANSWER_LIMIT).decode("utf-8", "replace").strip()
            return _Outcome(error.code, answer, _seconds(error.headers.get("Retry-After")))
    except URLError as error:
        return _Outcome(0, str(error.reason))
    except (HTTPException, ValueError):
        return _Outcome(400, "not understood")  # their texts may quote the URL
    except OSError as error:
        return _Outcome(0, str(error))


def _seconds(text: str | None) -> float:
    try:
        return max(0.0, float(text or 0))
    except ValueError:
        return 0.0


def _refuse(outcome: _Outcome, attempts: int) -> NoReturn:
    answer = outcome.answer if outcome.answer.isprintable() else ""
    what = f"{outcome.status} {answer}".strip() if outcome.status else answer
    times = f" after {attempts} attempts" if attempts > 1 else ""
    hint = _HINTS.get(outcome.answer)
    raise OperationError(
        f"the message was not delivered to Slack{times}: {what}", hints=[hint] if hint else []
    )
