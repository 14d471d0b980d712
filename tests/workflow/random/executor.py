"""What runs in a random world: it lives on when the engine dies, and starts at most once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from tests.workflow.random.outcomes import interrupted, name_of, stopped, story
from toolkit.workflow.commands import CallHttp, CallPlugin, Command, StopContainer, Work
from toolkit.workflow.events import Event


@dataclass(slots=True)
class Started:
    """A command that was claimed: it runs, or has ended with a report; it never starts again."""

    command: Work
    heard: list[Event] = field(default_factory=list)
    report: Event | None = None


class Executor:
    """``at`` lets something happen at a time; ``report`` takes a run's uid and an event. Times are
    the engine's.
    """

    def __init__(
        self,
        seed: int,
        *,
        races: bool,
        at: Callable[[datetime, Callable[[], None]], None],
        report: Callable[[str, Event], None],
    ) -> None:
        self._seed = seed
        self._races = races
        self._at = at
        self._report = report
        self._started: dict[str, Started] = {}
        self._attempts: dict[str, int] = {}

    def start(self, uid: str, command: Work, now: datetime) -> None:
        """Start it, or follow what was started before, or report again how that ended."""
        known = self._started.get(command.id)
        if known is not None:
            for event in known.heard:
                self._report(uid, event)
            if known.report is not None:
                self._report(uid, known.report)
            return
        self._started[command.id] = Started(command)
        name = name_of(command)
        attempt = self._attempts[name] = self._attempts.get(name, 0) + 1
        *heard, (end, answer) = story(self._seed, command, attempt, now, races=self._races)
        for at, event in heard:
            self._at(at, lambda e=event: self._heard(uid, command.id, e))  # type: ignore[misc]
        self._at(max(end, now), lambda: self._ended(uid, command.id, answer))

    def stop(self, uid: str, command: StopContainer, now: datetime) -> None:
        """End it; one that is to be started yet is stopped when it is."""
        known = self._started.get(command.start_id)
        if known is not None:
            self._ended(uid, command.start_id, stopped(known.command, now))

    def kill(self, commands: Iterable[Command], now: datetime) -> None:
        """Nobody hears of their end."""
        for command in commands:
            known = self._started.get(command.id)
            if known is not None and known.report is None:
                known.report = interrupted(known.command, now)

    def cut(self, happens: Callable[[], bool], now: datetime, *, is_reboot: bool) -> None:
        """The engine died: what runs dies with the machine, and a call where it ``happens``."""
        for known in self._started.values():
            is_call = isinstance(known.command, CallHttp | CallPlugin)
            if known.report is None and (is_reboot or (is_call and happens())):
                known.report = interrupted(known.command, now)

    def _heard(self, uid: str, command_id: str, event: Event) -> None:
        """What happens to a pod before its end."""
        known = self._started[command_id]
        if known.report is None:
            known.heard.append(event)
            self._report(uid, event)

    def _ended(self, uid: str, command_id: str, report: Event) -> None:
        known = self._started[command_id]
        if known.report is None:
            known.report = report
            self._report(uid, report)
