"""What a cron said, as core/v1 Events beside it: skipped ticks, overlaps, broken schedules."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Final

from toolkit.errors import AlreadyExistsError, NotFoundError
from toolkit.resource.cluster import Cluster, ObjectRef, PatchType
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.workflow.nodes import rfc3339

EVENT: Final = GroupVersionKind("", "v1", "Event")
_COMPONENT: Final = "cron-controller"


def record(cluster: Cluster, cron: Body, said: tuple[str, str, str], now: datetime) -> None:
    """Write ``said`` (type, reason, message). One Event a cron and reason: it counts how often,
    and holds the latest message, so that a cron that skips each minute does not fill the store.
    """
    type, reason, message = said
    metadata = cron["metadata"]
    name = f"{metadata['name']}.{reason.lower()}"
    ref = ObjectRef(EVENT, str(metadata["namespace"]), name)
    known = cluster.get(ref)
    latest = {"type": type, "message": message, "lastTimestamp": rfc3339(now)}
    if known is not None:
        count = int(known.get("count") or 1) + 1
        with suppress(NotFoundError):  # deleted meanwhile: nobody misses it
            cluster.patch(ref, {**latest, "count": count}, PatchType.MERGE)
        return
    with suppress(AlreadyExistsError):
        cluster.create(_event(cron, name, reason, now) | latest)


def _event(cron: Body, name: str, reason: str, now: datetime) -> Body:
    metadata = cron["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": metadata["namespace"]},
        "involvedObject": {
            "apiVersion": cron.get("apiVersion"),
            "kind": cron.get("kind"),
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata.get("uid", ""),
        },
        "reason": reason,
        "source": {"component": _COMPONENT},
        "firstTimestamp": rfc3339(now),
        "count": 1,
    }
