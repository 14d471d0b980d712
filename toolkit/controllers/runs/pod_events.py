"""What happened to a pod, as core/v1 Events: ``kubectl describe pod`` shows them below the pod."""

from __future__ import annotations

from typing import Final

from toolkit.resource.resource import Body

_COMPONENT: Final = "workflow-controller"
_MAIN: Final = "main"


def news(pod: Body, told: set[str]) -> list[Body]:
    """The Events of ``pod``, as the cluster has it, that are not in ``told``, and are then: that
    its containers started, and that it failed and why. They go when the pod goes.
    """
    events = []
    for type, reason, message, container in _happened(pod["status"]):
        part = "" if container == _MAIN else f".{container}"
        name = f"{pod['metadata']['name']}.{reason.lower()}{part}"
        if name not in told:
            told.add(name)
            events.append(_event(pod, name, (type, reason, message), container))
    return events


def _happened(status: Body) -> list[tuple[str, str, str, str]]:
    """Type, reason, message, and the container that it is about."""
    if status.get("phase") == "Failed":
        return [("Warning", "Failed", str(status.get("message") or "Error"), _MAIN)]
    states = (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ()))
    running = [str(each["name"]) for each in states if "running" in each["state"]]
    return [("Normal", "Started", f"Started container {name}", name) for name in running]


def _event(pod: Body, name: str, said: tuple[str, str, str], container: str) -> Body:
    metadata, state = pod["metadata"], pod["status"]
    type, reason, message = said
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
            "fieldPath": f"spec.containers{{{container}}}",
        },
        "type": type,
        "reason": reason,
        "message": message,
        "source": {"component": _COMPONENT},
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
    }
