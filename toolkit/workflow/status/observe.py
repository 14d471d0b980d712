"""What people changed in a Workflow object, as events: the way their wishes reach the machine."""

from __future__ import annotations

from toolkit.resource.resource import Body
from toolkit.workflow.events import Event, NodesResumed, RetryRequested, SpecChanged
from toolkit.workflow.nodes import EXECUTED, FINISHED, SUCCEEDED, SUSPEND, Row
from toolkit.workflow.run import Run
from toolkit.workflow.spec.definition import given_spec
from toolkit.workflow.status.projection import COMPLETED_LABEL
from toolkit.workflow.substitution.parameters import text_of

_LEAVES = EXECUTED | {SUSPEND}


def observe(run: Run, live: Body) -> tuple[Event, ...]:
    """The wishes that a live object holds and the run has not followed yet: ``spec.suspend`` and
    ``spec.shutdown``, suspend nodes set to an end, and a retry (a projection with the label
    ``completed`` taken away, as ``argo retry`` does it). Cheap where nothing was changed.
    """
    if run.is_finished:
        wish = _retry(run, live)
        return () if wish is None else (wish,)
    events: list[Event] = []
    changed = _spec(run, live)
    if changed is not None:
        events.append(changed)
    events.extend(_resumed(run, live))
    return tuple(events)


def _spec(run: Run, live: Body) -> SpecChanged | None:
    spec = live.get("spec") or {}
    suspend = bool(spec.get("suspend"))
    shutdown = str(spec.get("shutdown") or "")
    is_new = shutdown not in {"", run.row["shutdown"]} and run.row["shutdown"] != "Terminate"
    if suspend == run.row["suspend"] and not is_new:
        return None
    return SpecChanged(suspend, shutdown)


def _resumed(run: Run, live: Body) -> list[NodesResumed]:
    nodes = _nodes(live)
    events = []
    for id in run.row["waiting"]:
        node = nodes.get(id)
        if node is None or node.get("phase") not in FINISHED:
            continue
        values = {
            str(entry["name"]): text_of(entry["value"])
            for entry in (node.get("outputs") or {}).get("parameters") or ()
            if entry.get("value") is not None
        }
        events.append(
            NodesResumed(
                (id,),
                {id: values},
                str(node.get("message") or ""),
                succeeded=node["phase"] == SUCCEEDED,
            )
        )
    return events


def _retry(run: Run, live: Body) -> RetryRequested | None:
    labels = (live.get("metadata") or {}).get("labels") or {}
    status = live.get("status") or {}
    nodes = _nodes(live)
    if COMPLETED_LABEL in labels or status.get("phase") not in {None, "", "Running"}:
        return None
    request = str(status.get("startedAt") or "")
    if not (nodes or request or status.get("phase")):  # as it was created
        return None  # else all nodes are to run again
    if request and request == run.row.get("retried"):
        return None
    keep = frozenset(id for id, node in nodes.items() if _is_kept(node))
    suspend = bool((live.get("spec") or {}).get("suspend"))
    return RetryRequested(keep, request, _overrides(run, live), suspend)


def _overrides(run: Run, live: Body) -> dict[str, str]:
    """The parameters that have another value now than the run was given."""
    if run.definition.is_empty:
        return {}
    known = _values(given_spec(run.definition.row))
    wanted = _values(live.get("spec") or {})
    return {name: value for name, value in wanted.items() if known.get(name) != value}


def _values(spec: Row) -> dict[str, str]:
    declared = (spec.get("arguments") or {}).get("parameters") or ()
    return {
        str(one.get("name")): text_of(one["value"])
        for one in declared
        if one.get("value") is not None
    }


def _is_kept(node: Row) -> bool:
    """A leaf that is set back is as good as gone; what is above it is set back by the machine."""
    return node.get("phase") in FINISHED or node.get("type") not in _LEAVES


def _nodes(live: Body) -> dict[str, Row]:
    return (live.get("status") or {}).get("nodes") or {}
