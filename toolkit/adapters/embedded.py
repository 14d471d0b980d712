"""The Cluster port in process, over a logical cluster of our own store."""

from __future__ import annotations

import secrets
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from toolkit.adapters.collector import collector_paused
from toolkit.apiserver.call import Fresh, Options, Propagation
from toolkit.apiserver.deleting import DeleteOptions
from toolkit.apiserver.kinds import Kind
from toolkit.apiserver.logical_cluster import LogicalCluster, Request
from toolkit.apiserver.reading import ListOptions
from toolkit.apiserver.selectors import EVERYTHING, parse_selector
from toolkit.apiserver.store import ObjectStore
from toolkit.apiserver.watching import Batch
from toolkit.clock import Clock
from toolkit.errors import BadRequestError, NotFoundError, ToolkitError
from toolkit.resource.cluster import ObjectList, ObjectRef, PatchType, ServedKind, WatchEvent
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.workflow.batch.pods import log_group
from toolkit.workflow.ports import LogStore, PodAddress

_SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  # Kubernetes' own: no word can come of it
_WORKFLOW_LABEL = "workflows.argoproj.io/workflow"
_POD = GroupVersionKind("", "v1", "Pod")


def new_suffix() -> str:
    """The random end of a generated name."""
    return "".join(secrets.choice(_SUFFIX_ALPHABET) for _ in range(5))


def fresh_from(clock: Clock) -> Callable[[], Fresh]:
    """What each request needs of the world."""

    def new_uid() -> str:
        return str(uuid.uuid4())

    return lambda: Fresh(clock.now(), new_uid, new_suffix)


def logical_cluster(store: ObjectStore, name: str, clock: Clock) -> LogicalCluster:
    """A logical cluster on this machine's clock and randomness; it may not exist yet."""
    return LogicalCluster(store, name, fresh_from(clock))


