"""The Executor port over processes of the host. See the package for how claims work."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from queue import SimpleQueue
from typing import Self

from toolkit.adapters.logs.files import Logs
from toolkit.adapters.process.claims import Claim, claims, claims_of
from toolkit.adapters.process.contained import drop_contained, sweep_contained
from toolkit.adapters.process.container import Container, Outcome, signal_group
from toolkit.adapters.process.host import Host
from toolkit.adapters.process.machinery import Machinery
from toolkit.adapters.process.outcome import end_session
from toolkit.adapters.process.pod import Pod
from toolkit.adapters.process.room import Room, machine
from toolkit.adapters.process.spares import Spares
from toolkit.clock import Clock
from toolkit.errors import ExecutionError
from toolkit.workflow.events import ContainerEnded, ContainerErrored, ContainerStarted
from toolkit.workflow.pods.resources import NOTHING, Amounts, requested
from toolkit.workflow.ports import ExecutorEvent, Report, ResolvedStart, VolumeStore

_GATHER_S = 0.1


class _Step:
    """A step this program knows: waiting for room, running, or ended and not yet forgotten.
    ``work`` is the container that it is, or the pod of several; ``wanted`` what it reserves.
    """

    __slots__ = ("has_room", "refusal", "stands_aside", "wanted", "work")

    def __init__(self, work: Container | Pod) -> None:
        self.work = work
        self.wanted = NOTHING
        self.refusal = ""
        self.has_room = False
        self.stands_aside = False

    @property
    def outcome(self) -> Outcome | None:
        return self.work.outcome


class ProcessExecutor:
    """At most ``slots`` steps run at once, and no more than their requests leave room for on the
    machine; the others wait their turn, unclaimed. A step that requests more than the machine has
    is refused. A daemon that is up takes no slot.

    Closing leaves running steps alone: the next executor over the same folder finds them. Raises
    ExecutionError on a system without pidfds.
    """

    def __init__(
        self,
        steps: Path,
        logs: Logs,
        host: Host,
        clock: Clock,
        report: Report,
        *,
        slots: int,
        capacity: Amounts | None = None,
    ) -> None:
        if not hasattr(os, "pidfd_open"):
            raise ExecutionError("steps as processes need Linux 5.3 or newer")
        steps.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = steps
        self._machinery = Machinery(host, logs, clock, Spares(steps))
        self._report = report
        self._room = Room(capacity or machine(), slots)
        self._steps: dict[str, _Step] = {}
        self._lock = threading.Condition()
        self._waiting: dict[str, _Step] = {}  # in the order they came
        self._launcher = _thread("process-launcher", self._launch_waiting)
        self._leaving: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._is_closed = threading.Event()
        self._sweeper = _thread("process-sweeper", self._remove_leaving)

    @property
    def volumes(self) -> VolumeStore:
        return self._machinery.host.volumes

    def start(self, resolved: ResolvedStart) -> None:
        command_id = resolved.start.id
        with self._lock:
            step = self._steps.get(command_id)
            if step is None:
                self._enter(command_id, self._step(resolved))
            elif step.outcome is not None:
                self._machinery.follower.soon(lambda: self._repeat(step))

    def recover(self, resolved: ResolvedStart) -> None:
        self.start(resolved)

    def is_claimed(self, command_id: str) -> bool:
        return Claim(self._folder, command_id).is_taken()

    def why_waiting(self, command_id: str) -> str:
        with self._lock:
            step = self._waiting.get(command_id)
            return "" if step is None else self._room.why_not(step.wanted)

    def stop(self, command_id: str, *, grace_s: float) -> None:
        with self._lock:
            step = self._steps.get(command_id)
            waiting = self._waiting.pop(command_id, None)
        if step is not None:
            step.work.stop(grace_s)
        if waiting is not None:  # it sees the stop, and ends without having run
            self._machinery.follower.soon(waiting.work.launch)

    def forget(self, command_id: str) -> None:
        with self._lock:
            step = self._steps.pop(command_id, None)
        self._leaving.put(step.work.drop if step else Claim(self._folder, command_id).remove)

    def sweep(self, known: Collection[str]) -> None:
        """Ends and removes what nobody will ask for: claims of commands that are not ``known``
        (their run was deleted, or their end committed, just before the program died).
        """
        for claim in claims(self._folder):
            if claim.command_id not in known:
                for each in claims_of(claim):
                    _end(each)
                    drop_contained(each, self._machinery.host)
                self._leaving.put(claim.remove)
        sweep_contained(self._folder, self._machinery.host)

    def close(self) -> None:
        """Stops following. Steps go on."""
        self._machinery.begin_closing()
        with self._lock:
            self._lock.notify()
        self._launcher.join()
        self._machinery.close()
        self._leaving.put(None)
        self._is_closed.set()
        self._sweeper.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # On the caller's thread, with the lock.

    def _enter(self, command_id: str, step: _Step) -> None:
        """A new step: one that was claimed before is found again, another waits for room."""
        self._steps[command_id] = step
        if step.work.claim.is_taken():
            self._take_room(step)
            self._machinery.follower.soon(step.work.attach)
        elif refusal := step.refusal or self._room.refusal(step.wanted):
            self._machinery.follower.soon(lambda: step.work.refuse(refusal))
        else:
            self._waiting[command_id] = step
            self._lock.notify()

    # On the launcher's thread.

    def _launch_waiting(self) -> None:
        while (step := self._next()) is not None:
            work = step.work
            if self._takes_long(work.resolved):  # the others do not wait for it
                self._machinery.movers.submit(work.launch)
            else:
                work.launch()

    def _next(self) -> _Step | None:
        """The first that there is room for, once there is one; None when we close."""
        with self._lock:
            while not self._machinery.is_closing:
                if (step := self._first_that_fits()) is not None:
                    return step
                self._lock.wait()
            return None

    def _first_that_fits(self) -> _Step | None:
        for command_id, step in self._waiting.items():
            if self._room.is_full:
                return None
            if not self._room.why_not(step.wanted):
                del self._waiting[command_id]
                self._take_room(step)
                return step
        return None

    def _takes_long(self, resolved: ResolvedStart) -> bool:
        image = resolved.start.call.image
        return bool(resolved.start.input_artifacts) or not self._machinery.host.images.is_ready(
            image
        )

    def _take_room(self, step: _Step) -> None:
        step.has_room = True
        self._room.take(step.wanted)

    # On any.

    def _step(self, resolved: ResolvedStart) -> _Step:
        start = resolved.start
        kind = Pod if start.containers else Container

        def tell(event: ExecutorEvent) -> None:
            if isinstance(event, ContainerEnded | ContainerErrored):
                self._free(step)
            elif isinstance(event, ContainerStarted) and start.awaits_ready:
                self._set_aside(step)
            self._report(event)

        step = _Step(kind(resolved, Claim(self._folder, start.id), self._machinery, tell))
        try:
            step.wanted = requested(start)
        except ValueError as error:
            step.refusal = f"resources: {error}"
        return step

    def _free(self, step: _Step) -> None:
        with self._lock:
            if step.has_room:
                step.has_room = False
                self._room.give(step.wanted)
                self._room.running += step.stands_aside
                self._wake_launcher()

    def _set_aside(self, step: _Step) -> None:
        """A daemon is up: the steps that need it would else wait for its slot."""
        with self._lock:
            if step.has_room and not step.stands_aside:
                step.stands_aside = True
                self._room.stand_aside()
                self._wake_launcher()

    def _wake_launcher(self) -> None:
        """There is room, for whoever waits for it. With the lock."""
        if self._waiting:
            self._lock.notify()

    def _repeat(self, step: _Step) -> None:
        if step.outcome is not None:
            self._report(step.outcome)

    def _remove_leaving(self) -> None:
        """Many at a time: to wake for each would cost as much as what there is to do."""
        is_open = True
        while is_open:
            leaving = [self._leaving.get()]
            self._is_closed.wait(_GATHER_S)
            while not self._leaving.empty():
                leaving.append(self._leaving.get())
            is_open = None not in leaving
            for drop in filter(None, leaving):
                drop()
        self._machinery.spares.close()


def _end(claim: Claim) -> None:
    """Kills what runs under a claim."""
    record = claim.record()
    if record is not None:
        claim.note_stop(signal.SIGKILL)
        signal_group(record, signal.SIGKILL)
        end_session(record)


def _thread(name: str, target: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=target, name=name, daemon=True)
    thread.start()
    return thread
