from __future__ import annotations

import pytest

from toolkit.errors import ExpressionError
from toolkit.workflow.commands import CallHttp
from toolkit.workflow.templates.http_template import HttpResponse, body_bytes, canonical, verdict
from toolkit.workflow.rehearsal.simulation import Simulation

HEADERS = ({"name": "x-run", "value": "7"}, {"name": "token", "valueFrom": {"secretKeyRef": {}}})
RESPONSE = HttpResponse(201, {"Server": ("cloud", "flare")}, "hello google")


def call(condition: str = "", **fields: object) -> CallHttp:
    known = {"method": "POST", "url": "http://a/b", "headers": HEADERS, "body": "sent"}
    return CallHttp("u-1", "n", "wf.n", "t", success_condition=condition, **{**known, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, ("Succeeded", "")),
        (299, ("Succeeded", "")),
        (199, ("Failed", "received non-2xx response code: 199")),
        (302, ("Failed", "received non-2xx response code: 302")),
        (500, ("Failed", "received non-2xx response code: 500")),
    ],
)
def test_without_a_condition_the_status_decides(status: int, expected: tuple[str, str]) -> None:
    assert verdict(call(), HttpResponse(status, {}, "")) == expected


@pytest.mark.parametrize(
    "condition",
    [
        "response.statusCode == 201",
        'response.body contains "google"',
        'response.headers["Server"][1] == "flare"',
        'request.method == "POST" && request.url == "http://a/b"',
        'request.body == "sent" && request.bodyBytes[0] == 115',
        'request.headers["X-Run"] == ["7"]',
        'request.headers["Token"][0] == ""',
    ],
)
def test_what_a_condition_sees(condition: str) -> None:
    assert verdict(call(condition), RESPONSE) == ("Succeeded", "")


def test_a_condition_that_does_not_hold_is_named() -> None:
    condition = "response.statusCode == 200"
    expected = ("Failed", f"successCondition '{condition}' evaluated false")
    assert verdict(call(condition), RESPONSE) == expected


def test_a_condition_that_is_no_truth_fails_the_node() -> None:
    phase, message = verdict(call("response.statusCode"), RESPONSE)
    assert phase == "Failed"
    assert "unable to cast expression result '201' to bool" in message


def test_body_from_bytes_is_base64() -> None:
    assert body_bytes(call(body_base64="AP9o")) == b"\x00\xffh"
    with pytest.raises(ExpressionError, match=r"bodyFrom\.bytes is not base64"):
        body_bytes(call(body_base64="a"))


def test_header_names_are_spelt_as_go_spells_them() -> None:
    assert canonical("x-request-ID") == "X-Request-Id"


def test_a_request_has_its_timeout_and_may_trust_any_certificate() -> None:
    http = {"url": "https://host/x", "timeoutSeconds": 7, "insecureSkipVerify": True}
    template = {"name": "main", "http": http}
    body = {"metadata": {"name": "wf"}, "spec": {"entrypoint": "main", "templates": [template]}}
    [call] = Simulation(body).run_to_end().started
    assert isinstance(call, CallHttp)
    assert (call.timeout_s, call.insecure) == (7, True)
