"""Namespaces: what lives in one, and how one ends."""

from __future__ import annotations

from toolkit.apiserver.call import Call
from toolkit.apiserver.refusals import forbidden
from toolkit.apiserver.store import ObjectKey, Snapshot
from toolkit.errors import ForbiddenError, NotFoundError
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body

NAMESPACE = GroupVersionKind("", "v1", "Namespace")
KUBE_SYSTEM = "kube-system"
"""Its uid is the cluster's identity."""

INITIAL_NAMESPACES = ("default", KUBE_SYSTEM)
_PERMANENT = frozenset(INITIAL_NAMESPACES)


def namespace_key(cluster: str, name: str) -> ObjectKey:
    """Where a Namespace is stored."""
    return ObjectKey(cluster, "/Namespace", "", name)


def require_namespace(snapshot: Snapshot, call: Call) -> None:
    """Raises NotFoundError where the namespace is missing, ForbiddenError where it ends."""
    if not call.kind.is_namespaced:
        return
    namespace = snapshot.get(namespace_key(call.cluster, call.namespace))
    if namespace is None:
        raise NotFoundError(
            f'namespaces "{call.namespace}" not found',
            details={"name": call.namespace, "kind": "namespaces"},
            hints=["a sync with CreateNamespace makes it, or apply a Namespace"],
        )
    if is_terminating(namespace):
        raise forbidden(
            call.kind,
            call.name,
            f"unable to create new content in namespace {call.namespace} because it is being "
            "terminated",
        )


def require_deletable(call: Call) -> None:
    """Raises ForbiddenError for the namespaces a cluster cannot be without."""
    if call.kind.gvk == NAMESPACE and call.name in _PERMANENT:
        raise ForbiddenError(
            f'namespaces "{call.name}" is forbidden: this namespace may not be deleted',
            details={"name": call.name, "kind": "namespaces"},
        )


def is_terminating(body: Body) -> bool:
    """Whether an object is on its way out."""
    return bool(body["metadata"].get("deletionTimestamp"))
