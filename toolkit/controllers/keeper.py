"""Deletes what has been kept long enough, in one logical cluster.

Workflows go by their ``ttlStrategy`` and pods by ``podGC``, at the second, as Argo does it; what
else is over its limits goes whenever a sweep comes round. Everything follows from the objects as
they are, so that a restart at any moment forgets nothing and deletes nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from toolkit.clock import Clock
from toolkit.controllers.loops.controller import Controller
from toolkit.controllers.loops.object_watch import Watches
from toolkit.controllers.runs.projecting import POD, WORKFLOW, remove_pods
from toolkit.errors import ConflictError, NotFoundError
from toolkit.resource.cluster import Cluster, ObjectRef, WatchEvent
from toolkit.resource.resource import Body
from toolkit.workflow.retention.expiry import (
    collects_pods,
    expires_at,
    pod_expires_at,
    pod_selector,
)

SWEEP_INTERVAL = timedelta(minutes=10)
_FIRST_SWEEP = timedelta(seconds=30)
"""Not while everything starts."""


class Keeper(Controller[Cluster]):
    """``sweep`` removes what is over the limits of gitops.yaml (:mod:`..retention`)."""

    def __init__(
        self,
        name: str,
        cluster: Cluster,
        *,
        clock: Clock,
        on_error: Callable[[Exception], None],
        sweep: Callable[[], object] = lambda: None,
        watches: Watches | None = None,
    ) -> None:
        super().__init__(f"keeper-{name}", cluster, clock, on_error, watches)
        self._sweep = sweep
        self._due: dict[str, datetime] = {}  # by uid, of workflows: the timer that counts
        self.follow(WORKFLOW, listed=self.listed, changed=self.changed)

    def start(self) -> None:
        """Begins to delete; to sweep a little later."""
        self.loop.soon(lambda: self.sweep_at(self._clock.now() + _FIRST_SWEEP))
        super().start()

    def sweep_at(self, when: datetime) -> None:
        """The next sweep, and those that follow it. On the loop's thread."""
        self.loop.at(when, self._sweep_and_again)

    def listed(self, bodies: Iterable[Body]) -> None:
        """All workflows there are: at first, and after changes were missed."""
        self._due.clear()
        for body in bodies:
            self._seen(body)

    def changed(self, event: WatchEvent) -> None:
        if event.type == "DELETED":
            self._due.pop(str(event.object["metadata"]["uid"]), None)
        else:
            self._seen(event.object)

    def _seen(self, body: Body) -> None:
        metadata = body["metadata"]
        uid, ref = str(metadata["uid"]), _ref(metadata)
        when = expires_at(body)
        if when is None:
            self._due.pop(uid, None)  # it was taken up again, or never goes
        elif self._due.get(uid) != when:
            self._due[uid] = when
            self.loop.at(when, lambda: self._expire(ref, uid, when))
        if collects_pods(body):
            self._collect(body)

    def _expire(self, ref: ObjectRef, uid: str, when: datetime) -> None:
        """Deletes, unless it was retried or changed meanwhile."""
        if self._due.get(uid) != when:
            return
        live = self._cluster.get(ref)
        if live is None or live["metadata"]["uid"] != uid or expires_at(live) != when:
            return
        with suppress(NotFoundError, ConflictError):
            self._cluster.delete(ref, uid=uid)
        remove_pods(self._cluster, live)

    def _collect(self, workflow: Body) -> None:
        """Deletes the pods whose time has come, and comes again for the next ones."""
        now, later = self._clock.now(), []
        metadata = workflow["metadata"]
        namespace = str(metadata["namespace"])
        found = self._cluster.list(POD, namespace, label_selector=pod_selector(workflow))
        for pod in found.items:
            when = pod_expires_at(workflow, pod)
            if when is not None and when > now:
                later.append(when)
            elif when is not None:
                with suppress(NotFoundError):
                    self._cluster.delete(ObjectRef(POD, namespace, str(pod["metadata"]["name"])))
        if later:
            ref, uid = _ref(metadata), str(metadata["uid"])
            self.loop.at(min(later), lambda: self._collect_again(ref, uid))

    def _collect_again(self, ref: ObjectRef, uid: str) -> None:
        live = self._cluster.get(ref)
        if live is not None and live["metadata"]["uid"] == uid and collects_pods(live):
            self._collect(live)

    def _sweep_and_again(self) -> None:
        self.sweep_at(self._clock.now() + SWEEP_INTERVAL)
        self._sweep()


def _ref(metadata: Body) -> ObjectRef:
    return ObjectRef(WORKFLOW, str(metadata["namespace"]), str(metadata["name"]))
