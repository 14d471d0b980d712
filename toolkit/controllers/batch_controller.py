"""Runs the Jobs and CronJobs of one logical cluster, through the Pods and Jobs it makes.

It remembers nothing: whatever changes, an object is looked at as it is, together with what it
controls, and :mod:`toolkit.workflow.batch` says what is to be done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Final

from toolkit.clock import Clock
from toolkit.controllers.cron_events import record
from toolkit.controllers.loops.controller import Controller
from toolkit.controllers.loops.object_status import put_status
from toolkit.controllers.loops.object_watch import Watches
from toolkit.controllers.runs.projecting import POD
from toolkit.errors import AlreadyExistsError, NotFoundError
from toolkit.resource.cluster import Cluster, ObjectRef, WatchEvent
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.workflow.batch import cronjobs, jobs

JOB: Final = GroupVersionKind("batch", "v1", "Job")
CRON_JOB: Final = GroupVersionKind("batch", "v1", "CronJob")
_OWNERS: Final = {"Job": JOB, "CronJob": CRON_JOB}


class BatchController(Controller[Cluster]):
    """One thread decides; three watches tell it what to look at."""

    def __init__(
        self,
        name: str,
        cluster: Cluster,
        clock: Clock,
        on_error: Callable[[Exception], None],
        *,
        crons: bool = True,
        watches: Watches | None = None,
    ) -> None:
        """Without ``crons`` only Jobs are run, those of CronJobs, too."""
        super().__init__(f"batch-{name}", cluster, clock, on_error, watches)
        self._fires = crons
        self._wakes: dict[ObjectRef, datetime] = {}
        self._problems: dict[ObjectRef, str] = {}
        for gvk in (CRON_JOB, JOB, POD):
            self.follow(gvk, listed=self.listed, changed=self.changed)

    # What happened, on the loop

    def listed(self, bodies: Iterable[Body]) -> None:
        """All there are of one kind."""
        refs = {ref: None for body in bodies for ref in _concerned(body)}
        for ref in refs:
            self._look(ref)

    def changed(self, event: WatchEvent) -> None:
        for ref in _concerned(event.object):
            self._look(ref)

    def _look(self, ref: ObjectRef) -> None:
        body = self._cluster.get(ref)
        if body is None:
            self._wakes.pop(ref, None)
            self._problems.pop(ref, None)
        elif ref.gvk == JOB:
            self._run_job(ref, body)
        elif self._fires:
            self._run_cron_job(ref, body)

    def _run_job(self, ref: ObjectRef, job: Body) -> None:
        decision = jobs.decide(job, self._controlled(POD, job), self._clock.now())
        if decision.status is not None and not self._write(job, decision.status):
            return
        self._delete(POD, ref.namespace, decision.delete)
        for pod in decision.create:
            self._cluster.create(pod)
        if decision.is_expired:
            self._delete(JOB, ref.namespace, (ref.name,))
        self._wake(ref, decision.wake_at)

    def _run_cron_job(self, ref: ObjectRef, cron: Body) -> None:
        decision = cronjobs.decide(cron, self._controlled(JOB, cron), self._clock.now())
        self._delete(JOB, ref.namespace, decision.delete)
        if decision.create is not None:
            with suppress(AlreadyExistsError):  # made before a crash
                self._cluster.create(decision.create)
        if decision.status is not None:
            self._write(cron, decision.status)
        self._say(ref, cron, decision.problem)
        self._wake(ref, decision.wake_at)

    def _write(self, body: Body, status: Body) -> bool:
        return put_status(self._cluster, body, lambda _: status) is not None

    def _controlled(self, gvk: GroupVersionKind, owner: Body) -> tuple[Body, ...]:
        selector = ""
        if gvk == POD:
            selector = f"{jobs.CONTROLLER_UID}={owner['metadata']['uid']}"
        found = self._cluster.list(
            gvk, str(owner["metadata"]["namespace"]), label_selector=selector
        )
        return tuple(body for body in found.items if jobs.is_owned(body, owner))

    def _delete(self, gvk: GroupVersionKind, namespace: str, names: Iterable[str]) -> None:
        for name in names:
            with suppress(NotFoundError):
                self._cluster.delete(ObjectRef(gvk, namespace, name))

    def _wake(self, ref: ObjectRef, at: datetime | None) -> None:
        """A timer an instant: what is looked at often does not gather them."""
        if at is not None and self._wakes.get(ref) != at:
            self._wakes[ref] = at
            self.loop.at(at, lambda: self._woke(ref, at))

    def _woke(self, ref: ObjectRef, at: datetime) -> None:
        if self._wakes.get(ref) == at:
            del self._wakes[ref]
            self._look(ref)

    def _say(self, ref: ObjectRef, cron: Body, problem: str) -> None:
        if problem and self._problems.get(ref) != problem:
            said = ("Warning", "UnparseableSchedule", problem)
            record(self._cluster, cron, said, self._clock.now())
        self._problems[ref] = problem


def _concerned(body: Body) -> Iterable[ObjectRef]:
    """What is to be looked at when ``body`` has changed: itself, and what controls it."""
    metadata = body["metadata"]
    namespace = str(metadata.get("namespace") or "")
    own = _OWNERS.get(str(body.get("kind")))
    if own is not None:
        yield ObjectRef(own, namespace, str(metadata["name"]))
    for owner in metadata.get("ownerReferences") or ():
        gvk = _OWNERS.get(str(owner.get("kind")))
        if gvk is not None and owner.get("controller"):
            yield ObjectRef(gvk, namespace, str(owner["name"]))
