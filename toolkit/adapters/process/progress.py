"""Hears how far steps say they are: the last line of the file that ``ARGO_PROGRESS_FILE`` names,
looked at every few seconds, as Argo's executor does it. A step that ends before is not looked at.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from toolkit.adapters.process.follower import Follower
from toolkit.workflow.progress import parse_progress

VARIABLE: Final = "ARGO_PROGRESS_FILE"
INTERVAL_S: Final = 3.0
_NAME: Final = "progress"
_LAST_BYTES: Final = 256

_Stamp = tuple[int, int]


def progress_file(folder: Path) -> Path:
    """In a claim's folder."""
    return folder / _NAME


class ProgressWatch:
    """Of all steps that run, with one timer. ``begin`` and ``end`` from any thread; ``tell`` is
    called on the follower's.
    """

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._watched: dict[Path, tuple[Callable[[str], None], _Stamp | None]] = {}
        self._ticks = False
        self._lock = threading.Lock()

    def begin(self, folder: Path, tell: Callable[[str], None]) -> None:
        with self._lock:
            self._watched[folder] = tell, None
            is_idle, self._ticks = not self._ticks, True
        if is_idle:
            self._follower.after(INTERVAL_S, self._tick)

    def end(self, folder: Path) -> None:
        with self._lock:
            self._watched.pop(folder, None)

    def _tick(self) -> None:
        with self._lock:
            watched = [*self._watched.items()]
            self._ticks = bool(watched)
        for folder, (tell, seen) in watched:
            self._look(folder, tell, seen)
        if watched:
            self._follower.after(INTERVAL_S, self._tick)

    def _look(self, folder: Path, tell: Callable[[str], None], seen: _Stamp | None) -> None:
        path = progress_file(folder)
        try:
            found = os.lstat(path)
        except OSError:
            return  # most steps have none
        stamp = found.st_mtime_ns, found.st_size
        if stamp == seen:
            return
        with self._lock:
            if folder in self._watched:
                self._watched[folder] = tell, stamp
        if said := _last_line(path):
            tell(said)


def _last_line(path: Path) -> str:
    """What it says; "" where that is no progress, or it is not a file of the step's own."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    with os.fdopen(descriptor, "rb") as file:
        size = os.fstat(descriptor).st_size
        file.seek(max(0, size - _LAST_BYTES))
        lines = file.read(_LAST_BYTES).decode("utf-8", "replace").strip().split("\n")
    said = lines[-1].strip()
    return said if parse_progress(said) else ""
