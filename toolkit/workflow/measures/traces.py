"""A run as a trace: a span for the run, one for each node below what owns it.

Ids follow from the run and its nodes, so that a trace is the same whoever makes it; a run that is
retried begins another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from toolkit.workflow.nodes import FINISHED, UNSUCCESSFUL, Node, parse_instant, template_of
from toolkit.workflow.run import Run
from toolkit.workflow.spec.definition import SCHEDULED_TIME
from toolkit.workflow.spec.step_names import attempt_of

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

Attributes = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Span:
    """Times in nanoseconds since 1970. ``parent`` 0: the trace's root."""

    trace: int
    id: int
    parent: int
    name: str
    start_ns: int
    end_ns: int
    attributes: Attributes
    is_failed: bool = False
    message: str = ""


def spans_of(run: Run, environment: str) -> Iterator[Span]:
    """The spans of a run that has ended, the run's own first."""
    trace = _number(f"{run.uid}/{run.row.get('retried') or ''}", 16)
    root = _number(f"{trace}/run", 8)
    yield _run_span(run, environment, trace, root)
    for node in run.nodes.values():
        if node.phase in FINISHED:
            yield _node_span(run, node, trace, root)


def _run_span(run: Run, environment: str, trace: int, id: int) -> Span:
    row = run.row
    metadata = run.definition.metadata
    attributes: dict[str, str | int] = {
        "name": run.name,
        "namespace": run.namespace,
        "uid": run.uid,
        "environment": environment,
        "phase": run.phase,
    }
    scheduled = (metadata.get("annotations") or {}).get(SCHEDULED_TIME)
    if scheduled:
        attributes["scheduled_time"] = str(scheduled)
    return Span(
        trace,
        id,
        0,
        "workflow",
        _ns(row["started"]),
        _ns(row["finished"]),
        attributes,
        is_failed=run.phase in UNSUCCESSFUL,
        message=str(row["message"] or ""),
    )


def _node_span(run: Run, node: Node, trace: int, root: int) -> Span:
    attributes: dict[str, str | int] = {
        "name": run.name,
        "namespace": run.namespace,
        "node_id": node.id,
        "node_name": node.name,
        "node_type": node.type,
        "node_phase": node.phase,
    }
    optional: dict[str, Any] = {
        "template": template_of(node.status),
        "pod": node.engine.get("pod"),
        "message": node.message,
        "exit_code": _exit_code(node),
        "attempt": attempt_of(node.name) or None,
    }
    attributes |= {key: value for key, value in optional.items() if value not in (None, "")}
    owner = node.owner if node.owner in run.nodes else ""
    return Span(
        trace,
        _number(f"{trace}/{node.id}", 8),
        _number(f"{trace}/{owner}", 8) if owner else root,
        str(node.status.get("displayName") or node.name),
        _ns(node.engine["started"]),
        _ns(node.engine.get("finished") or node.engine["started"]),
        attributes,
        is_failed=node.is_unsuccessful,
        message=node.message,
    )


def _exit_code(node: Node) -> int | None:
    code = (node.engine.get("ran") or {}).get("exitCode")
    return None if code is None else int(code)


def _ns(text: str) -> int:
    return (parse_instant(text) - _EPOCH) // _MICROSECOND * 1_000


def _number(text: str, size: int) -> int:
    """Never 0, which means none."""
    return int.from_bytes(sha256(text.encode()).digest()[:size]) or 1
