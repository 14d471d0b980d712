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
from toolkit.workflow.measures.progress import parse_progress

VARIABLE: Final = "ARGO_PROGRESS_FILE"
INTERVAL_S: Final = 3.0
PROGRESS_NAME: Final = "progress"
_LAST_BYTES: Final = 256


def progress_file(folder: Path) -> str:
    """In a claim's folder, or in the one that a container has of it. A text: a ``Path`` for each
    step costs more than all else here.
    """
    return f"{folder}/{PROGRESS_NAME}"


class ProgressWatch:
    """Of all steps that run, with one timer. ``begin`` and ``end`` from any thread; ``tell`` is
    called on the follower's.
    """

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._watched: dict[str, _Watched] = {}
        self._ticks = False
        self._lock = threading.Lock()

    def begin(self, folder: Path, file: str, tell: Callable[[str], None]) -> None:
        """The step whose claim has the folder runs, and says it in the file."""
        with self._lock:
            self._watched[str(folder)] = _Watched(file, tell)
            is_idle, self._ticks = not self._ticks, True
        if is_idle:
            self._follower.after(INTERVAL_S, self._tick)

    def end(self, folder: Path) -> None:
        """It has ended; or never ran."""
        with self._lock:
            self._watched.pop(str(folder), None)

    def _tick(self) -> None:
        with self._lock:
            watched = [*self._watched.values()]
            self._ticks = bool(watched)
        for each in watched:
            each.look()
        if watched:
            self._follower.after(INTERVAL_S, self._tick)


class _Watched:
    """One step's file: when it was changed last, and what it said."""

    __slots__ = ("_path", "_said", "_stamp", "_tell")

    def __init__(self, path: str, tell: Callable[[str], None]) -> None:
        self._path = path
        self._tell = tell
        self._stamp = (0, 0)
        self._said = ""

    def look(self) -> None:
        try:
            found = os.lstat(self._path)
        except OSError:
            return  # most steps have none
        stamp = found.st_mtime_ns, found.st_size
        if stamp == self._stamp:
            return
        self._stamp = stamp
        said = _last_line(self._path)
        if said and said != self._said:
            self._said = said
            self._tell(said)


def _last_line(path: str) -> str:
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
