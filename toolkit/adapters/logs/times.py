"""When the lines of a log came: a small index beside each log, kept after the run.

A container writes its log itself, and nobody stands between. So the logs that are open are looked
at a few times a second: ``<container>.times`` holds, a line each, how many lines there were and
when the last of them was written. A line's time is the first that counts it: at most a quarter of
a second late. Of a log that came and went between two looks, it is the time of its last write.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

_LOOK_S = 0.25
_STAMP = "%Y-%m-%dT%H:%M:%S.%fZ"
_CHUNK = 1 << 20


class LogTimes:
    """The index of one log, as far as it was written. Lines count from 1."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._counts: list[int] = []
        self._times: list[float] = []
        self._size = -1
        self._last = 0.0

    def stamp(self, line: int) -> str:
        """``2026-03-01T12:00:00.250000Z``."""
        self._reload()
        place = bisect_left(self._counts, line)
        at = self._times[place] if place < len(self._times) else self._last
        return datetime.fromtimestamp(at, UTC).strftime(_STAMP)

    def _reload(self) -> None:
        """Again where it has grown: a log is followed."""
        found = self._log.stat()
        if found.st_size == self._size:
            return
        self._size, self._last = found.st_size, found.st_mtime
        try:
            rows = [row.split() for row in _index(self._log).read_text("ascii").splitlines()]
        except OSError:
            return
        whole = [row for row in rows if len(row) == 2]
        self._counts = [int(count) for count, _ in whole]
        self._times = [float(at) for _, at in whole]


class TimeKeeper:
    """Looks at the logs that are open. Its thread lives while there are any. Thread-safe."""

    def __init__(self) -> None:
        self._open: dict[Path, _Growing] = {}
        self._lock = threading.Lock()
        self._is_looking = False

    def begin(self, log: Path) -> None:
        with self._lock:
            self._open[log] = _Growing(log)
            if self._is_looking:
                return
            self._is_looking = True
        threading.Thread(target=self._look, name="log-times", daemon=True).start()

    def end(self, log: Path, *, is_rewritten: bool) -> None:
        """Before the log is masked, which changes when it was written. Of one that came and went
        between two looks, and is not rewritten, the file's own time is enough.
        """
        with self._lock:
            growing = self._open.pop(log, None)
        if growing is not None:
            growing.close(is_noted=is_rewritten or growing.is_noted)

    def _look(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(_LOOK_S)
            with self._lock:
                found = [*self._open.values()]
                self._is_looking = bool(found)
            for growing in found:
                growing.note()
            if not found:
                return


class _Growing:
    """One open log: how far it was counted."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._size = 0
        self._lines = 0
        self._noted = 0
        self._file: BinaryIO | None = None
        self._is_closed = False
        self._lock = threading.Lock()

    @property
    def is_noted(self) -> bool:
        return self._noted > 0

    def note(self) -> None:
        """Writes an entry where lines have come. A log that is gone is no trouble."""
        with self._lock, suppress(OSError):
            if not self._is_closed:
                self._note()

    def close(self, *, is_noted: bool) -> None:
        """The last look, where it ``is_noted``; later ones see nothing."""
        with self._lock:
            self._is_closed = True
            with suppress(OSError):
                if is_noted:
                    self._note()
            if self._file is not None:
                self._file.close()

    def _note(self) -> None:
        found = self._log.stat()
        if found.st_size <= self._size:
            return
        if self._file is None:
            self._file = self._log.open("rb")
            self._file.seek(self._size)
        while chunk := self._file.read(_CHUNK):
            self._size += len(chunk)
            self._lines += chunk.count(b"\n")
        if self._lines > self._noted:
            self._noted = self._lines
            with _index(self._log).open("a", encoding="ascii") as index:
                index.write(f"{self._lines} {found.st_mtime:.6f}\n")


def _index(log: Path) -> Path:
    return log.with_suffix(".times")
