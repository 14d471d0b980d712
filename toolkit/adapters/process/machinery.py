"""What containers are run with: the host, the logs, and the threads beside."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from toolkit.adapters.logs.files import Logs
from toolkit.adapters.process.follower import Follower
from toolkit.adapters.process.host import Host
from toolkit.adapters.process.progress import ProgressWatch
from toolkit.adapters.process.spares import Spares
from toolkit.adapters.process.starts import StartWatch
from toolkit.clock import Clock

_MOVERS = 4


@dataclass(slots=True)
class Machinery:
    """What containers are run with. ``movers`` do what takes long: fetch and save artifacts."""

    host: Host
    logs: Logs
    clock: Clock
    spares: Spares
    follower: Follower = field(default_factory=Follower)
    movers: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(_MOVERS, "artifact-mover")
    )
    progress: ProgressWatch = field(init=False)
    starts: StartWatch = field(init=False)
    is_closing: bool = False
    _gate: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.progress = ProgressWatch(self.follower)
        self.starts = StartWatch(self.soon)

    def soon(self, action: Callable[[], None]) -> None:
        """On the follower's thread, unless that has come to its end: for threads of others."""
        with self._gate:
            if not self.is_closing:
                self.follower.soon(action)

    def begin_closing(self) -> None:
        """From now on nothing new is begun."""
        with self._gate:
            self.is_closing = True

    def close(self) -> None:
        """Stops following."""
        self.starts.close()
        self.movers.shutdown(wait=True, cancel_futures=True)
        self.follower.close()

    def until(self, instant: datetime) -> float:
        """Seconds to go."""
        return (instant - self.clock.now()).total_seconds()
