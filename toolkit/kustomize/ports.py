"""Ports of the build."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class FileTree(Protocol):
    """Read-only files under one root: a folder on disk, memory, or the tree of a git commit.

    Paths are POSIX, relative to the root, normalised (no ``.``, ``..``, no leading ``/``); "" is
    the root itself. A path that leaves the root is the caller's to refuse before it comes here.
    """

    def read(self, path: str) -> bytes:
        """The file's bytes. Raises ``FileNotFoundError`` or ``IsADirectoryError``."""
        ...

    def is_file(self, path: str) -> bool: ...

    def is_dir(self, path: str) -> bool: ...

    def names(self, path: str) -> tuple[str, ...]:
        """Names in a folder, sorted. Raises ``FileNotFoundError``, ``NotADirectoryError``."""
        ...

    def resolve(self, path: str) -> str | None:
        """The path after following symbolic links, or None where that leaves the root."""
        ...


class Helper(Protocol):
    """Does work beside ours, on another core."""

    def start(self, work: Callable[[], bytes]) -> Callable[[], bytes | None]:
        """Begins ``work``. The answer waits for its result, None where it failed."""
        ...
