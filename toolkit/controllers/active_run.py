"""A run while the controller has it in memory, and what people hear of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from toolkit.controllers.projecting import Shown
from toolkit.workflow.commands import Command
from toolkit.workflow.events import ContainerStarted, Event
from toolkit.workflow.run import Run


@dataclass(frozen=True, slots=True)
class RunNotice:
    """A run changed its phase: one line for whoever watches the engine."""

    cluster: str
    namespace: str
    name: str
    phase: str
    message: str


@dataclass(slots=True)
class ActiveRun:
    """A run in memory. ``commands``: performed, or to be, and not yet answered. ``answered``:
    those done with, to be noted in the next commit.
    """

    run: Run
    shown: Shown
    commands: dict[str, Command] = field(default_factory=dict)
    answered: list[str] = field(default_factory=list)


def answer_to(event: Event) -> str:
    """The command an event is the answer to, "" where it is none."""
    if isinstance(event, ContainerStarted):
        return ""
    return str(getattr(event, "command_id", ""))
