"""The cache of what is elsewhere: what goes from it, and where it is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from toolkit.adapters.file_lock import take_lock
from toolkit.adapters.git.mirror import GitMirror
from toolkit.adapters.remote.bases import GIT, USE_LOCK, WEB
from toolkit.workflow.retention.retention import Kept, Limits, over_limits

LIMITS: Final = Limits(timedelta(days=90), 64, 4 << 30)
"""Of copies of repositories; of files, likewise."""


class CachedMirrors:
    """The Shelf of copies of repositories; those that a build uses are held."""

    def __init__(self, cache: Path) -> None:
        self._root = cache / GIT

    def items(self) -> Iterator[Kept]:
        for folder in _entries(self._root):
            lock = folder / USE_LOCK
            try:
                at = datetime.fromtimestamp(lock.stat().st_mtime, UTC)
            except FileNotFoundError:
                continue
            with _alone_with(folder) as is_alone:
                size = sum(_size(path) for path in folder.rglob("*"))
            yield Kept(str(folder), f"git/{folder.name}", at, size, is_held=not is_alone)

    def remove(self, item: Kept) -> None:
        folder = Path(item.key)
        with _alone_with(folder) as is_alone:  # else a build began with it meanwhile
            if is_alone:
                shutil.rmtree(folder, ignore_errors=True)


class CachedFiles:
    """The Shelf of files that were read over HTTP."""

    def __init__(self, cache: Path) -> None:
        self._root = cache / WEB

    def items(self) -> Iterator[Kept]:
        for path in _entries(self._root):
            try:
                about = path.stat()
            except FileNotFoundError:
                continue
            at = datetime.fromtimestamp(about.st_mtime, UTC)
            yield Kept(str(path), f"web/{path.name}", at, about.st_size)

    def remove(self, item: Kept) -> None:
        Path(item.key).unlink(missing_ok=True)


def bound(cache: Path) -> None:
    """The least recently used go where there are too many; of others, what no ref names."""
    for folder in _entries(cache / GIT):
        with _alone_with(folder) as is_alone:
            if is_alone:
                GitMirror("", folder).collect()
    for shelf in (CachedMirrors(cache), CachedFiles(cache)):
        for removal in over_limits(shelf.items(), LIMITS, datetime.now(UTC)):
            shelf.remove(removal.item)


@contextmanager
def _alone_with(folder: Path) -> Iterator[bool]:
    """Whether nobody uses a copy, and, while the block runs, nobody can begin to."""
    lock = folder / USE_LOCK
    descriptor = take_lock(lock, waits=False) if lock.exists() else None
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _entries(root: Path) -> list[Path]:
    return sorted(root.iterdir()) if root.is_dir() else []


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0
