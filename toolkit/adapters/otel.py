"""Sends traces of runs by OTLP over HTTP, where OpenTelemetry's own variables say.

``OTEL_EXPORTER_OTLP_ENDPOINT`` (or ``…_TRACES_ENDPOINT``) turns it on; headers, certificates,
compression, the service's name and its resource attributes are OpenTelemetry's as well. Its SDK is
an optional part of the installation.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from itertools import islice
from queue import SimpleQueue
from typing import TYPE_CHECKING

import toolkit
from toolkit.errors import OperationError, UsageError
from toolkit.workflow.measures.traces import Span, spans_of
from toolkit.workflow.run import Run, Transition

if TYPE_CHECKING:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_SERVICE = "gitops"
_BATCH = 512
_FAREWELL_S = 10.0


def is_wanted(variables: Mapping[str, str] = os.environ) -> bool:
    """Whether traces are to be sent anywhere."""
    if variables.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    if variables.get("OTEL_TRACES_EXPORTER", "otlp") == "none":
        return False
    return any(variables.get(name) for name in _ENDPOINTS)


class TraceSender:
    """Sends spans from a thread of its own: a run that ends waits for nobody. Close it: what waits
    is sent then, for so long as that takes a few seconds.
    """

    def __init__(self, on_error: Callable[[Exception], None]) -> None:
        """Raises UsageError where OpenTelemetry is not installed."""
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
        except ImportError as error:
            raise UsageError(
                f"traces are asked for ({_ENDPOINTS[1]}), and OpenTelemetry is not installed",
                hints=["pip install 'gitops-toolkit[otel]'"],
            ) from error
        self._exporter: OTLPSpanExporter = OTLPSpanExporter()
        name = os.environ.get("OTEL_SERVICE_NAME") or _SERVICE
        self._resource: Resource = Resource.create(
            {"service.name": name, "service.version": toolkit.__version__}
        )
        self._on_error = on_error
        self._waiting: SimpleQueue[list[Span] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="trace-sender", daemon=True)
        self._thread.start()

    def send(self, spans: Iterable[Span]) -> None:
        self._waiting.put(list(spans))

    def close(self) -> None:
        self._waiting.put(None)
        self._thread.join(_FAREWELL_S)
        farewell: Callable[[], object] = self._exporter.shutdown
        farewell()

    def _run(self) -> None:
        while (spans := self._waiting.get()) is not None:
            left = iter(spans)
            while batch := [self._readable(span) for span in islice(left, _BATCH)]:
                self._export(batch)

    def _export(self, batch: list[ReadableSpan]) -> None:
        from opentelemetry.sdk.trace.export import SpanExportResult

        try:
            is_sent = self._exporter.export(batch) is SpanExportResult.SUCCESS
        except Exception as error:
            self._on_error(OperationError(f"a trace could not be sent: {error}"))
            return
        if not is_sent:
            self._on_error(OperationError(f"a trace of {len(batch)} spans was not taken"))

    def _readable(self, span: Span) -> ReadableSpan:
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope
        from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
        from opentelemetry.trace.status import Status, StatusCode

        def context(id: int) -> SpanContext:
            flags = TraceFlags(TraceFlags.SAMPLED)
            return SpanContext(span.trace, id, is_remote=False, trace_flags=flags)

        status = Status(StatusCode.ERROR, span.message) if span.is_failed else Status(StatusCode.OK)
        return ReadableSpan(
            name=span.name,
            context=context(span.id),
            parent=context(span.parent) if span.parent else None,
            resource=self._resource,
            attributes=dict(span.attributes),
            kind=SpanKind.INTERNAL,
            status=status,
            start_time=span.start_ns,
            end_time=span.end_ns,
            instrumentation_scope=InstrumentationScope("gitops-toolkit", toolkit.__version__),
        )


class RunTracer:
    """A RunWatcher: the trace of a run is made when the run ends, from its rows."""

    def __init__(self, environment: str, sender: TraceSender) -> None:
        self._environment = environment
        self._sender = sender

    def decided(self, run: Run, transition: Transition, took: timedelta) -> None:
        """Nothing is sent before the end."""

    def ended(self, run: Run) -> None:
        self._sender.send(spans_of(run, self._environment))

    def recovered(self, run: Run) -> None:
        """Its rows hold when it began."""
