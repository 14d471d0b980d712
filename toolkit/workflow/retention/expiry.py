"""When a Workflow and its Pods are to be deleted: ``ttlStrategy`` and ``podGC``. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from toolkit.resource.resource import Body
from toolkit.workflow.nodes import COMPLETED, ERROR, FAILED, SUCCEEDED, parse_instant
from toolkit.workflow.spans import parse_span
from toolkit.workflow.status.projection import COMPLETED_LABEL, GROUP

_OF_PHASE: Final[Mapping[str, str]] = {
    FAILED: "secondsAfterFailure",
    ERROR: "secondsAfterError",
    SUCCEEDED: "secondsAfterSuccess",
}
POD_GC_STRATEGIES: Final = frozenset(
    {"OnPodCompletion", "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess"}
)
_POD_GC_DELAY: Final = timedelta(seconds=5)
"""Argo's own, where ``deleteDelayDuration`` is not given."""


def expires_at(workflow: Body) -> datetime | None:
    """When the Workflow is to be deleted by its ``ttlStrategy``; None where it is not, or not yet
    known. What is given for the phase goes before ``secondsAfterCompletion``.
    """
    finished = _finished_at(workflow)
    strategy = _of_spec(workflow, "ttlStrategy")
    if finished is None or not strategy:
        return None
    phase = str((workflow.get("status") or {}).get("phase"))
    for field in (_OF_PHASE[phase], "secondsAfterCompletion"):
        if strategy.get(field) is not None:
            return finished + timedelta(seconds=int(strategy[field]))
    return None


def collects_pods(workflow: Body) -> bool:
    """Whether the Workflow has a ``podGC`` that deletes anything."""
    return _of_spec(workflow, "podGC").get("strategy") in POD_GC_STRATEGIES


def pod_selector(workflow: Body) -> str:
    """Which pods its ``podGC`` means, as a label selector."""
    selector = _of_spec(workflow, "podGC").get("labelSelector") or {}
    terms = [f"{GROUP}/workflow={workflow['metadata']['name']}"]
    terms += [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    terms += [_term(expression) for expression in selector.get("matchExpressions") or ()]
    return ",".join(terms)


def pod_expires_at(workflow: Body, pod: Body) -> datetime | None:
    """When a pod that :func:`pod_selector` finds is to be deleted; None while it is not."""
    policy = _of_spec(workflow, "podGC")
    ended = _end_of(workflow, pod, str(policy["strategy"]))
    return None if ended is None else ended + _delay(policy)


def _end_of(workflow: Body, pod: Body, strategy: str) -> datetime | None:
    """What the delay counts from."""
    if strategy.startswith("OnWorkflow"):
        phase = str((workflow.get("status") or {}).get("phase"))
        is_due = strategy == "OnWorkflowCompletion" or phase == SUCCEEDED
        return _finished_at(workflow) if is_due else None
    status = pod.get("status") or {}
    phases = {SUCCEEDED} if strategy == "OnPodSuccess" else {SUCCEEDED, FAILED}
    if status.get("phase") not in phases:
        return None
    ends = [
        str(state["terminated"]["finishedAt"])
        for container in status.get("containerStatuses") or ()
        if (state := container.get("state") or {}).get("terminated")
    ]
    return parse_instant(max(ends)) if ends else None


def _delay(policy: Mapping[str, Any]) -> timedelta:
    """As Argo: what is not given, or cannot be read, is the default."""
    try:
        return parse_span(policy.get("deleteDelayDuration") or "")
    except ValueError:
        return _POD_GC_DELAY


def _term(expression: Mapping[str, Any]) -> str:
    key, operator = expression["key"], expression["operator"]
    values = ",".join(str(value) for value in expression.get("values") or ())
    return {
        "In": f"{key} in ({values})",
        "NotIn": f"{key} notin ({values})",
        "Exists": str(key),
        "DoesNotExist": f"!{key}",
    }[operator]


def _finished_at(workflow: Body) -> datetime | None:
    """None also where it was taken up again, and where its end is not yet wholly shown."""
    status = workflow.get("status") or {}
    labels = workflow["metadata"].get("labels") or {}
    if labels.get(COMPLETED_LABEL) != "true" or status.get("phase") not in COMPLETED:
        return None
    return parse_instant(status["finishedAt"]) if status.get("finishedAt") else None


def _of_spec(workflow: Body, field: str) -> Mapping[str, Any]:
    """Of the Workflow, else of the template that it refers to."""
    stored = (workflow.get("status") or {}).get("storedWorkflowTemplateSpec") or {}
    found: Mapping[str, Any] = (workflow.get("spec") or {}).get(field) or stored.get(field) or {}
    return found
