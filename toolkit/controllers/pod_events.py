"""What happened to a pod, as core/v1 Events: ``kubectl describe pod`` shows them below the pod."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from toolkit.errors import AlreadyExistsError, ForbiddenError, NotFoundError
from toolkit.resource.cluster import Cluster
from toolkit.resource.resource import Body

_COMPONENT: Final = "workflow-controller"
_STARTED: Final = ("Normal", "Started", "Started container main")


def tell(cluster: Cluster, pod: Body, told: set[str]) -> None:
    """Writes the Events of ``pod``, as the cluster has it, that are not in ``told``: that it
    started, and that it failed and why. They go when the pod goes.
    """
    for type, reason, message in _happened(pod["status"]):
        name = f"{pod['metadata']['name']}.{reason.lower()}"
        if name in told:
            continue
        with suppress(AlreadyExistsError, ForbiddenError, NotFoundError):  # an Event is a courtesy
            cluster.create(_event(pod, name, type, reason, message))
        told.add(name)


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
