"""The Cluster port: one logical cluster, spoken to in Kubernetes' verbs.

Adapters: the embedded API server in process, and Kubernetes REST over HTTP (our own server on
loopback, or any kubeconfig context). One contract suite runs over all of them.

Failures are the :class:`~toolkit.errors.ClusterError` subclasses. Bodies that come back belong to
the caller. Names of kinds are given as :class:`GroupVersionKind`; the adapter finds the REST
resource by discovery, and raises ``NotFoundError`` for a kind the cluster does not serve.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body


class PatchType(Enum):
    """Content types of a PATCH."""

    JSON = "application/json-patch+json"
    MERGE = "application/merge-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"
    APPLY = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """One object by address. ``namespace`` is "" for a cluster-scoped kind."""

    gvk: GroupVersionKind
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class ObjectList:
    """A list at one version: watch from ``resource_version`` to miss nothing."""

    items: tuple[Body, ...]
    resource_version: str


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """``type`` is ADDED, MODIFIED, DELETED or BOOKMARK. ``object`` is the object after (for
    DELETED: as it last was).
    """

    type: str
    object: Body


@dataclass(frozen=True, slots=True)
class ServedKind:
    """A kind the cluster serves, from discovery."""

    gvk: GroupVersionKind
    plural: str
    is_namespaced: bool
    short_names: tuple[str, ...] = ()


class Cluster(Protocol):
    """One logical cluster."""

    def uid(self) -> str:
        """The cluster's identity: the UID of its ``kube-system`` namespace. Guards compare it."""
        ...

    def served_kinds(self) -> tuple[ServedKind, ...]:
        """All kinds served, preferred versions first."""
        ...

    def get(self, ref: ObjectRef) -> Body | None:
        """The object, or None where there is no such name."""
        ...

    def list(
        self,
        gvk: GroupVersionKind,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> ObjectList:
        """Objects of one kind, sorted by namespace and name; ``namespace`` "" means all."""
        ...

    def create(self, body: Mapping[str, Any], *, dry_run: bool = False) -> Body:
        """Create. Honours ``metadata.generateName``. Raises AlreadyExistsError, InvalidError."""
        ...

    def update(self, body: Mapping[str, Any]) -> Body:
        """Replace. A ``metadata.resourceVersion`` in the body must match (ConflictError)."""
        ...

    def update_status(self, body: Mapping[str, Any]) -> Body:
        """Replace through the status subresource where the kind has one, else as update."""
        ...

    def patch(
        self, ref: ObjectRef, patch: Any, patch_type: PatchType, *, dry_run: bool = False
    ) -> Body:
        """Patch. Raises NotFoundError, ConflictError, InvalidError."""
        ...

    def apply(
        self,
        body: Mapping[str, Any],
        *,
        field_manager: str,
        force: bool = False,
        dry_run: bool = False,
    ) -> Body:
        """Server-side apply. Raises ConflictError naming the fields other managers own."""
        ...

    def delete(
        self,
        ref: ObjectRef,
        *,
        uid: str = "",
        resource_version: str = "",
        propagation: str = "Background",
    ) -> None:
        """Delete, with preconditions where given (ConflictError). NotFoundError if absent."""
        ...

    def watch(
        self,
        gvk: GroupVersionKind,
        namespace: str = "",
        *,
        resource_version: str,
        timeout_s: float,
    ) -> Iterator[WatchEvent]:
        """Changes after ``resource_version``, in order, each once; ends after ``timeout_s``.

        Raises GoneError where that version was compacted.
        """
        ...

    def pod_log(
        self,
        namespace: str,
        pod: str,
        *,
        container: str = "main",
        follow: bool = False,
        tail_lines: int | None = None,
        timestamps: bool = False,
    ) -> Iterator[str]:
        """Lines of a pod's log, without line ends. NotFoundError where there is no such pod."""
        ...
