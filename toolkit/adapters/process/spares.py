"""Folders of steps that are done with, kept for steps to come.

A claim is a folder with a record and two empty folders, and most steps never touch these. To make
and remove the four for each step costs as much as all else where a file system, for each file it
makes, looks past all that were removed in the last minutes (ext4 without a journal does). So what
a step left as it was is emptied of its record and renamed into place for another.
"""

# ruff: noqa: PTH102, PTH104, PTH116, PTH208 - for every step

from __future__ import annotations

import os
import shutil
from collections import deque
from contextlib import suppress
from errno import EEXIST, ENOTEMPTY
from itertools import count
from pathlib import Path
from typing import Final, NewType

from toolkit.adapters.process.claims import PRIVATE, RECORD, Claim

Untouched = NewType("Untouched", tuple[int, ...])
"""When the private folders were last changed, in whatever way."""

_PREFIX: Final = ".spare-"  # no command's id begins so
_MOST: Final = 128
_ALL: Final = frozenset({RECORD, *PRIVATE})


def untouched(claim: Claim) -> Untouched | None:
    """What is to be remembered of a claim's folders before its step is started; None where it has
    others.
    """
    try:
        return Untouched(tuple(os.stat(f"{claim.folder}/{name}").st_ctime_ns for name in PRIVATE))
    except FileNotFoundError:
        return None


class Spares:
    """Those of one folder of claims, at most 128. ``make`` and ``keep`` may be called by different
    threads. What another program left is removed.
    """

    def __init__(self, steps: Path) -> None:
        self._steps = str(steps)
        self._kept: deque[str] = deque()
        self._numbers = count()
        for name in os.listdir(steps):
            if name.startswith(_PREFIX):
                shutil.rmtree(f"{steps}/{name}", ignore_errors=True)

    def make(self, path: str) -> None:
        """A claim's folder at ``path``, with the private folders or without. Raises
        FileExistsError where there is one: no folder with a record in it is renamed over.
        """
        if os.path.exists(path):  # noqa: PTH110
            raise FileExistsError(path)
        with suppress(IndexError, FileNotFoundError):
            spare = self._kept.pop()
            try:
                os.rename(spare, path)
            except OSError as error:
                if error.errno not in (ENOTEMPTY, EEXIST):
                    raise
                self._kept.append(spare)
                raise FileExistsError(path) from error
            return
        os.mkdir(path, 0o700)

    def keep(self, claim: Claim, before: Untouched) -> bool:
        """Keeps the folder of a claim that is done with. False, and nothing has changed, where its
        step has left something, or has ever changed its folders: a process that escaped might use
        them still. So might a wrapper that lives: it has the lock.
        """
        if len(self._kept) >= _MOST:
            return False
        spare = f"{self._steps}/{_PREFIX}{next(self._numbers)}"
        try:
            if not (_is_as_it_was(claim, before) and claim.clear()):
                return False
            os.rename(claim.folder, spare)
        except OSError:
            return False
        self._kept.append(spare)
        return True

    def close(self) -> None:
        """Removes them."""
        while self._kept:
            shutil.rmtree(self._kept.pop(), ignore_errors=True)


def _is_as_it_was(claim: Claim, before: Untouched) -> bool:
    return (
        _ALL.issuperset(os.listdir(claim.folder))
        and untouched(claim) == before
        and not any(os.listdir(f"{claim.folder}/{name}") for name in PRIVATE)
    )
