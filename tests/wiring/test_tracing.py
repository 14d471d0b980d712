"""Traces as a collector gets them: real runs, a real HTTP sink, OpenTelemetry's own messages."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import SimpleQueue
from typing import Any, ClassVar

import pytest

from tests.workflow.measures.test_traces import BODY
from toolkit.adapters.otel import is_wanted
from toolkit.controllers.runs.run_watcher import RunWatcher
from toolkit.errors import OperationError, UsageError
from toolkit.wiring import tracing
from toolkit.workflow.rehearsal.simulation import Outcome, Simulation

proto = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")


class Collector(BaseHTTPRequestHandler):
    """Keeps what it is sent; answers with ``status``."""

    got: ClassVar[SimpleQueue[tuple[str, dict[str, str], bytes]]] = SimpleQueue()
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.put((self.path, dict(self.headers), body))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Collector]]:
    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=k1")
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "team=sales")
        yield Collector
        server.shutdown()
        thread.join()


def ended(watchers: list[RunWatcher]) -> None:
    run = Simulation(BODY, outcome=lambda _: Outcome()).run_to_end(most=1_000).run
    for watcher in watchers:
        watcher.ended(run)


def test_the_trace_of_a_run_is_sent_when_it_ends(collector: type[Collector]) -> None:
    errors: list[Exception] = []
    with ExitStack() as stack:
        ended(tracing.start_tracing(stack, errors.append)("staging"))
    path, headers, body = collector.got.get(timeout=30)
    assert (path, headers["api-key"]) == ("/v1/traces", "k1")
    sent = proto.ExportTraceServiceRequest.FromString(body).resource_spans[0]
    about = {one.key: one.value.string_value for one in sent.resource.attributes}
    assert (about["service.name"], about["team"]) == ("gitops", "sales")
    spans = sent.scope_spans[0].spans
    (root,) = (span for span in spans if not span.parent_span_id)
    assert root.name == "workflow"
    assert {one.key: one.value.string_value for one in root.attributes}["environment"] == "staging"
    assert {span.name for span in spans} >= {"a", "b"}
    assert all(span.trace_id == root.trace_id for span in spans)
    assert errors == []


def test_a_collector_that_refuses_is_said_and_keeps_nobody(
    collector: type[Collector], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector, "status", 400)
    errors: list[Exception] = []
    with ExitStack() as stack:
        ended(tracing.start_tracing(stack, errors.append)("staging"))
    collector.got.get(timeout=30)
    assert [type(error) for error in errors] == [OperationError]


def test_without_an_endpoint_nobody_watches() -> None:
    with ExitStack() as stack:
        assert tracing.start_tracing(stack, pytest.fail)("staging") == []


@pytest.mark.usefixtures("collector")
def test_where_opentelemetry_is_not_installed_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    errors: list[Any] = []
    with ExitStack() as stack:
        assert tracing.start_tracing(stack, errors.append)("staging") == []
    (error,) = errors
    assert isinstance(error, UsageError)
    assert error.hints == ("pip install 'gitops-toolkit[otel]'",)


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_opentelemetry_s_own_variables_decide(variables: dict[str, str], wanted: bool) -> None:
    assert is_wanted(variables) is wanted
