"""The locks of running workflows: what runs ask for goes to one desk, shared by all clusters of the
engine; what they get comes back as events. ConfigMaps with limits are watched while anybody cares.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Final

from toolkit.clock import Clock
from toolkit.controllers.loops.event_loop import EventLoop
from toolkit.controllers.loops.object_watch import ObjectWatch
from toolkit.resource.cluster import Cluster, ObjectRef
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.workflow.locks.desk import (
    Changes,
    Deliver,
    LimitOf,
    LockDesk,
    config_map_limit,
    database_limit,
)
from toolkit.workflow.locks.locks import CONFIG_MAP, DATABASE, Lock, LockRequest
from toolkit.workflow.nodes import Row

Semaphores = Callable[[], Mapping[str, int]]
"""The limits of ``database`` semaphores now, by ``<namespace>/<key>``."""

_CONFIG_MAP: Final = GroupVersionKind("", "v1", "ConfigMap")
_LOOK_AGAIN: Final = timedelta(seconds=5)
"""So often the limits of ``database`` semaphores are read while somebody waits; as Argo does."""


class SharedLocks:
    """The desk of an engine, for the threads of its controllers. ``requests``: as they were
    committed, of all clusters; those of clusters that do not run keep what they hold.
    """

    def __init__(self, requests: Iterable[tuple[str, LockRequest]], semaphores: Semaphores) -> None:
        self.semaphores = semaphores
        self._desk = LockDesk([entry for entry in requests if entry[1].is_held])
        self._lock = threading.Lock()

    def join(
        self,
        cluster: str,
        deliver: Deliver,
        limit_of: LimitOf,
        waiting: Iterable[LockRequest] = (),
    ) -> None:
        """See :meth:`LockDesk.join`; ``deliver`` must not wait."""
        with self._lock:
            self._desk.join(cluster, deliver, limit_of, waiting)

    def take(self, cluster: str, run: str, changes: Changes) -> None:
        with self._lock:
            self._desk.take(cluster, run, changes)

    def forget(self, run: str) -> None:
        with self._lock:
            self._desk.forget(run)

    def look_again(self, cluster: str, chosen: Callable[[Lock], bool]) -> bool:
        """Read the limits of chosen locks again; False where nobody cares for any of them."""
        with self._lock:
            return self._desk.look_again(cluster, chosen)

    def seen(self, cluster: str, run: str) -> tuple[dict[str, tuple[Lock, str]], Row]:
        """What people see: what nodes wait for, and ``status.synchronization``."""
        with self._lock:
            return self._desk.waiting(run), self._desk.status(cluster, run)


class RunLocks:
    """One cluster's part in it. Everything but construction is on the loop's thread."""

    def __init__(
        self,
        name: str,
        cluster: Cluster,
        shared: SharedLocks,
        *,
        loop: EventLoop,
        clock: Clock,
    ) -> None:
        self._name = name
        self._cluster = cluster
        self._shared = shared
        self._loop = loop
        self._clock = clock
        self._concerned: set[str] = set()
        self._watch: ObjectWatch | None = None
        self._is_polling = False

    def join(self, deliver: Deliver, requests: Iterable[tuple[str, LockRequest]]) -> None:
        """Takes part, with the requests that were committed."""
        own = [request for cluster, request in requests if cluster == self._name]
        for request in own:
            self._concern(request)
        waiting = [request for request in own if not request.is_held]
        self._shared.join(self._name, deliver, self._limit_of, waiting)

    def take(self, run: str, changes: tuple[tuple[str, LockRequest | None], ...]) -> None:
        """What a committed transition says."""
        if not changes:
            return
        for _, request in changes:
            if request is not None:
                self._concern(request)
        self._shared.take(self._name, run, changes)

    def forget(self, run: str) -> None:
        """The run was deleted."""
        self._concerned.discard(run)
        self._shared.forget(run)

    def seen(self, run: str) -> tuple[dict[str, tuple[Lock, str]], Row]:
        """What people see of a run's locks."""
        return self._shared.seen(self._name, run) if run in self._concerned else ({}, {})

    def close(self) -> None:
        if self._watch is not None:
            self._watch.close()

    # Limits

    def _limit_of(self, lock: Lock) -> int:
        if lock.kind == DATABASE:
            return database_limit(lock, self._shared.semaphores())
        ref = ObjectRef(_CONFIG_MAP, lock.namespace, lock.name)
        found = self._cluster.get(ref)
        return config_map_limit(lock, None if found is None else found.get("data") or {})

    def _concern(self, request: LockRequest) -> None:
        """Keep an eye on what the request needs."""
        self._concerned.add(request.run)
        kinds = {lock.kind for lock in request.locks}
        if CONFIG_MAP in kinds and self._watch is None and self._loop.is_running:
            self._watch = ObjectWatch(self._cluster, _CONFIG_MAP)
            self._watch.follow(
                self._loop,
                listed=lambda bodies: self.changed(*bodies),
                changed=lambda event: self.changed(event.object),
            )
            self._watch.start()
        if DATABASE in kinds and not self._is_polling:
            self._is_polling = True
            self._loop.at(self._clock.now() + _LOOK_AGAIN, self._poll)

    def changed(self, *config_maps: Body) -> None:
        """ConfigMaps were seen that may hold limits."""
        found = [body["metadata"] for body in config_maps]
        names = {(metadata.get("namespace"), metadata["name"]) for metadata in found}
        self._shared.look_again(
            self._name,
            lambda lock: lock.kind == CONFIG_MAP and (lock.namespace, lock.name) in names,
        )

    def _poll(self) -> None:
        self._is_polling = self._shared.look_again(self._name, lambda lock: lock.kind == DATABASE)
        if self._is_polling:
            self._loop.at(self._clock.now() + _LOOK_AGAIN, self._poll)
