"""A run while the controller has it in memory, and what people hear of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from toolkit.controllers.runs.projecting import Shown
from toolkit.workflow.commands import Command
from toolkit.workflow.events import (
    ContainerMoved,
    ContainerProgressed,
    ContainerStarted,
    Event,
    Woke,
)
from toolkit.workflow.locks.locks import LockRequest
from toolkit.workflow.nodes import Row
from toolkit.workflow.ports import Change
from toolkit.workflow.run import AuditEvent, Run, Transition


@dataclass(frozen=True, slots=True)
class RunNotice:
    """A run changed its phase: one line for whoever watches the engine."""

    cluster: str
    namespace: str
    name: str
    phase: str
    message: str


class Decided:
    """What a run's steps changed since the last commit. A later row stands for an earlier one, so
    that a step which began and ended meanwhile is written once.
    """

    __slots__ = (
        "_answered",
        "_audit",
        "_commands",
        "_locks",
        "_nodes",
        "_removed",
        "_run",
        "ended",
    )

    def __init__(self) -> None:
        self._run: Row | None = None
        self._nodes: dict[str, Row] = {}
        self._removed: dict[str, None] = {}
        self._commands: list[Command] = []
        self._audit: list[AuditEvent] = []
        self._locks: dict[str, LockRequest | None] = {}
        self._answered: list[str] = []
        self.ended: list[str] = []  # of the answered, those whose steps the executor may forget

    def add(self, transition: Transition) -> None:
        if transition.run is not None:
            self._run = transition.run
        for id in transition.removed:
            self._nodes.pop(id, None)
            self._removed[id] = None
        self._nodes.update(transition.nodes)
        self._commands += transition.commands
        self._audit += transition.audit
        for node_id, request in transition.lock_requests:
            self._locks.pop(node_id, None)  # the last wish counts, in the order of asking
            self._locks[node_id] = request

    def answer(self, command_id: str, event: Event | None = None) -> None:
        """The command is done with; ``event`` is what says so."""
        self._answered.append(command_id)
        if event is not None and not isinstance(event, Woke):
            self.ended.append(command_id)

    def change(self, uid: str, at: datetime) -> Change:
        """All of it."""
        transition = Transition(
            self._run,
            tuple(self._nodes.items()),
            tuple(self._removed),
            tuple(self._commands),
            tuple(self._locks.items()),
            tuple(self._audit),
        )
        return Change(uid, transition, at, tuple(self._answered))


@dataclass(slots=True)
class ActiveRun:
    """A run in memory, as it was decided. ``commands``: performed, or to be, and not yet answered.
    ``decided``: what is not yet committed. ``told``: the phase people have heard of.
    """

    run: Run
    shown: Shown
    commands: dict[str, Command] = field(default_factory=dict)
    decided: Decided = field(default_factory=Decided)
    told: str = ""


def answer_to(event: Event) -> str:
    """The command an event is the answer to, "" where it is none."""
    if isinstance(event, ContainerStarted | ContainerMoved | ContainerProgressed):
        return ""
    return str(getattr(event, "command_id", ""))
