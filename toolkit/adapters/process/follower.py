"""One thread that waits for processes to end and for instants to come; nothing is polled."""

from __future__ import annotations

import heapq
import os
import select
import threading
import time
from collections.abc import Callable
from itertools import count
from queue import Empty, SimpleQueue

Action = Callable[[], None]


class Follower:
    """Runs actions on its own thread. They must not block for long. What one raises goes to
    ``threading.excepthook``, and the thread goes on: others wait for it.
    """

    def __init__(self) -> None:
        self._inbox: SimpleQueue[Action] = SimpleQueue()
        self._wake_read, self._wake_write = os.pipe()
        self._endings: dict[int, Action] = {}
        self._timers: list[tuple[float, int, Action]] = []
        self._numbers = count()
        self._is_open = True
        self._waiting = select.epoll()
        self._thread = threading.Thread(target=self._run, name="process-follower", daemon=True)
        self._thread.start()

    def on_end(self, process_descriptor: int, action: Action) -> None:
        """Once the process behind the pidfd has ended. The descriptor is ours from now on: it is
        closed after ``action`` ran.
        """
        self._endings[process_descriptor] = action
        self._waiting.register(process_descriptor, select.EPOLLIN)  # wakes the thread if it must

    def after(self, delay_s: float, action: Action) -> None:
        due = time.monotonic() + max(0.0, delay_s)
        self.soon(lambda: heapq.heappush(self._timers, (due, next(self._numbers), action)))

    def soon(self, action: Action) -> None:
        """As soon as the thread is free."""
        self._inbox.put(action)
        os.write(self._wake_write, b"\0")

    def close(self) -> None:
        """Stops waiting. Actions not yet due are dropped, processes left alone."""
        self.soon(self._stop)
        self._thread.join()
        for descriptor in (*self._endings, self._wake_read, self._wake_write):
            os.close(descriptor)
        self._endings.clear()

    def _run(self) -> None:
        with self._waiting as waiting:
            waiting.register(self._wake_read, select.EPOLLIN)
            while self._is_open:
                for descriptor, _ in waiting.poll(self._until_next_timer()):
                    self._ready(descriptor)
                self._run_due_timers()

    def _ready(self, descriptor: int) -> None:
        if descriptor != self._wake_read:
            self._waiting.unregister(descriptor)
            _run_guarded(self._endings.pop(descriptor))
            os.close(descriptor)
            return
        os.read(descriptor, 4096)
        while self._is_open:
            try:
                action = self._inbox.get_nowait()
            except Empty:
                return
            _run_guarded(action)

    def _run_due_timers(self) -> None:
        while self._is_open and self._timers and self._timers[0][0] <= time.monotonic():
            _run_guarded(heapq.heappop(self._timers)[2])

    def _until_next_timer(self) -> float | None:
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None

    def _stop(self) -> None:
        self._is_open = False


def _run_guarded(action: Action) -> None:
    try:
        action()
    except Exception as error:
        thread = threading.current_thread()
        threading.excepthook(
            threading.ExceptHookArgs((type(error), error, error.__traceback__, thread))
        )
