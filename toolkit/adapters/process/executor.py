"""The Executor port over processes of the host. See the package for how claims work."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Self

from toolkit.adapters.logs import Logs
from toolkit.adapters.masking import Mask
from toolkit.adapters.process.claims import Claim, ProcessRecord, Standing, claims, write_durably
from toolkit.adapters.process.follower import Follower
from toolkit.adapters.process.launch import Host, launch, prepare
from toolkit.adapters.process.outcome import (
    DEADLINE,
    end_leftovers,
    end_session,
    outcome_of,
)
from toolkit.clock import Clock
from toolkit.errors import ExecutionError
from toolkit.workflow.events import ContainerEnded, ContainerErrored, ContainerStarted
from toolkit.workflow.ports import Report, ResolvedStart, VolumeStore

_LOOK_AGAIN_S = 0.01
_MOVERS = 4
_STOPPED_BEFORE = "stopped before it started"


class _Step:
    """A step this program knows: waiting for a slot, running, or ended and not yet forgotten."""

    __slots__ = ("claim", "grace_s", "group", "has_slot", "mask", "outcome", "resolved")

    def __init__(self, resolved: ResolvedStart, claim: Claim) -> None:
        self.resolved = resolved
        self.claim = claim
        self.mask = Mask(resolved.secrets)
        self.grace_s: float | None = None  # set by a stop
        self.group: int | None = None  # set once it runs
        self.has_slot = False
        self.outcome: ContainerEnded | ContainerErrored | None = None


class ProcessExecutor:
    """At most ``slots`` steps run at once; the others wait their turn, unclaimed.

    Closing leaves running steps alone: the next executor over the same folder finds them. Raises
    ExecutionError on a system without pidfds.
    """

    def __init__(
        self, steps: Path, logs: Logs, host: Host, clock: Clock, report: Report, *, slots: int
    ) -> None:
        if not hasattr(os, "pidfd_open"):
            raise ExecutionError("steps as processes need Linux 5.3 or newer")
        steps.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = steps
        self._logs = logs
        self._host = host
        self._clock = clock
        self._report = report
        self._most = slots
        self._running = 0
        self._slots = threading.Semaphore(slots)
        self._steps: dict[str, _Step] = {}
        self._lock = threading.Lock()
        self._is_closing = False
        self._follower = Follower()
        self._movers = ThreadPoolExecutor(_MOVERS, "artifact-mover")
        self._waiting: SimpleQueue[_Step | None] = SimpleQueue()
        self._launcher = _thread("process-launcher", self._launch_waiting)
        self._leaving: SimpleQueue[Claim | None] = SimpleQueue()
        self._sweeper = _thread("process-sweeper", self._remove_leaving)

    @property
    def volumes(self) -> VolumeStore:
        return self._host.volumes

    def start(self, resolved: ResolvedStart) -> None:
        command_id = resolved.start.id
        with self._lock:
            step = self._steps.get(command_id)
            if step is None:
                step = self._steps[command_id] = _Step(resolved, Claim(self._folder, command_id))
                self._waiting.put(step)
            elif step.outcome is not None:
                self._follower.soon(lambda: self._repeat(step))

    def recover(self, resolved: ResolvedStart) -> None:
        self.start(resolved)

    def is_claimed(self, command_id: str) -> bool:
        return Claim(self._folder, command_id).is_taken()

    def why_waiting(self, command_id: str) -> str:
        with self._lock:
            step = self._steps.get(command_id)
            is_full = self._running >= self._most
            if step is None or step.has_slot or step.outcome is not None or not is_full:
                return ""
        return f"waiting: {self._most} steps run, which is as many as this machine runs at once"

    def stop(self, command_id: str, *, grace_s: float) -> None:
        with self._lock:
            step = self._steps.get(command_id)
            if step is None or step.outcome is not None:
                return
            step.grace_s = grace_s
            if step.group is None:
                return  # the launcher sees the wish before or after it launches
        self._follower.soon(lambda: self._terminate(step))

    def forget(self, command_id: str) -> None:
        with self._lock:
            step = self._steps.pop(command_id, None)
        self._leaving.put(step.claim if step else Claim(self._folder, command_id))

    def sweep(self, known: Collection[str]) -> None:
        """Ends and removes what nobody will ask for: claims of commands that are not ``known``
        (their run was deleted, or their end committed, just before the program died).
        """
        for claim in claims(self._folder):
            if claim.command_id not in known:
                record = claim.record()
                if record is not None:
                    claim.note_stop(signal.SIGKILL)
                    _signal_group(record, signal.SIGKILL)
                    end_session(record)
                self._leaving.put(claim)

    def close(self) -> None:
        """Stops following. Steps go on."""
        self._is_closing = True
        self._waiting.put(None)
        self._slots.release()  # lets the launcher see that we close
        self._launcher.join()
        self._movers.shutdown(wait=True, cancel_futures=True)
        self._follower.close()
        self._leaving.put(None)
        self._sweeper.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # On the launcher's thread.

    def _launch_waiting(self) -> None:
        while (step := self._waiting.get()) is not None:
            if step.claim.is_taken():
                if self._slots.acquire(blocking=False):
                    self._take_slot(step)
                self._follower.soon(lambda step=step: self._attach(step))  # type: ignore[misc]
                continue
            self._slots.acquire()
            if self._is_closing:
                return
            self._take_slot(step)
            if step.resolved.start.input_artifacts:  # may take long: the others do not wait for it
                self._movers.submit(self._launch, step)
            else:
                self._launch(step)

    def _take_slot(self, step: _Step) -> None:
        with self._lock:
            step.has_slot = True
            self._running += 1

    def _launch(self, step: _Step) -> None:
        deadline = step.resolved.start.deadline
        if step.grace_s is not None:
            self._settle(step, self._error(step, _STOPPED_BEFORE))
            return
        if deadline is not None and self._until(deadline) <= 0:
            self._settle(step, self._error(step, DEADLINE, is_deadline=True))
            return
        lock = step.claim.take()
        if lock is None:
            self._follower.soon(lambda: self._attach(step))
            return
        try:
            group = self._spawn(step, lock)
        except (ExecutionError, OSError) as error:
            message = str(error)
            write_durably(step.claim.folder / "failed", f"{message}\n".encode())
            self._settle(step, self._error(step, message, is_transient=isinstance(error, OSError)))
            return
        finally:
            os.close(lock)
        try:
            # Our child, and only a follower reaps it: the pid is still its own, or it has ended.
            descriptor = os.pidfd_open(group)
        except ProcessLookupError:  # another executor in this program followed and reaped it
            self._follower.soon(lambda: self._attach(step))
            return
        self._follow(step, group, descriptor)

    def _spawn(self, step: _Step, lock: int) -> int:
        resolved, start = step.resolved, step.resolved.start
        preparation = prepare(resolved, step.claim, self._host)
        log = self._logs.open(resolved.address, step.mask)
        return launch(
            preparation, step.claim, self._host, log=log, lock=lock, captures=start.captures_result
        )

    def _follow(self, step: _Step, group: int, descriptor: int) -> None:
        start = step.resolved.start
        self._report(ContainerStarted(start.id, start.node_id, self._clock.now()))
        self._follower.on_end(descriptor, lambda: self._on_end(step, descriptor))
        if start.deadline is not None:
            self._follower.after(self._until(start.deadline), lambda: self._expire(step))
        with self._lock:
            step.group = group
            is_unwanted = step.grace_s is not None
        if is_unwanted:
            self._follower.soon(lambda: self._terminate(step))

    # On the follower's thread.

    def _attach(self, step: _Step) -> None:
        """Finds out about a step that was claimed before."""
        self._guarded(step, lambda: self._look(step))

    def _look(self, step: _Step) -> None:
        standing = step.claim.standing()
        record = step.claim.record()
        if standing is Standing.LIVE and record is not None:
            self._attach_live(step, record)
        elif standing in (Standing.LIVE, Standing.STARTING):
            # Another is about to start it, or its wrapper died and something keeps the lock.
            if record is not None and not record.is_alive():
                end_session(record)
            self._follower.after(_LOOK_AGAIN_S, lambda: self._attach(step))
        else:
            if record is not None and step.group is None:  # it ended while nobody followed it
                end_session(record)
            if not step.resolved.start.output_artifacts:
                self._conclude(step, standing)
            elif not self._is_closing:  # else the next executor does it
                self._movers.submit(self._guarded, step, lambda: self._conclude(step, standing))

    def _attach_live(self, step: _Step, record: ProcessRecord) -> None:
        try:
            descriptor = os.pidfd_open(record.pid)
        except ProcessLookupError:
            self._follower.soon(lambda: self._attach(step))
            return
        if not record.is_alive():  # it ended, and another got its pid, before we opened
            os.close(descriptor)
            self._follower.soon(lambda: self._attach(step))
            return
        self._logs.open(step.resolved.address, step.mask)
        self._follow(step, record.pid, descriptor)

    def _on_end(self, step: _Step, descriptor: int) -> None:
        end_leftovers(descriptor, step.claim.record())
        self._attach(step)

    def _conclude(self, step: _Step, standing: Standing) -> None:
        """Nothing of the step lives any more."""
        resolved = step.resolved
        outcome = outcome_of(
            resolved.start,
            step.claim,
            standing,
            mask=step.mask,
            artifacts=self._host.artifacts,
            at=self._clock.now(),
        )
        step.claim.drop_secrets()
        self._logs.close(resolved.address, step.mask)
        self._settle(step, outcome)

    def _terminate(self, step: _Step) -> None:
        if step.outcome is None and step.group is not None:
            step.claim.note_stop(signal.SIGTERM)
            self._signal(step, signal.SIGTERM)
            self._follower.after(step.grace_s or 0.0, lambda: self._kill(step))

    def _kill(self, step: _Step) -> None:
        if step.outcome is None:
            step.claim.note_stop(signal.SIGKILL)
            self._signal(step, signal.SIGKILL)

    def _expire(self, step: _Step) -> None:
        if step.outcome is None:
            step.claim.note_deadline()
            step.grace_s = step.grace_s or 5.0
            self._terminate(step)

    def _signal(self, step: _Step, number: signal.Signals) -> None:
        """To the whole group. Its leader is alive or, if our child, not yet reaped: only this
        thread reaps, after which the step has its outcome.
        """
        record = step.claim.record()
        if record is not None:
            _signal_group(record, number)
        elif step.group is not None:
            with suppress(ProcessLookupError):
                os.killpg(step.group, number)

    def _repeat(self, step: _Step) -> None:
        if step.outcome is not None:
            self._report(step.outcome)

    # On any.

    def _guarded(self, step: _Step, work: Callable[[], None]) -> None:
        """A full disk, say, loses the step, and not the executor."""
        try:
            work()
        except (OSError, ExecutionError) as error:
            self._settle(step, self._error(step, f"lost: {error}", is_transient=True))

    def _settle(self, step: _Step, outcome: ContainerEnded | ContainerErrored) -> None:
        with self._lock:
            step.outcome = outcome
            if step.has_slot:
                step.has_slot = False
                self._running -= 1
                self._slots.release()
        self._report(outcome)

    def _error(
        self,
        step: _Step,
        message: str,
        *,
        is_transient: bool = False,
        is_deadline: bool = False,
    ) -> ContainerErrored:
        start = step.resolved.start
        return ContainerErrored(
            start.id,
            start.node_id,
            step.mask.text(message),
            self._clock.now(),
            is_transient=is_transient,
            is_deadline=is_deadline,
        )

    def _until(self, instant: datetime) -> float:
        return (instant - self._clock.now()).total_seconds()

    def _remove_leaving(self) -> None:
        while (claim := self._leaving.get()) is not None:
            claim.remove()


def _signal_group(record: ProcessRecord, number: signal.Signals) -> None:
    if record.is_alive():
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(record.pid, number)


def _thread(name: str, target: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=target, name=name, daemon=True)
    thread.start()
    return thread
