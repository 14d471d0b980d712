"""The clock port: the only way the pure core and the controllers learn what time it is."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time. Adapters: the machine's clock, and a virtual one that tests advance."""

    def now(self) -> datetime:
        """The present instant, timezone-aware, in UTC, microsecond resolution."""
        ...