class EmbeddedCluster:
    """Watchers are woken by commits. Thread-safe."""

    def __init__(
        self,
        cluster: LogicalCluster,
        *,
        log_store: LogStore | None = None,
        field_manager: str = "gitops",
    ) -> None:
        self._cluster = cluster
        self._log_store = log_store
        self._options = Options(field_manager=field_manager)

    def uid(self) -> str:
        return self._cluster.uid()

    def served_kinds(self) -> tuple[ServedKind, ...]:
        return tuple(kind.served for kind in self._cluster.kinds())

    def get(self, ref: ObjectRef) -> Body | None:
        request = self._request(ref)  # an unknown kind is an error, an unknown name is not
        try:
            return self._cluster.get(request)
        except NotFoundError:
            return None

    def list(
        self,
        gvk: GroupVersionKind,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> ObjectList:
        options = ListOptions(parse_selector(label_selector, field_selector))
        request = self._request(ObjectRef(gvk, namespace, ""))
        with collector_paused():
            page = self._cluster.list(request, options)
            return ObjectList(page.bodies(), str(page.version))

    def create(self, body: Mapping[str, Any], *, dry_run: bool = False) -> Body:
        request = self._request_of(body, dry_run=dry_run)
        return self._cluster.create(replace(request, name=""), dict(body)).body

    def create_all(self, bodies: Sequence[Body]) -> tuple[Body | ToolkitError, ...]:
        """Each as ``create`` would, all in one transaction: as stored, or why it was not."""
        requests = [(replace(self._request_of(body), name=""), body) for body in bodies]
        with collector_paused():  # looking through all that a large state keeps takes 100 ms
            return self._cluster.create_all(requests)

    def update(self, body: Mapping[str, Any]) -> Body:
        return self._cluster.update(self._request_of(body), dict(body)).body

    def update_status(self, body: Mapping[str, Any]) -> Body:
        request = self._request_of(body)
        if request.kind.has_status:
            request = replace(request, subresource="status")
        return self._cluster.update(request, dict(body)).body

    def draw(self, bodies: Sequence[Body]) -> tuple[Body, ...]:
        """Stores pictures of what is true elsewhere, all in one transaction."""
        return self._cluster.draw(
            [
                (
                    Request(
                        self._cluster.kind(GroupVersionKind.of(body)),
                        str(body["metadata"].get("namespace") or ""),
                        str(body["metadata"]["name"]),
                    ),
                    body,
                )
                for body in bodies
            ]
        )

    def patch(
        self, ref: ObjectRef, patch: Any, patch_type: PatchType, *, dry_run: bool = False
    ) -> Body:
        return self._cluster.patch(self._request(ref, dry_run=dry_run), patch, patch_type).body

    def apply(
        self,
        body: Mapping[str, Any],
        *,
        field_manager: str,
        force: bool = False,
        dry_run: bool = False,
    ) -> Body:
        request = self._request_of(body)
        options = replace(
            request.options, field_manager=field_manager, force=force, dry_run=dry_run
        )
        request = replace(request, options=options)
        return self._cluster.patch(request, dict(body), PatchType.APPLY).body

    def delete(
        self,
        ref: ObjectRef,
        *,
        uid: str = "",
        resource_version: str = "",
        propagation: str = "Background",
    ) -> None:
        options = DeleteOptions(uid, resource_version, Propagation(propagation))
        self._cluster.delete(self._request(ref), options)

    def watch(
        self,
        gvk: GroupVersionKind,
        namespace: str = "",
        *,
        resource_version: str,
        timeout_s: float,
    ) -> Iterator[WatchEvent]:
        request = self._request(ObjectRef(gvk, namespace, ""))
        changed = threading.Event()
        unsubscribe = self._cluster.subscribe(changed.set, request.kind)
        deadline = time.monotonic() + timeout_s
        since = int(resource_version or 0)
        try:
            while True:
                changed.clear()
                batch = self._changes(request, since)
                since = batch.version
                yield from batch.events
                left = deadline - time.monotonic()
                if left <= 0 or not changed.wait(left):
                    return
        finally:
            unsubscribe()

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
        request = self._request(ObjectRef(_POD, namespace, pod))
        if self._log_store is None:
            raise NotFoundError(f'no log is kept of pods "{pod}"')
        address, _ = find_log(self._cluster, request, self._log_store)
        return self._log_store.lines(
            address,
            container=container,
            follow=follow,
            tail_lines=tail_lines,
            timestamps=timestamps,
        )

    def _changes(self, request: Request, since: int) -> Batch:
        return self._cluster.changes(request, EVERYTHING, since)

    def _request(self, ref: ObjectRef, *, dry_run: bool = False) -> Request:
        return self._asking(self._cluster.kind(ref.gvk), ref.namespace, ref.name, dry_run)

    def _request_of(self, body: Mapping[str, Any], *, dry_run: bool = False) -> Request:
        metadata = body.get("metadata")
        if not isinstance(metadata, Mapping):
            raise BadRequestError("the object has no metadata")
        gvk = GroupVersionKind.of(body)
        kind = self._cluster.kind(gvk)
        namespace = str(metadata.get("namespace") or "")
        if kind.is_namespaced and not namespace:
            raise BadRequestError(f"{gvk.kind} {metadata.get('name')!r} names no namespace")
        return self._asking(kind, namespace, str(metadata.get("name") or ""), dry_run)

    def _asking(self, kind: Kind, namespace: str, name: str, dry_run: bool) -> Request:  # noqa: FBT001
        return Request(kind, namespace, name, options=replace(self._options, dry_run=dry_run))


def find_log(
    cluster: LogicalCluster, request: Request, log_store: LogStore
) -> tuple[PodAddress, Body]:
    """Where the log of a pod is, and the pod: a log outlives its pod (``podGC``), which is then
    empty. Raises NotFoundError where there is neither.
    """
    try:
        pod = cluster.get(request)
    except NotFoundError as error:
        try:
            return log_store.address_of(cluster.name, request.namespace, request.name), {}
        except NotFoundError:
            raise error from None
    return pod_address(cluster.name, pod), pod


def pod_address(cluster: str, pod: Body) -> PodAddress:
    """Where the log of one of the engine's pods lives: a step's, or one that stands for itself."""
    metadata = pod["metadata"]
    workflow = str((metadata.get("labels") or {}).get(_WORKFLOW_LABEL) or log_group(pod))
    return PodAddress(cluster, str(metadata["namespace"]), workflow, str(metadata["name"]))
