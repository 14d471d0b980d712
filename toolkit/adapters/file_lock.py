"""Locks between processes, on files that may be removed while they are held."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Alone with ``path``, which is made, with its folder, where it is missing. Waits."""
    descriptor = take_lock(path)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def take_lock(path: Path, *, is_shared: bool = False, waits: bool = True) -> int | None:
    """A descriptor that holds the lock until it is closed; None where it is taken, and we do not
    wait. It is not inherited by programs.
    """
    mode = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
    while True:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:  # the folder was removed meanwhile
            continue
        try:
            fcntl.flock(descriptor, mode if waits else mode | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        with suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        os.close(descriptor)  # it was removed by who held it
