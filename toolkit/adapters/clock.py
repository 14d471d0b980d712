"""Clocks: the machine's, and one that only moves when told."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class VirtualClock:
    """Stands still until :meth:`advance` or :meth:`move_to`. Thread-safe.

    Raises ``ValueError`` for a naive start, and for a move backwards.
    """

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock needs a timezone-aware start")
        self._now = start.astimezone(UTC)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def advance(self, step: timedelta) -> datetime:
        """Moves forward by ``step``; returns the new time."""
        with self._lock:
            if step < timedelta(0):
                raise ValueError(f"a clock does not go back: {step}")
            self._now += step
            return self._now

    def move_to(self, instant: datetime) -> datetime:
        """Moves forward to ``instant``; returns it in UTC."""
        with self._lock:
            if instant < self._now:
                raise ValueError(f"a clock does not go back: {self._now} to {instant}")
            self._now = instant.astimezone(UTC)
            return self._now
