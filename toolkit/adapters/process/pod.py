"""A pod of several containers: one claim, and below it a claim and a wrapper for each container.

What starts and ends when is decided by :mod:`toolkit.workflow.pods.life`, asked again after each
change. It remembers nothing, so that a pod found again after a restart goes on from what the
claims of its containers say. Everything happens on the follower's thread, but for ``launch`` and
``stop``.
"""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from toolkit.adapters.masking import Mask
from toolkit.adapters.process.claims import Claim, Standing, claims, write_durably
from toolkit.adapters.process.container import (
    LATE_GRACE_S,
    STOPPED_BEFORE,
    Container,
    Outcome,
    Tell,
    volumes_of,
)
from toolkit.adapters.process.launch import Again
from toolkit.adapters.process.machinery import Machinery
from toolkit.adapters.process.outcome import DEADLINE, INTERRUPTED, outcome_of
from toolkit.adapters.process.staging import check, stage, without_staged
from toolkit.adapters.process.watch import Care, Watch, ask
from toolkit.errors import ExecutionError
from toolkit.workflow.commands import PodContainer
from toolkit.workflow.events import (
    ContainerEnded,
    ContainerErrored,
    ContainerMoved,
    ContainerProgressed,
    ContainerStarted,
    ContainerState,
)
from toolkit.workflow.pods.life import GAVE_UP, INIT, TERMINATED, Moves, moves
from toolkit.workflow.pods.spec import output_container
from toolkit.workflow.ports import ExecutorEvent, ResolvedStart

_GRACE_S = 30.0
_LEAST_GRACE_S = 2.0
"""What the kubelet leaves a container whose hook took all of the grace."""
_COULD_NOT_START = 128
"""The exit code Kubernetes gives a container that it could not start."""


