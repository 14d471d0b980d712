"""Performs what runs have decided, once that is committed: starts, stops, calls, timers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from toolkit.clock import Clock
from toolkit.controllers.calls.calls import Calls
from toolkit.controllers.calls.resource_actions import Owner
from toolkit.controllers.loops.event_loop import EventLoop
from toolkit.controllers.runs.active_run import ActiveRun
from toolkit.controllers.steps.claims import ensure_claims
from toolkit.controllers.steps.environment import resolve
from toolkit.errors import ClusterError, ToolkitError
from toolkit.resource.cluster import Cluster
from toolkit.workflow.commands import (
    Call,
    CallHttp,
    CallPlugin,
    CallResource,
    Command,
    ListArtifacts,
    StartContainer,
    StopContainer,
    WakeAt,
)
from toolkit.workflow.events import ContainerErrored, Event, Woke
from toolkit.workflow.ports import Executor, PodAddress, ResolvedStart
from toolkit.workflow.run import Run
from toolkit.workflow.status.projection import project_pod


class Performing:
    """All on the loop's thread. ``given`` is put into every step's environment; ``report`` hears
    what could not be begun, and of timers; ``flush`` shows a run at once.
    """

    def __init__(  # noqa: PLR0913 - one argument for each port and each thing to be told
        self,
        name: str,
        cluster: Cluster,
        active: Mapping[str, ActiveRun],
        *,
        executor: Executor,
        calls: Calls,
        loop: EventLoop,
        clock: Clock,
        given: Mapping[str, str],
        report: Callable[[Event], None],
        flush: Callable[[str], None],
    ) -> None:
        self._name = name
        self._cluster = cluster
        self._active = active
        self._executor = executor
        self._calls = calls
        self._loop = loop
        self._clock = clock
        self._given = given
        self._report = report
        self._flush = flush

    def perform(self, uid: str, command: Command, *, is_again: bool = False) -> None:
        """A command of an active run. ``is_again``: it may have been performed before a crash."""
        active = self._active[uid]
        match command:
            case StartContainer():
                self._start(active.run, command, is_again=is_again)
            case StopContainer():
                self._stop(active, command)
            case CallResource() | CallHttp() | CallPlugin() | ListArtifacts():
                self._call(active, command)
            case WakeAt():
                self._loop.at(command.at, lambda: self._wake(uid, command))

    def _start(self, run: Run, command: StartContainer, *, is_again: bool) -> None:
        address = PodAddress(self._name, run.namespace, run.name, command.pod)
        is_claimed = is_again and self._executor.is_claimed(command.id)
        try:
            ensure_claims(self._cluster, run)
            resolved = resolve(
                command,
                self._cluster,
                address,
                pod=lambda: project_pod(run, command.node_id),
                given=self._given,
            )
        except ToolkitError as error:
            if not is_claimed:
                self._refuse(command, error)
                return
            # It runs, or has ended; that a Secret has gone since is no reason to lose it.
            resolved = ResolvedStart(address, command, {})
        if is_again:
            self._executor.recover(resolved)
        else:
            self._executor.start(resolved)

    def _refuse(self, command: StartContainer, error: ToolkitError) -> None:
        refused = ContainerErrored(
            command.id,
            command.node_id,
            error.message,
            self._clock.now(),
            is_transient=isinstance(error, ClusterError),
        )
        self._loop.soon(lambda: self._report(refused))

    def _stop(self, active: ActiveRun, command: StopContainer) -> None:
        """Done with at once: the answer comes to the start."""
        active.commands.pop(command.id, None)
        active.decided.answer(command.id)
        started = active.commands.get(command.start_id)
        if isinstance(started, Call):
            self._loop.soon(lambda: self._calls.stop(started))
        else:
            self._executor.stop(command.start_id, grace_s=command.grace_s)

    def _call(self, active: ActiveRun, command: Call) -> None:
        owner = Owner(active.run.namespace, active.run.name, active.run.uid)
        if isinstance(command, CallResource):
            active.shown.begun.add(command.node_id)
            if any(command.pod in text for text in (*command.flags, command.manifest)):
                self._loop.soon(lambda: self._flush(owner.uid))  # it means its own pod
        self._loop.soon(lambda: self._calls.perform(command, owner))

    def _wake(self, uid: str, command: WakeAt) -> None:
        active = self._active.get(uid)
        if active is not None and command.id in active.commands:
            self._report(Woke(command.id, self._clock.now()))
