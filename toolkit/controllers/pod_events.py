"""What happened to a pod, as core/v1 Events: ``kubectl describe pod`` shows them below the pod."""

from __future__ import annotations

from typing import Final

from toolkit.resource.resource import Body

_COMPONENT: Final = "workflow-controller"
_STARTED: Final = ("Normal", "Started", "Started container main")


def news(pod: Body, told: set[str]) -> list[Body]:
    """The Events of ``pod``, as the cluster has it, that are not in ``told``, and are then: that
    it started, and that it failed and why. They go when the pod goes.
    """
    events = []
    for type, reason, message in _happened(pod["status"]):
        name = f"{pod['metadata']['name']}.{reason.lower()}"
        if name not in told:
            told.add(name)
            events.append(_event(pod, name, type, reason, message))
    return events


def _happened(status: Body) -> list[tuple[str, str, str]]:
    phase = status.get("phase")
    if phase == "Running":
        return [_STARTED]
    if phase == "Failed":
        return [("Warning", "Failed", str(status.get("message") or "Error"))]
    return []


def _event(pod: Body, name: str, type: str, reason: str, message: str) -> Body:
    metadata, state = pod["metadata"], pod["status"]
    ended = (state["containerStatuses"][0]["state"].get("terminated") or {}).get("finishedAt")
    at = ended or state["startTime"]
    reference = {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"]}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": name,
            "namespace": metadata["namespace"],
            "ownerReferences": [{**reference, "uid": metadata["uid"]}],
        },
        "involvedObject": {
            **reference,
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
            "fieldPath": "spec.containers{main}",
        },
        "type": type,
        "reason": reason,
        "message": message,
        "source": {"component": _COMPONENT},
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
    }
