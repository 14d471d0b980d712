"""Probes by grpc, against a real gRPC server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from tests.adapters.process.conftest import Bench, container, pod
from toolkit.adapters.process.grpc_health import ask_health

grpc = pytest.importorskip("grpc")

STATES = {b"": 1, b"load": 2, b"s" * 300: 1}
LONG_S = 30.0
ABSENT = "does not implement the grpc health protocol"


def check(request: bytes, context: Any) -> bytes:
    """HealthCheckRequest and HealthCheckResponse, by hand: no generated code is needed."""
    name = request[2:] if len(request) < 130 else request[3:]
    if name not in STATES:
        context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
    return bytes((0x08, STATES[name]))


@contextmanager
def serving(*, has_health: bool = True) -> Iterator[int]:
    server = grpc.server(ThreadPoolExecutor(1))
    if has_health:
        method = grpc.unary_unary_rpc_method_handler(check)
        service = "grpc.health.v1.Health"
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(service, {"Check": method}),)
        )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


@pytest.mark.parametrize(
    ("service", "told"),
    [
        ("", ""),
        ("s" * 300, ""),
        ("load", 'service unhealthy (responded with "NOT_SERVING")'),
    ],
)
def test_a_server_says_how_it_is(service: str, told: str) -> None:
    with serving() as port:
        assert ask_health("127.0.0.1", port, service, LONG_S) == told


def test_an_unknown_service_is_not_well() -> None:
    with serving() as port:
        assert ask_health("127.0.0.1", port, "nope", LONG_S) != ""


def test_a_server_without_health_is_not_well() -> None:
    with serving(has_health=False) as port:
        assert ABSENT in ask_health("127.0.0.1", port, "", LONG_S)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
def test_what_speaks_no_grpc_is_not_well(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        with suppress(OSError):  # "a frame of … bytes", or the connection was reset
            assert ask_health("127.0.0.1", server.getsockname()[1], "", LONG_S) != ""
        thread.join()


def test_one_that_never_answers_is_given_up() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        pytest.raises(TimeoutError),
    ):
        ask_health("127.0.0.1", server.getsockname()[1], "", 0.2)


def test_a_pod_is_ready_once_its_server_serves(bench: Bench) -> None:
    with serving() as port:
        probe = {"readiness": {"grpc": {"port": port}, "periodSeconds": 1}}
        bench.start(pod(container("main", "exec sleep 60", probes=probe), awaits_ready=True))
        while not bench.state("main").is_ready:
            pass


def test_a_pod_whose_server_does_not_serve_is_ended(bench: Bench) -> None:
    with serving() as port:
        asked = {"port": port, "service": "load"}
        probe = {"liveness": {"grpc": asked, "periodSeconds": 1, "failureThreshold": 1}}
        resolved = pod(container("main", "exec sleep 60", probes=probe))
        assert bench.ended(resolved).exit_code == 143
        assert "responded with" in "\n".join(bench.log(resolved))
