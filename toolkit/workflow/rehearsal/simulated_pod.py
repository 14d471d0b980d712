"""A pod of several containers, played under a virtual clock by the very rules it runs by."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from toolkit.workflow.commands import PodContainer, StartContainer
from toolkit.workflow.events import ContainerMoved, ContainerStarted, ContainerState, Event
from toolkit.workflow.pods.life import INIT, SIDECAR, TERMINATED, moves
from toolkit.workflow.pods.spec import output_container


@dataclass(frozen=True, slots=True)
class Ending:
    """How a container ends by itself: its exit code, after a time."""

    exit_code: int
    duration: timedelta


def main_of(command: StartContainer) -> PodContainer:
    """The one whose exit code counts as the pod's."""
    return output_container(command.containers) or command.containers[-1]


def endings_of(command: StartContainer, exit_code: int, duration: timedelta) -> dict[str, Ending]:
    """``exit_code`` is that of the container which counts; the others end well, sidecars not by
    themselves.
    """
    others = [each.name for each in command.containers if each.role != SIDECAR]
    endings = {name: Ending(0, duration) for name in others}
    return {**endings, main_of(command).name: Ending(exit_code, duration)}


class SimulatedPod:
    """``endings``: of the containers that end by themselves; others run until they are ended.
    ``events``: what is heard of the pod and when; ``ended``: when it was over, None for never.
    """

    def __init__(
        self, command: StartContainer, endings: Mapping[str, Ending], begin: datetime
    ) -> None:
        self.events: list[tuple[datetime, Event]] = []
        self.states: dict[str, ContainerState] = {}
        self.ended: datetime | None = None
        self._command = command
        self._endings = endings
        self._now = begin
        self._due: list[tuple[datetime, int, str]] = []
        self._is_up = False
        while self._play():
            pass

    @property
    def exit_code(self) -> int:
        """Of the container that counts; 1 where it never ended."""
        state = self.states.get(main_of(self._command).name)
        return 1 if state is None or state.exit_code is None else state.exit_code

    def _play(self) -> bool:
        """One round; False where nothing more happens."""
        now = self._now
        found = moves(self._command.containers, self.states, is_stopping=False, now=now)
        for state in found.given_up:
            self._put(state)
        for name in found.stop:
            self._end(name, TERMINATED)
        for name in found.start:
            self._begin(self._container(name))
        if found.is_over:
            self.ended = now
            return False
        if found.given_up or found.stop or found.start:
            return True
        return self._next_end()

    def _next_end(self) -> bool:
        if not self._due:
            return False
        self._now, _, name = heapq.heappop(self._due)
        if not self.states[name].has_ended:
            self._end(name, self._endings[name].exit_code)
        return True

    def _begin(self, container: PodContainer) -> None:
        name = container.name
        if container.role != INIT and not self._is_up:
            self._is_up = True
            started = ContainerStarted(self._command.id, self._command.node_id, self._now)
            self.events.append((self._now, started))
        self._put(ContainerState(name, started=self._now, is_ready=True))
        ending = self._endings.get(name)
        if ending is not None:
            heapq.heappush(self._due, (self._now + ending.duration, len(self.states), name))

    def _end(self, name: str, code: int) -> None:
        reason = "Error" if code else "Completed"
        known = replace(self.states[name], is_ready=False)
        self._put(replace(known, finished=self._now, exit_code=code, reason=reason))

    def _put(self, state: ContainerState) -> None:
        self.states[state.name] = state
        moved = ContainerMoved(self._command.id, self._command.node_id, state)
        self.events.append((self._now, moved))

    def _container(self, name: str) -> PodContainer:
        return next(each for each in self._command.containers if each.name == name)
