"""Runs the workflows of one logical cluster: rows first, then deeds, then the picture of both.

Everything happens on one event loop. A transition is committed before any of its commands is
performed; the answer to a command is committed together with the note that it was answered. So a
crash at any moment leaves rows from which :meth:`WorkflowController.start` goes on: what was not
answered is performed again, and executors see to it that nothing is started twice.

What was decided close together is committed together. A transition without commands may wait a
moment for others: were it lost, the executor, not yet told to forget, would report it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta

from toolkit.clock import Clock
from toolkit.controllers.calls.agent import Agent
from toolkit.controllers.calls.calls import Calls
from toolkit.controllers.loops.controller import Controller
from toolkit.controllers.loops.object_watch import Watches
from toolkit.controllers.runs.active_run import ActiveRun, Decided, RunNotice, answer_to
from toolkit.controllers.runs.collecting import Collecting, is_awaited, is_going
from toolkit.controllers.runs.committing import Committing
from toolkit.controllers.runs.estimates import Estimates
from toolkit.controllers.runs.performing import Performing
from toolkit.controllers.runs.picture import Picture
from toolkit.controllers.runs.projecting import WORKFLOW, Canvas, Shown, remove_pods
from toolkit.controllers.runs.run_locks import RunLocks, SharedLocks
from toolkit.controllers.runs.run_watcher import RunWatcher, RunWatchers, begin, take_over
from toolkit.controllers.runs.template_library import fetch_library
from toolkit.controllers.steps.claims import release_claims, sweep_claims
from toolkit.errors import ClusterError
from toolkit.resource.cluster import WatchEvent
from toolkit.resource.resource import Body
from toolkit.workflow.commands import (
    Call,
    StartContainer,
)
from toolkit.workflow.events import Event, SpecChanged
from toolkit.workflow.locks.desk import LockEvent
from toolkit.workflow.machine import step, submit
from toolkit.workflow.ports import (
    Change,
    Executor,
    ExecutorEvent,
    RunArchive,
    RunStore,
)
from toolkit.workflow.retention.archive import ADOPTS, is_of, to_be_kept
from toolkit.workflow.run import Transition, load
from toolkit.workflow.status.observe import observe
from toolkit.workflow.status.projection import COMPLETED_LABEL

_LOOK_AGAIN = timedelta(seconds=1)
_STOP_DELETED_S = 5.0


class WorkflowController(Controller[Canvas]):
    """``given`` is put into every step's environment; ``notice`` hears of phases, ``on_error`` of
    trouble that belongs to no run.
    """

    def __init__(  # noqa: PLR0913 - one argument for each port
        self,
        name: str,
        cluster: Canvas,
        *,
        executor: Executor,
        agent: Agent,
        runs: RunStore,
        archive: RunArchive,
        clock: Clock,
        locks: SharedLocks,
        given: Mapping[str, str],
        notice: Callable[[RunNotice], None],
        on_error: Callable[[Exception], None],
        watcher: RunWatcher | None = None,
        watches: Watches | None = None,
    ) -> None:
        super().__init__(f"workflows-{name}", cluster, clock, on_error, watches)
        self._name = name
        self._executor = executor
        self._runs = runs
        self._notice = notice
        self._estimates = Estimates(name, cluster, runs, archive)
        self._watcher: RunWatcher = watcher or RunWatchers()
        self._active: dict[str, ActiveRun] = {}
        self._finished: set[str] = set()
        self._orphans: set[str] = set()  # commands of deleted runs whose steps are ending
        self._is_recovered = False
        self._is_swept = False
        self.locks = RunLocks(name, cluster, locks, loop=self.loop, clock=clock)
        self._calls = Calls(name, cluster, agent, self.loop, clock, self._reported)
        self._collecting = Collecting(self._active, self._calls, runs, clock, self._show)
        self._committing = Committing(
            self.loop, clock, commit=self._commit, committed=self._committed
        )
        self._picture = Picture(
            cluster,
            self._active,
            executor=executor,
            clock=clock,
            loop=self.loop,
            before=self._committing.now,
            seen=self._seen,
            after_end=self._shown_to_the_end,
            locks=self.locks,
        )
        self._performing = Performing(
            name,
            cluster,
            self._active,
            executor=executor,
            calls=self._calls,
            loop=self.loop,
            clock=clock,
            given=given,
            report=self._reported,
            flush=self._picture.flush,
        )
        self.follow(WORKFLOW, listed=self.listed, changed=self.changed)

    def close(self) -> None:
        """Stops deciding. Steps go on; the next start takes them up."""
        self._watches.close()
        self._calls.close()
        self.locks.close()
        super().close()

    def receive(self, event: ExecutorEvent) -> None:
        """An executor's report, from any thread. Reports of others' commands are ignored."""
        self.loop.soon(lambda: self._reported(event))

    # What happened, on the loop

    def listed(self, bodies: Iterable[Body]) -> None:
        """All workflows there are: at first, and after changes were missed."""
        live = {str(body["metadata"]["uid"]): body for body in bodies}
        is_first = not self._is_recovered
        recovered = self._recover(live) if is_first else ()
        for uid in self._runs.uids(self._name) - live.keys():
            self._forget(uid)
        if is_first:
            self.locks.join(self._told, self._runs.lock_requests())
        if not self._is_swept:
            self._is_swept = True
            sweep_claims(self._cluster, self._executor.volumes, self._name)
        for body in live.values():
            self._seen(body)
        for uid in recovered:
            self._perform_again(uid)

    def changed(self, event: WatchEvent) -> None:
        uid = str(event.object["metadata"]["uid"])
        if event.type == "DELETED":
            self._forget(uid)
            remove_pods(self._cluster, event.object)
        else:
            self._seen(event.object)

    def _reported(self, event: Event) -> None:
        command_id = str(getattr(event, "command_id", ""))
        uid = command_id.rpartition("-")[0]
        if uid in self._active:
            self._step(uid, event)
        elif not answer_to(event):
            return
        elif uid in self._finished:
            now = self._clock.now()
            self._runs.commit(Change(uid, Transition(), now, (command_id,)))
            self._drop(command_id)
        elif command_id in self._orphans:
            self._orphans.discard(command_id)
            self._drop(command_id)

    def _drop(self, command_id: str) -> None:
        """Its answer is committed, or nobody's."""
        self._executor.forget(command_id)
        self._calls.forget(command_id)

    def _told(self, uid: str, event: LockEvent) -> None:
        """What a run's wish for locks came to, from any thread."""
        self.loop.soon(lambda: self._step(uid, event) if uid in self._active else None)

    # Runs

    def _recover(self, live: Mapping[str, Body]) -> tuple[str, ...]:
        """Takes up the unfinished runs; returns them. Nothing is performed yet: what a user asked
        for meanwhile comes first.
        """
        self._is_recovered = True
        stored = [run for run in self._runs.unsettled(self._name) if run.uid in live]
        for found in stored:
            active = ActiveRun(load(found.run, found.nodes), Shown({"metadata": {}}))
            active.commands = {command.id: command for command in found.commands}
            active.shown.nodes = dict.fromkeys(active.run.nodes)
            self._active[found.uid] = active
            self._watcher.recovered(active.run)
        self._finished = set(self._runs.uids(self._name)) - self._active.keys()
        return tuple(found.uid for found in stored)

    def _perform_again(self, uid: str) -> None:
        active = self._active.get(uid)
        for command in tuple(active.commands.values()) if active else ():
            self._performing.perform(uid, command, is_again=True)

    def _seen(self, live: Body) -> None:
        uid = str(live["metadata"]["uid"])
        active = self._active.get(uid) or self._reopened(uid, live)
        if active is None:
            if uid not in self._finished:
                self._begin(uid, live)
            return
        if not active.shown.is_newer(live):
            return
        # What a finished run shows is behind until the last flush: not to be read as a wish.
        events = () if active.run.is_finished else observe(active.run, live)
        if is_going(live) and not active.run.is_finished:
            events = (SpecChanged(suspend=False, shutdown="Terminate"),)
        active.shown.live = live
        active.shown.is_behind = True
        for event in events:
            self._step(uid, event)
        self._show(uid)

    def _begin(self, uid: str, live: Body) -> None:
        """A new workflow. One that ended elsewhere (restored, copied) is left alone."""
        if (live.get("status") or {}).get("phase") in ("Succeeded", "Failed", "Error"):
            self._finished.add(uid)
            return
        if self._adopted(uid, live):
            return
        now = self._clock.now()
        try:
            library, estimate = fetch_library(self._cluster, live), self._estimates.of(live)
        except ClusterError:
            self.loop.at(now + _LOOK_AGAIN, lambda: self._seen(live))
            raise
        transition = submit(live, library, now, estimate)
        self._runs.begin(self._name, transition, now)
        run = begin(self._watcher, transition, self._clock.now() - now)
        self._active[uid] = ActiveRun(run, Shown(live))
        self._follow_up(uid, transition)

    def _adopted(self, uid: str, live: Body) -> bool:
        """A Workflow that goes on with what the archive holds of an earlier one (retry)."""
        archived = (live["metadata"].get("annotations") or {}).get(ADOPTS)
        stored = self._runs.find(archived) if archived else None
        if stored is None or not is_of(stored, self._name, live):
            return False
        if not self._runs.adopt(stored.uid, uid):
            return False
        self._finished.add(uid)
        return self._reopened(uid, live) is not None

    def _reopened(self, uid: str, live: Body) -> ActiveRun | None:
        """A finished run, where the user asks for more of it (retry), or it is being deleted and
        artifacts of it are still there.
        """
        labels = live["metadata"].get("labels") or {}
        may_be = labels.get(COMPLETED_LABEL) != "true" or is_going(live)
        stored = self._runs.find(uid) if uid in self._finished and may_be else None
        if stored is None:
            return None
        run = load(stored.run, stored.nodes)
        if not observe(run, live) and not is_awaited(run, live):
            return None
        self._finished.discard(uid)
        active = self._active[uid] = ActiveRun(run, Shown(live))
        for event in observe(run, live):
            self._step(uid, event)
        self._show(uid)
        return active

    def _step(self, uid: str, event: Event) -> None:
        """Decide; the commit comes with those of others, and then the deeds."""
        active = self._active[uid]
        now, phase = self._clock.now(), active.run.phase
        transition = step(active.run, event, now)
        answered = answer_to(event)
        is_answer = active.commands.pop(answered, None) is not None
        if transition.is_empty and not is_answer:
            return
        take_over(self._watcher, active.run, transition, self._clock.now() - now)
        active.decided.add(transition)
        if answered:
            active.decided.answer(answered, event)
        is_awaited = transition.commands or transition.lock_requests or active.run.phase != phase
        self._committing.add(uid, is_awaited=bool(is_awaited))

    def _commit(self, uids: Sequence[str]) -> dict[str, Transition]:
        now = self._clock.now()
        changes = [self._active[uid].decided.change(uid, now) for uid in uids]
        self._runs.commit(*changes)
        return {change.uid: change.transition for change in changes}

    def _committed(self, transitions: Mapping[str, Transition]) -> None:
        for uid, transition in transitions.items():
            self._follow_up(uid, transition)

    def _follow_up(self, uid: str, transition: Transition) -> None:
        active = self._active[uid]
        ended, active.decided = active.decided.ended, Decided()
        for command_id in ended:
            self._drop(command_id)
        self._tell(active)
        active.shown.note(transition)
        active.commands.update({command.id: command for command in transition.commands})
        for command in transition.commands:
            self._performing.perform(uid, command)
        self.locks.take(uid, transition.lock_requests)
        self._show(uid)

    def _forget(self, uid: str) -> None:
        """The workflow was deleted: its steps are stopped; what is not archived goes."""
        active = self._active.pop(uid, None)
        self._committing.discard(uid)
        if active is not None:
            for command in active.commands.values():
                if isinstance(command, StartContainer):
                    self._orphans.add(command.id)
                    self._executor.stop(command.id, grace_s=_STOP_DELETED_S)
                elif isinstance(command, Call):
                    self._calls.stop(command)
        self._finished.discard(uid)
        self.locks.forget(uid)
        self._runs.retire(uid, self._clock.now())

    def _tell(self, active: ActiveRun) -> None:
        run = active.run
        if run.phase != active.told:
            active.told = run.phase
            message = str(run.row.get("message") or "")
            self._notice(RunNotice(self._name, run.namespace, run.name, run.phase, message))

    # The picture

    def _show(self, uid: str) -> None:
        self._picture.show(uid, self._active[uid])

    def _shown_to_the_end(self, uid: str) -> None:
        if self._collecting.begin(uid):
            return
        active = self._active.pop(uid)
        release_claims(self._cluster, active.run, self._executor.volumes, self._name)
        self._estimates.ended(active.run, active.shown.live)
        self._runs.settle(uid, to_be_kept(active.shown.live))
        self._finished.add(uid)
        self._calls.run_ended(uid)
