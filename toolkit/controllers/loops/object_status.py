"""Writes the status of an object that others write, too."""

from __future__ import annotations

from collections.abc import Callable

from toolkit.errors import ConflictError, NotFoundError
from toolkit.resource.cluster import Cluster, ObjectRef
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.workflow.nodes import Row


def put_status(cluster: Cluster, body: Body, status: Callable[[Body], Row]) -> Body | None:
    """What ``status`` says of the newest ``body`` is written; None where that object is gone.

    Where it changed meanwhile, ``status`` is asked again.
    """
    metadata = body["metadata"]
    ref = ObjectRef(GroupVersionKind.of(body), str(metadata["namespace"]), str(metadata["name"]))
    while True:
        live = cluster.get(ref)
        if live is None or live["metadata"]["uid"] != metadata["uid"]:
            return None
        target = status(live)
        if target == live.get("status"):
            return live
        try:
            return cluster.update_status({**live, "status": target})
        except ConflictError:
            continue
        except NotFoundError:
            return None
