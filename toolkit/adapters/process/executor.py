"""The Executor port over processes of the host. See the package for how claims work."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from queue import SimpleQueue
from typing import Self

from toolkit.adapters.logs import Logs
from toolkit.adapters.process.claims import Claim, claims
from toolkit.adapters.process.container import Container, Machinery, Outcome, signal_group
from toolkit.adapters.process.launch import Host
from toolkit.adapters.process.outcome import end_session
from toolkit.adapters.process.pod import Pod, claims_of
from toolkit.clock import Clock
from toolkit.errors import ExecutionError
from toolkit.workflow.events import ContainerEnded, ContainerErrored
from toolkit.workflow.ports import ExecutorEvent, Report, ResolvedStart, VolumeStore


class _Step:
    """A step this program knows: waiting for a slot, running, or ended and not yet forgotten.
    ``work`` is the container that it is, or the pod of several.
    """

    __slots__ = ("has_slot", "work")

    def __init__(self, work: Container | Pod) -> None:
        self.work = work
        self.has_slot = False

    @property
    def outcome(self) -> Outcome | None:
        return self.work.outcome


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
        self._machinery = Machinery(host, logs, clock)
        self._report = report
        self._most = slots
        self._running = 0
        self._slots = threading.Semaphore(slots)
        self._steps: dict[str, _Step] = {}
        self._lock = threading.Lock()
        self._waiting: SimpleQueue[_Step | None] = SimpleQueue()
        self._launcher = _thread("process-launcher", self._launch_waiting)
        self._leaving: SimpleQueue[Claim | None] = SimpleQueue()
        self._sweeper = _thread("process-sweeper", self._remove_leaving)

    @property
    def volumes(self) -> VolumeStore:
        return self._machinery.host.volumes

    def start(self, resolved: ResolvedStart) -> None:
        command_id = resolved.start.id
        with self._lock:
            step = self._steps.get(command_id)
            if step is None:
                step = self._steps[command_id] = self._step(resolved)
                self._waiting.put(step)
            elif step.outcome is not None:
                self._machinery.follower.soon(lambda: self._repeat(step))

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
        if step is not None:
            step.work.stop(grace_s)

    def forget(self, command_id: str) -> None:
        with self._lock:
            step = self._steps.pop(command_id, None)
        self._leaving.put(step.work.claim if step else Claim(self._folder, command_id))

    def sweep(self, known: Collection[str]) -> None:
        """Ends and removes what nobody will ask for: claims of commands that are not ``known``
        (their run was deleted, or their end committed, just before the program died).
        """
        for claim in claims(self._folder):
            if claim.command_id not in known:
                for each in claims_of(claim):
                    _end(each)
                self._leaving.put(claim)

    def close(self) -> None:
        """Stops following. Steps go on."""
        self._machinery.begin_closing()
        self._waiting.put(None)
        self._slots.release()  # lets the launcher see that we close
        self._launcher.join()
        self._machinery.close()
        self._leaving.put(None)
        self._sweeper.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # On the launcher's thread.

    def _launch_waiting(self) -> None:
        while (step := self._waiting.get()) is not None:
            work = step.work
            if work.claim.is_taken():
                if self._slots.acquire(blocking=False):
                    self._take_slot(step)
                self._machinery.follower.soon(work.attach)
                continue
            self._slots.acquire()
            if self._machinery.is_closing:
                return
            self._take_slot(step)
            if work.resolved.start.input_artifacts:  # may take long: the others do not wait for it
                self._machinery.movers.submit(work.launch)
            else:
                work.launch()

    def _take_slot(self, step: _Step) -> None:
        with self._lock:
            step.has_slot = True
            self._running += 1

    # On any.

    def _step(self, resolved: ResolvedStart) -> _Step:
        claim = Claim(self._folder, resolved.start.id)
        kind = Pod if resolved.start.containers else Container

        def tell(event: ExecutorEvent) -> None:
            if isinstance(event, ContainerEnded | ContainerErrored):
                self._free(step)
            self._report(event)

        step = _Step(kind(resolved, claim, self._machinery, tell))
        return step

    def _free(self, step: _Step) -> None:
        with self._lock:
            if step.has_slot:
                step.has_slot = False
                self._running -= 1
                self._slots.release()

    def _repeat(self, step: _Step) -> None:
        if step.outcome is not None:
            self._report(step.outcome)

    def _remove_leaving(self) -> None:
        while (claim := self._leaving.get()) is not None:
            claim.remove()


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
