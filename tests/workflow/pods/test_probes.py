"""Probes: what they ask, and what their answers come to."""

from __future__ import annotations

import pytest

from toolkit.errors import ExecutionError
from toolkit.workflow.pods.probes import (
    LIVENESS,
    Exec,
    Grpc,
    HttpGet,
    Probe,
    Sleep,
    Tally,
    TcpSocket,
    parse_action,
    parse_probe,
)

IP = "127.0.0.1"


def probe(**fields: int) -> Probe:
    return parse_probe(LIVENESS, {"exec": {"command": ["true"]}, **fields}, IP)


def results(asked: Probe, answers: str) -> list[bool | None]:
    """After each answer: g(ood) or b(ad)."""
    tally, found = Tally(), []
    for answer in answers:
        tally = tally.and_then(is_good=answer == "g")
        found.append(tally.result(asked))
    return found


def test_numbers_that_are_not_given_are_those_of_kubernetes() -> None:
    found = probe()
    assert (found.initial_delay_s, found.period_s, found.timeout_s) == (0, 10, 1)
    assert (found.success_threshold, found.failure_threshold, found.grace_s) == (1, 3, None)


@pytest.mark.parametrize(
    ("body", "action"),
    [
        ({"exec": {"command": ["cat", "/x"]}}, Exec(("cat", "/x"))),
        ({"tcpSocket": {"port": 80}}, TcpSocket(IP, 80)),
        ({"tcpSocket": {"port": 80, "host": "h"}}, TcpSocket("h", 80)),
        ({"httpGet": {"port": 80}}, HttpGet("http://127.0.0.1:80/")),
        (
            {"httpGet": {"port": 8443, "path": "/ok?a=b", "scheme": "HTTPS", "host": "h",
                         "httpHeaders": [{"name": "A", "value": "b"}]}},
            HttpGet("https://h:8443/ok?a=b", (("A", "b"),)),
        ),
        ({"grpc": {"port": 50051}}, Grpc(IP, 50051)),
        ({"grpc": {"port": 50051, "service": "load"}}, Grpc(IP, 50051, "load")),
        ({"sleep": {"seconds": 3}}, Sleep(3.0)),
    ],
)  # fmt: skip
def test_an_action_is_read(body: dict[str, object], action: object) -> None:
    assert parse_action(body, IP) == action


def test_what_asks_nothing_is_refused() -> None:
    with pytest.raises(ExecutionError, match="without an action"):
        parse_action({}, IP)


def test_a_container_is_unwell_after_failures_in_a_row() -> None:
    assert results(probe(), "bbgbbb") == [None, None, True, None, None, False]


def test_a_container_is_well_after_successes_in_a_row() -> None:
    assert results(probe(successThreshold=2), "gbgg") == [None, None, None, True]


def test_one_failure_is_enough_where_the_threshold_says_so() -> None:
    assert results(probe(failureThreshold=1), "gb") == [True, False]
