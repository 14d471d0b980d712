"""The lock whose holder owns the state: a file that names him, locked as long as he lives."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from toolkit.errors import StateError

_LOOK_AGAIN_S = 0.03


def holder(path: Path) -> int | None:
    """The process that holds the lock; None where nobody does, 0 where it does not say."""
    try:
        file = path.open("r", encoding="utf-8")
    except FileNotFoundError:
        return None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = _pid_in(file)
            return None if _is_gone(pid) else pid
    return None


@contextmanager
def locked(path: Path, *, wait_s: float) -> Iterator[None]:
    """Holds the lock. Raises StateError naming the holder, after ``wait_s``."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        _take(file, wait_s)
        file.truncate(0)
        json.dump({"pid": os.getpid()}, file)
        file.flush()
        yield


def _take(file: IO[str], wait_s: float) -> None:
    """Waits a little: whoever looks for an owner, or writes one thing, is done in a moment."""
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise _taken(_pid_in(file)) from error
        time.sleep(_LOOK_AGAIN_S)


def _taken(pid: int) -> StateError:
    return StateError(
        f"the state is owned by another gitops (process {pid or 'unknown'})",
        hints=["use it while it runs, or stop it: `gitops up` ends with Ctrl-C"],
    )


def _is_gone(pid: int) -> bool:
    """A killed owner's lock lives on for the moment in which its last child has not yet become
    another program.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return pid > 0
    except PermissionError:
        return False
    return False


def _pid_in(file: IO[str]) -> int:
    try:
        return int(json.load(file)["pid"])
    except (ValueError, KeyError, TypeError):
        return 0