class Pod:
    """``tell`` hears of the containers and of the end, from the follower's thread (and, of a pod
    that did not come to start, from the launcher's).
    """

    def __init__(
        self, resolved: ResolvedStart, claim: Claim, machinery: Machinery, tell: Tell
    ) -> None:
        self.resolved = resolved
        self.claim = claim
        self.mask = Mask(resolved.secrets)
        self.outcome: Outcome | None = None
        self._machinery = machinery
        self._tell = tell
        self._specs = {each.name: each for each in resolved.start.containers}
        self._parts = {each.container.name: each.resolved for each in resolved.containers}
        self._containers: dict[str, Container] = {}
        self._watches: dict[str, Watch] = {}
        self._states: dict[str, ContainerState] = {}
        self._stopped: set[str] = set()
        self._grace_s: float | None = None  # set by a stop, and by the deadline
        self._lost: ContainerErrored | None = None
        self._has_begun = False
        self._is_up = False

    def launch(self) -> None:
        """Starts it, where nobody ever did; else finds out what became of it."""
        deadline = self.resolved.start.deadline
        if self._grace_s is not None:
            self._settle(self._error(STOPPED_BEFORE))
            return
        if deadline is not None and self._machinery.until(deadline) <= 0:
            self._settle(replace(self._error(DEADLINE), is_deadline=True))
            return
        lock = self.claim.take()
        if lock is None:
            self._machinery.follower.soon(self.attach)
            return
        os.close(lock)  # only the containers' own claims are held by who runs
        self._prepare()

    def attach(self) -> None:
        """Finds out about one that was claimed before."""
        if failure := self.claim.failure():
            self._settle(self._error(failure))
            return
        if self.claim.stop_code() is not None:
            self._grace_s = self._grace_s if self._grace_s is not None else _GRACE_S
        known = list(claims(self.claim.parts))
        if not known:
            self._machinery.movers.submit(self._prepare)
            return
        for claim in known:
            self._states[claim.command_id] = ContainerState(claim.command_id)
            self._container(claim.command_id).attach()
        self._begun()

    def drop(self) -> None:
        """Nobody asks for the claim any more."""
        self.claim.remove()

    def refuse(self, message: str) -> None:
        """Ends it before it starts: there is no way to run it here."""
        self._settle(self._error(message))

    def stop(self, grace_s: float) -> None:
        """TERM to all containers, then KILL; none starts any more. Any thread."""
        self._grace_s = grace_s
        self._machinery.follower.soon(self._end)

    # Before the first container starts.

    def _prepare(self) -> None:
        try:
            check(self._parts, self._specs, self._machinery.host)
            self.claim.parts.mkdir(mode=0o700, exist_ok=True)
            main = output_container(self._specs.values())
            if main is not None and main.name in self._parts:
                shared = volumes_of(self.claim)
                stage(self._parts[main.name], self._machinery.host, shared)
        except (ExecutionError, OSError) as error:
            write_durably(self.claim.folder / "failed", f"{error}\n".encode())
            is_transient = isinstance(error, OSError)
            self._settle(replace(self._error(str(error)), is_transient=is_transient))
            return
        self._machinery.follower.soon(self._begun)

    # On the follower's thread.

    def _begun(self) -> None:
        self._has_begun = True
        deadline = self.resolved.start.deadline
        if deadline is not None:
            self._machinery.follower.after(self._machinery.until(deadline), self._expire)
        self._go_on()

    def _go_on(self) -> None:
        """Does what is to be done now, until there is nothing."""
        while self.outcome is None:
            found = moves(
                list(self._specs.values()),
                self._states,
                is_stopping=self._grace_s is not None or self._lost is not None,
                now=self._machinery.clock.now(),
            )
            if found.is_over:
                self._over()
                return
            if not self._follow(found):
                return

    def _follow(self, found: Moves) -> bool:
        """Whether the states changed by it, so that there may be more to do."""
        for state in found.given_up:
            self._put(state)
        for name in found.stop:
            self._stop_one(name)
        for name in found.start:
            self._start_one(name)
        return bool(found.given_up)

    def _start_one(self, name: str) -> None:
        if name not in self._parts:  # found again, and what it refers to could not be looked up
            self._lost = self._error(f"container {name}: what it refers to is no longer there")
            self._machinery.follower.soon(self._go_on)
            return
        self._states[name] = ContainerState(name)
        container = self._container(name)
        start = container.resolved.start
        is_ready = self._machinery.host.images.is_ready(start.call.image)
        if start.input_artifacts or not is_ready:  # may take long
            self._machinery.movers.submit(container.launch)
        else:
            container.launch()

    def _container(self, name: str) -> Container:
        spec = self._specs[name]
        part = self._parts.get(name) or self._bare_part(spec)
        container = self._containers[name] = Container(
            without_staged(part),
            Claim(self.claim.parts, name),
            self._machinery,
            lambda event: self._hear(name, event),
            name=name,
            pod=self.claim,
            again=Again(spec.retries, spec.retry_wait_s),
        )
        return container

    def _bare_part(self, spec: PodContainer) -> ResolvedStart:
        """Enough to follow one that runs."""
        start = replace(self.resolved.start, call=spec.call, containers=(), deadline=None)
        return replace(self.resolved, start=start)

    def _hear(self, name: str, event: ExecutorEvent) -> None:
        """From any thread."""
        self._machinery.soon(lambda: self._heard(name, event))

    def _heard(self, name: str, event: ExecutorEvent) -> None:
        if self.outcome is not None:
            return
        match event:
            case ContainerProgressed():
                self._tell(event)
                return
            case ContainerStarted():
                self._started(name, event)
            case ContainerEnded():
                self._put(_ended(self._states[name], event))
            case ContainerErrored():
                self._errored(name, event)
        self._go_on()

    def _started(self, name: str, event: ContainerStarted) -> None:
        container = self._containers[name]
        started = container.claim.began_at() or event.at
        self._states[name] = ContainerState(name, started=started)
        care = Care(container.resolved.start.call)
        watch = self._watches[name] = Watch(name, container, care, self._machinery, self)
        watch.begin(started)
        if not self._states[name].is_ready:
            self._put(self._states[name])
        self._look_if_up()

    def _errored(self, name: str, event: ContainerErrored) -> None:
        """It did not run; or nobody knows how it ended."""
        if event.message == STOPPED_BEFORE:
            state = replace(self._states[name], exit_code=TERMINATED, reason="Error")
        elif event.is_transient or event.message == INTERRUPTED:
            self._lost = self._lost or event
            state = replace(
                self._states[name], exit_code=TERMINATED, reason="ContainerStatusUnknown"
            )
        else:
            is_init = self._specs[name].role == INIT
            state = ContainerState(
                name,
                exit_code=_COULD_NOT_START if is_init else GAVE_UP,
                reason="StartError" if is_init else "Error",
                message=event.message,
            )
        self._put(replace(state, finished=event.at))

    def _put(self, state: ContainerState) -> None:
        """A new state, told to those who show it."""
        start = self.resolved.start
        if state.has_ended and state.name in self._watches:
            self._watches[state.name].end()
        state = replace(state, message=self.mask.text(state.message))
        self._states[state.name] = state
        self._tell(ContainerMoved(start.id, start.node_id, state))

    # What the watches say.

    def became_ready(self, name: str, *, is_ready: bool) -> None:
        state = self._states[name]
        if not state.has_ended and state.is_ready != is_ready:
            self._put(replace(state, is_ready=is_ready))
        self._look_if_up()

    def is_unwell(self, name: str, message: str, grace_s: float | None) -> None:
        self._say(name, message)
        self._stop_one(name, grace_s)

    def _look_if_up(self) -> None:
        """Tells that the pod runs, once: an init container alone does not make it run."""
        main = [state for name, state in self._states.items() if self._specs[name].role != INIT]
        running = [state for state in main if state.started is not None]
        if self._is_up or not running:
            return
        expected = [each for each in self._specs.values() if each.role != INIT]
        are_ready = len(running) == len(expected) and all(state.is_ready for state in running)
        if are_ready or not self.resolved.start.awaits_ready:
            self._is_up = True
            start, now = self.resolved.start, self._machinery.clock.now()
            self._tell(ContainerStarted(start.id, start.node_id, now))

    # The end.

    def _end(self) -> None:
        if self.outcome is None and self.claim.is_taken():
            self.claim.note_stop(signal.SIGTERM)
            for name in self._stopped:  # a later stop may be in more haste
                self._containers[name].stop_now(self._grace_s or 0.0)
            if self._has_begun:  # else it is not known yet what runs
                self._go_on()

    def _expire(self) -> None:
        if self.outcome is None and self._grace_s is None:
            self.claim.note_deadline()
            self._grace_s = LATE_GRACE_S
            self._end()

    def _stop_one(self, name: str, grace_s: float | None = None) -> None:
        """Once; its own hook comes before the TERM, and its time is part of the grace."""
        if name in self._stopped or name not in self._containers:
            return
        self._stopped.add(name)
        grace_s = grace_s if grace_s is not None else self._grace_s
        grace_s = _GRACE_S if grace_s is None else grace_s
        container, watch = self._containers[name], self._watches.get(name)
        hook = Care(container.resolved.start.call).before_stop
        if watch is None or hook is None:
            container.stop_now(grace_s)
            return
        watch.end()
        until = self._machinery.clock.now() + timedelta(seconds=grace_s)

        def end(_: str = "") -> None:
            container.stop_now(max(_LEAST_GRACE_S, self._machinery.until(until)))

        self._machinery.follower.after(grace_s, end)
        ask(hook, grace_s, container, self._machinery, end)

    def _over(self) -> None:
        """Nothing of the pod lives any more."""
        if self._lost is not None and not self.claim.is_past_deadline():
            self._settle(replace(self._lost, at=self._machinery.clock.now()))
        elif not self.resolved.start.output_artifacts:
            self._conclude()
        elif not self._machinery.is_closing:  # else the next executor does it
            self._machinery.movers.submit(self._conclude)

    def _conclude(self) -> None:
        try:
            outcome = self._outcome()
        except (OSError, ExecutionError) as error:
            outcome = replace(self._error(f"lost: {error}"), is_transient=True)
        self._settle(outcome)

    def _outcome(self) -> Outcome:
        """Outputs are those of ``main``, as they are now that all have ended."""
        start, now = self.resolved.start, self._machinery.clock.now()
        if self.claim.is_past_deadline():
            return replace(self._error(DEADLINE), is_deadline=True)
        states = tuple(self._states[name] for name in self._specs if name in self._states)
        main = output_container(self._specs.values())
        whole: Outcome = ContainerEnded(start.id, start.node_id, _worst(states), now)
        if main is not None and main.name in self._containers:
            claim = self._containers[main.name].claim
            whole = outcome_of(
                start,
                claim,
                Standing.ENDED,
                mask=self.mask,
                artifacts=self._machinery.host.artifacts.using(self.resolved.credentials),
                log=self._log,
                at=now,
            )
        if not isinstance(whole, ContainerEnded):
            return whole
        code = self._states[main.name].exit_code if main and main.name in self._states else None
        return replace(
            whole, exit_code=whole.exit_code if code is None else code, containers=states
        )

    def _log(self, container: str) -> Path:
        return self._machinery.logs.path(self.resolved.address, container)

    def _settle(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self._tell(outcome)

    def _error(self, message: str) -> ContainerErrored:
        start = self.resolved.start
        now = self._machinery.clock.now()
        return ContainerErrored(start.id, start.node_id, self.mask.text(message), now)

    def _say(self, name: str, message: str) -> None:
        """Into the log, where people look who ask why it ended."""
        log = self._machinery.logs.path(self.resolved.address, name)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{self.mask.text(message)}\n")


def _ended(state: ContainerState, event: ContainerEnded) -> ContainerState:
    reason = event.reason or ("Error" if event.exit_code else "Completed")
    return replace(
        state, finished=event.at, exit_code=event.exit_code, reason=reason, is_ready=False
    )


def _worst(states: tuple[ContainerState, ...]) -> int:
    return max((state.exit_code or 0 for state in states), default=0)
