"""The Executor port in memory: containers that end as a script says. For tests and simulations."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from toolkit.clock import Clock
from toolkit.workflow.events import (
    ContainerEnded,
    ContainerErrored,
    ContainerMoved,
    ContainerStarted,
    ContainerState,
)
from toolkit.workflow.ports import Report, ResolvedStart
from toolkit.workflow.rehearsal.simulated_pod import SimulatedPod, endings_of


@dataclass(frozen=True, slots=True)
class Ending:
    """How a scripted container ends."""

    exit_code: int = 0
    result: str | None = None
    outputs: Mapping[str, str | None] = field(default_factory=dict)


Script = Callable[[ResolvedStart], Ending | None]
"""What a container does: an ending at once, or None to run until ``end`` or ``stop``."""


class MemoryWorld:
    """The machine that outlives an executor: which commands were claimed, and what became of them.

    ``starts`` is every start, in order: what at-most-once is checked against.
    """

    def __init__(self) -> None:
        self.starts: list[str] = []
        self.endings: dict[str, Ending | None] = {}
        self.lost: set[str] = set()
        self.lock = threading.Lock()

    def lose(self, command_id: str) -> None:
        """The container vanishes without an exit code."""
        with self.lock:
            self.lost.add(command_id)


class MemoryVolumes:
    """Keeps nothing, and remembers what was to be dropped."""

    def __init__(self) -> None:
        self.removed: list[str] = []

    def remove(self, key: str) -> None:
        self.removed.append(key)

    def sweep(self, cluster: str, known: Collection[str]) -> None:
        """There is nothing to sweep."""


class MemoryExecutor:
    """Containers that exist in a :class:`MemoryWorld`. Reports from the caller's thread."""

    def __init__(self, world: MemoryWorld, script: Script, clock: Clock, report: Report) -> None:
        self._world = world
        self._script = script
        self._clock = clock
        self._report = report
        self._followed: dict[str, ResolvedStart] = {}
        self.volumes = MemoryVolumes()

    def start(self, resolved: ResolvedStart) -> None:
        start, world = resolved.start, self._world
        with world.lock:
            is_new = start.id not in world.endings
            if is_new:
                world.starts.append(start.id)
                world.endings[start.id] = self._script(resolved)
            ending, is_lost = world.endings[start.id], start.id in world.lost
            is_followed = start.id in self._followed
            self._followed[start.id] = resolved
        if is_lost:
            now = self._clock.now()
            self._report(ContainerErrored(start.id, start.node_id, "interrupted", now))
            return
        if is_new or not is_followed:
            self._report(ContainerStarted(start.id, start.node_id, self._clock.now()))
        if ending is not None:
            self._report_ending(resolved, ending)

    def recover(self, resolved: ResolvedStart) -> None:
        self.start(resolved)

    def is_claimed(self, command_id: str) -> bool:
        with self._world.lock:
            return command_id in self._world.endings

    def why_waiting(self, command_id: str) -> str:  # noqa: ARG002 - there is room for all
        return ""

    def stop(self, command_id: str, *, grace_s: float) -> None:  # noqa: ARG002 - obeys at once
        self.end(command_id, Ending(exit_code=143))

    def end(self, command_id: str, ending: Ending) -> None:
        """Ends a running container. Nothing happens to one that ended, or was never started."""
        with self._world.lock:
            resolved = self._followed.get(command_id)
            if resolved is None or self._world.endings[command_id] is not None:
                return
            self._world.endings[command_id] = ending
        self._report_ending(resolved, ending)

    def forget(self, command_id: str) -> None:
        with self._world.lock:
            self._followed.pop(command_id, None)

    def _report_ending(self, resolved: ResolvedStart, ending: Ending) -> None:
        start = resolved.start
        states: tuple[ContainerState, ...] = ()
        if start.containers:
            endings = endings_of(start, ending.exit_code, timedelta())
            pod = SimulatedPod(start, endings, self._clock.now())
            states = tuple(pod.states.values())
            for _, event in pod.events:
                if isinstance(event, ContainerMoved):
                    self._report(event)
        self._report(
            ContainerEnded(
                start.id,
                start.node_id,
                ending.exit_code,
                self._clock.now(),
                result=(ending.result or "") if start.captures_result else None,
                outputs={file.name: ending.outputs.get(file.name) for file in start.output_files},
                containers=states,
            )
        )
