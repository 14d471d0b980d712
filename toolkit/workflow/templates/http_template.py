"""The verdict over an http template's response: pure, so that tests and simulations share it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolkit.errors import ExpressionError
from toolkit.workflow.commands import CallHttp
from toolkit.workflow.expressions import Environment, evaluate_bool
from toolkit.workflow.nodes import FAILED, SUCCEEDED


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What the server said. ``headers`` by their canonical names, all values of each."""

    status: int
    headers: Mapping[str, Sequence[str]]
    body: str


def verdict(call: CallHttp, response: HttpResponse) -> tuple[str, str]:
    """The node's phase and message. Without a successCondition every status 2xx succeeds."""
    if not call.success_condition:
        if 200 <= response.status < 300:
            return SUCCEEDED, ""
        return FAILED, f"received non-2xx response code: {response.status}"
    try:
        holds = evaluate_bool(call.success_condition, Environment.of(_variables(call, response)))
    except ExpressionError as error:
        return FAILED, error.message
    if holds:
        return SUCCEEDED, ""
    return FAILED, f"successCondition '{call.success_condition}' evaluated false"


def body_bytes(call: CallHttp) -> bytes:
    """What is sent. Raises ExpressionError where ``bodyFrom.bytes`` is no base64."""
    if call.body_base64 is None:
        return call.body.encode()
    try:
        return base64.b64decode(call.body_base64, validate=True)
    except binascii.Error as error:
        raise ExpressionError(f"http.bodyFrom.bytes is not base64: {error}") from error


def canonical(name: str) -> str:
    """A header's name as Go's servers and clients spell it: ``content-type`` → ``Content-Type``."""
    return "-".join(part.capitalize() for part in name.split("-"))


def _variables(call: CallHttp, response: HttpResponse) -> dict[str, Any]:
    """A header from a Secret is shown empty: the condition's text and its errors are no secret."""
    headers: dict[str, list[str]] = {}
    for header in call.headers:
        name = canonical(str(header.get("name") or ""))
        headers.setdefault(name, []).append(str(header.get("value") or ""))
    return {
        "request": {
            "method": call.method,
            "url": call.url,
            "body": call.body,
            "bodyBytes": list(body_bytes(call)),
            "headers": headers,
        },
        "response": {
            "statusCode": response.status,
            "body": response.body,
            "headers": {name: list(values) for name, values in response.headers.items()},
        },
    }
