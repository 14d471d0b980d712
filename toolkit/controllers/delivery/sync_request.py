"""How a verb asks the process that reconciles for a sync: by a ConfigMap, over Kubernetes' wire.

The asker writes it and waits for a sync whose initiator names the request; the reconciler takes it
away before it begins. It works against the embedded cluster and against Kubernetes alike.
"""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.errors import NotFoundError
from toolkit.resource.cluster import Cluster, ObjectRef
from toolkit.resource.identity import GroupVersionKind

_CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
_FIELD_MANAGER = "gitops-request"


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """``id`` is unique; ``approval`` a plan's hash, or ""."""

    id: str
    approval: str = ""

    @property
    def initiator(self) -> str:
        """What the sync's record says."""
        return f"by hand ({self.id})"


def ask(cluster: Cluster, environment: str, namespace: str, request: SyncRequest) -> None:
    """A request that nobody took yet is replaced."""
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": _name(environment), "namespace": namespace},
        "data": {"id": request.id, "approval": request.approval},
    }
    cluster.apply(body, field_manager=_FIELD_MANAGER, force=True)


def take(cluster: Cluster, environment: str, namespace: str) -> SyncRequest | None:
    """The request, which is then gone; None where nobody asked."""
    ref = ObjectRef(_CONFIG_MAP, namespace, _name(environment))
    live = cluster.get(ref)
    if live is None:
        return None
    try:
        cluster.delete(ref, uid=live["metadata"]["uid"])
    except NotFoundError:
        return None
    found = live.get("data") or {}
    return SyncRequest(str(found.get("id", "")), str(found.get("approval", "")))


def is_waiting(cluster: Cluster, environment: str, namespace: str, request: SyncRequest) -> bool:
    """Whether nobody took the request yet."""
    live = cluster.get(ObjectRef(_CONFIG_MAP, namespace, _name(environment)))
    return live is not None and (live.get("data") or {}).get("id") == request.id


def _name(environment: str) -> str:
    return f"gitops-sync-{environment}"
