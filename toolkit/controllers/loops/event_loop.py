"""One thread that takes what comes, one thing at a time, and wakes when something is due."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from datetime import datetime
from itertools import count
from queue import Empty, SimpleQueue

from toolkit.clock import Clock

Action = Callable[[], None]
_LONGEST_WAIT_S = 60.0
_MOST_DUE = 1_000


class EventLoop:
    """Runs actions in the order they were given, and at the instants they were given for.

    An action that raises does not end the loop: the exception goes to ``on_error``. Without
    ``start``, :meth:`run_ready` does the work in the caller's thread: for tests under a virtual
    clock.
    """

    def __init__(self, name: str, clock: Clock, on_error: Callable[[Exception], None]) -> None:
        self._name = name
        self._clock = clock
        self._on_error = on_error
        self._inbox: SimpleQueue[Action | None] = SimpleQueue()
        self._timers: list[tuple[datetime, int, Action]] = []
        self._numbers = count()
        self._thread: threading.Thread | None = None
        self._is_open = True
        self.adds = 0  # given by soon; near enough where several threads give at once

    @property
    def depth(self) -> int:
        """What waits for its turn, about."""
        return self._inbox.qsize()

    def soon(self, action: Action) -> None:
        """After everything given before. From any thread."""
        self.adds += 1
        self._inbox.put(action)

    def at(self, instant: datetime, action: Action) -> None:
        """Once ``instant`` has come. From the loop's own thread."""
        heapq.heappush(self._timers, (instant, next(self._numbers), action))

    @property
    def is_running(self) -> bool:
        """Started: it has a thread of its own."""
        return self._thread is not None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Finishes the action under way; what waits is dropped."""
        self._is_open = False
        self._inbox.put(None)
        if self._thread is not None:
            self._thread.join()

    def run_ready(self) -> None:
        """Runs what is due and what has come, until nothing is."""
        while self._run_due() or self._take(wait_s=0.0):
            pass

    def _run(self) -> None:
        while self._is_open:
            self._run_all_due()
            self._take(wait_s=self._until_due())

    def _take(self, *, wait_s: float) -> bool:
        try:
            action = self._inbox.get(timeout=wait_s) if wait_s > 0 else self._inbox.get_nowait()
        except Empty:
            return False
        if action is None:
            return False
        self._guarded(action)
        return True

    def _run_all_due(self) -> None:
        """What is due goes before what has come: it is late already. Bounded, so that actions that
        are due again at once cannot keep the inbox waiting for ever.
        """
        for _ in range(_MOST_DUE):
            if not (self._is_open and self._run_due()):
                return

    def _run_due(self) -> bool:
        """Runs one action that is due."""
        if not self._timers or self._timers[0][0] > self._clock.now():
            return False
        self._guarded(heapq.heappop(self._timers)[2])
        return True

    def _until_due(self) -> float:
        """At most a minute: the machine's clock may be set, or have slept."""
        if not self._timers:
            return _LONGEST_WAIT_S
        wait_s = (self._timers[0][0] - self._clock.now()).total_seconds()
        return min(max(0.0, wait_s), _LONGEST_WAIT_S)

    def _guarded(self, action: Action) -> None:
        try:
            action()
        except Exception as error:
            self._on_error(error)
