"""Finds out when containers run: their client starts long before, where an image is to be pulled.

Podman and docker have no word for it that both give and that outlives us, so they are asked: one
question for all that are awaited, and none while there are none.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from toolkit.adapters.containers.engine import ContainerEngine, Stage
from toolkit.errors import ExecutionError

LEAST_S: Final = 0.2
MOST_S: Final = 2.0
_SHARE: Final = 10
"""What is awaited for long (a pull) is asked for less often: after a tenth of the time so far."""
_OWN_PROGRAM_S: Final = 0.1
"""From when an engine says that a container runs until its program has surely replaced the
runtime's own, which would end at a TERM, with an exit code of its own."""

Seen = Callable[[Stage], None]


@dataclass(frozen=True, slots=True)
class _Awaited:
    engine: ContainerEngine
    name: str
    seen: Seen


class StartWatch:
    """Of all containers that are awaited. ``soon`` runs an action on the follower's thread. All
    methods from any thread, but for ``end``.
    """

    def __init__(self, soon: Callable[[Callable[[], None]], None]) -> None:
        self._soon = soon
        self._awaited: dict[Path, _Awaited] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._newest = self._asked = 0.0
        self._hurries = False
        self._is_closed = False

    def begin(self, folder: Path, engine: ContainerEngine, name: str, seen: Seen) -> None:
        """The client of the claim in ``folder`` runs. ``seen`` hears, on the follower's thread,
        each time the engine was asked, how far the container is: until it runs.
        """
        with self._changed:
            self._newest = time.monotonic()
            if not self._awaited:
                self._asked = self._newest  # it cannot run at once
            self._awaited[folder] = _Awaited(engine, name, seen)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="start-watch", daemon=True)
                self._thread.start()
            self._changed.notify()

    def hurry(self) -> None:
        """Asks now."""
        with self._changed:
            self._hurries = bool(self._awaited)
            self._changed.notify()

    def end(self, folder: Path) -> None:
        """It has ended: on the follower's thread, so that ``seen`` is not called any more."""
        with self._changed:
            self._awaited.pop(folder, None)

    def close(self) -> None:
        """Asks no more. Does not wait for an engine that hangs."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()

    def _run(self) -> None:
        while asked := self._next():
            stages = _ask({each.engine.kind: each.engine for each in asked.values()})
            found = [
                (folder, each, stages[each.engine.kind].get(each.name, Stage.ABSENT))
                for folder, each in asked.items()
                if each.engine.kind in stages
            ]
            running = [each for each in found if each[2] is Stage.RUNS]
            for each in found:
                if each not in running:
                    self._tell(*each)
            if running:
                time.sleep(_OWN_PROGRAM_S)
            for each in running:
                self._tell(*each)

    def _next(self) -> dict[Path, _Awaited]:
        """Whom to ask for, once it is time; none once it is closed."""
        with self._changed:
            while not self._is_closed:
                wait_s = self._due_in() if self._awaited else None
                if wait_s is not None and wait_s <= 0:
                    self._hurries = False
                    self._asked = time.monotonic()
                    return dict(self._awaited)
                self._changed.wait(wait_s)
            return {}

    def _due_in(self) -> float:
        if self._hurries:
            return 0.0
        now = time.monotonic()
        return self._asked + min(max((now - self._newest) / _SHARE, LEAST_S), MOST_S) - now

    def _tell(self, folder: Path, awaited: _Awaited, stage: Stage) -> None:
        def tell() -> None:
            with self._changed:
                if self._awaited.get(folder) is not awaited:
                    return
                if stage is Stage.RUNS:
                    del self._awaited[folder]
            awaited.seen(stage)

        self._soon(tell)


def _ask(engines: Mapping[str, ContainerEngine]) -> dict[str, dict[str, Stage]]:
    """By the kind of engine, then the name; without those that do not answer."""
    answers = {}
    for kind, engine in engines.items():
        with suppress(ExecutionError):
            answers[kind] = engine.stages()
    return answers
