"""Shelves of files: logs and artifacts of runs, and working folders that nobody needs."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from toolkit.adapters.process.claims import claims, claims_of
from toolkit.workflow.retention.retention import Kept


class RunFolders:
    """``<root>/<namespace>/<workflow>``: one item a workflow, as old as its newest file. ``held``
    are the ``namespace/workflow`` of runs under way.
    """

    def __init__(
        self, root: Path, *, held: Callable[[], Collection[str]], namespaces: Collection[str] = ()
    ) -> None:
        """Without ``namespaces`` all folders of ``root`` count."""
        self._root = root
        self._held = held
        self._namespaces = namespaces

    def items(self) -> Iterator[Kept]:
        held = self._held()
        for namespace in _folders(self._root):
            if self._namespaces and namespace.name not in self._namespaces:
                continue
            for folder in _folders(namespace):
                name = f"{namespace.name}/{folder.name}"
                at, size_bytes = _measure(folder)
                yield Kept(str(folder), name, at, size_bytes, is_held=name in held)

    def remove(self, item: Kept) -> None:
        folder = Path(item.key)
        shutil.rmtree(folder, ignore_errors=True)
        _remove_if_empty(folder.parent)


class StepFolders:
    """Claims that no run asks for any more and behind which nothing lives: what a crash left."""

    def __init__(self, steps: Path, *, outstanding: Callable[[], Collection[str]]) -> None:
        self._steps = steps
        self._outstanding = outstanding

    def items(self) -> Iterator[Kept]:
        found = list(claims(self._steps))
        wanted = self._outstanding()  # asked after: a command stands there before it is claimed
        for claim in found:
            if claim.command_id in wanted:
                continue
            at, size_bytes = _measure(claim.folder)
            records = [held.record() for held in claims_of(claim)]
            is_alive = any(record is not None and record.is_alive() for record in records)
            yield Kept(str(claim.folder), claim.command_id, at, size_bytes, is_held=is_alive)

    def remove(self, item: Kept) -> None:
        shutil.rmtree(item.key, ignore_errors=True)


class Mirrors:
    """Copies of deploy repositories; those ``in_use``, by name, are held."""

    def __init__(self, root: Path, *, in_use: Collection[str]) -> None:
        self._root = root
        self._in_use = in_use

    def items(self) -> Iterator[Kept]:
        for folder in _folders(self._root):
            at, size_bytes = _measure(folder)
            is_held = folder.name in self._in_use
            yield Kept(str(folder), folder.name, at, size_bytes, is_held=is_held)

    def remove(self, item: Kept) -> None:
        shutil.rmtree(item.key, ignore_errors=True)


def _folders(root: Path) -> list[Path]:
    """Those there are, sorted; files and links aside."""
    if not root.is_dir():
        return []
    with os.scandir(root) as entries:
        return sorted(Path(e.path) for e in entries if e.is_dir(follow_symlinks=False))


def _measure(path: Path) -> tuple[datetime, int]:
    """The last change below ``path``, and the size of all files there. What goes meanwhile is not
    counted.
    """
    newest, size = 0.0, 0
    for folder, _, names in os.walk(path):  # it passes over folders that go, as rglob does not
        for entry in (Path(folder), *(Path(folder, name) for name in names)):
            with suppress(OSError):
                found = entry.lstat()
                newest = max(newest, found.st_mtime)
                size += 0 if stat.S_ISDIR(found.st_mode) else found.st_size
    return datetime.fromtimestamp(newest, UTC), size


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:  # there is more in it
        return
