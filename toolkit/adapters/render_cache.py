"""Rendered builds, kept as long as none of their files changed.

An entry lists every file and folder that its build looked at, by size, times and inode; a build
whose list still holds prints the entry and imports nothing. Where it does not, the entry says
what has changed, and may still serve with what the caller noted of the build: the notes mean
nothing here.

The folder is private (0700, ours), entries are text, written whole and renamed, bounded in number
and size, and keyed by the program's own sources, too. Builds with warnings are not kept, nor are
those of files so young that a second change might not show in their times.

Only ``gitops build`` reads it: what is published is always built.
"""

# ruff: noqa: PTH100, PTH103, PTH105, PTH108, PTH116, PTH118, PTH120, PTH123

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

try:  # hashlib loads OpenSSL, which a small build would notice
    from _sha256 import sha256  # type: ignore[import-not-found]
except ImportError:
    from hashlib import sha256

_FORMAT = "gitops-render 2"
_MOST_ENTRIES = 64
_MOST_BYTES = 512 * 1024 * 1024
_SETTLED_NS = 50_000_000
_SOURCES = ("kustomize", "yaml")


class Kept:
    """An entry: what the build printed, what its caller noted, all paths in their order, their
    states when the entry was got, and the positions of those that are not as they were.
    """

    __slots__ = ("body", "changed", "notes", "paths", "states")

    def __init__(
        self,
        body: bytes,
        notes: bytes,
        paths: Sequence[str],
        states: Sequence[str],
        changed: Sequence[int],
    ) -> None:
        self.body = body
        self.notes = notes
        self.paths = paths
        self.states = states
        self.changed = changed


class RenderCache:
    """Entries in ``folder``, which is made if it is missing; an unsafe one is not used."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def get(self, key: tuple[str, ...]) -> Kept | None:
        """The entry of ``key``, unless something that it depends on is gone."""
        if not _is_private(self.folder):
            return None
        try:
            with open(self._path(key), "rb") as file:
                return _read(file, key)
        except OSError:
            return None

    def put(
        self,
        key: tuple[str, ...],
        paths: Iterable[str],
        body: bytes,
        notes: bytes = b"",
        *,
        started_ns: int,
    ) -> None:
        """Keeps what a build printed that began at ``started_ns`` and looked at ``paths``."""
        states = _states(paths)
        if not any(_is_young(state, started_ns) or "\n" in state for state in states):
            self._keep(key, states, body, notes)

    def renew(self, key: tuple[str, ...], kept: Kept, body: bytes, *, started_ns: int) -> None:
        """Keeps what is printed instead of an entry, for the files as they were when it was got,
        which was after ``started_ns``. Its notes still hold.
        """
        if not any(_is_young(kept.states[number], started_ns) for number in kept.changed):
            self._keep(key, kept.states, body, kept.notes)

    def _keep(self, key: tuple[str, ...], states: Sequence[str], body: bytes, notes: bytes) -> None:
        if not states:
            return
        listed = "\n".join(states).encode("utf-8", "surrogateescape")
        sizes = f"{len(listed)} {len(body)} {len(notes)}"
        title = "".join(f"{line}\n" for line in (*_title(key), sizes))
        parts = (title.encode("utf-8", "surrogateescape"), listed, body, notes)
        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            if _is_private(self.folder):
                self._write(self._path(key), parts)
                self._drop_oldest()
        except OSError:
            return  # a cache that cannot be written is none

    def _write(self, path: str, parts: Iterable[bytes]) -> None:
        temporary = f"{path}.{os.getpid()}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with open(os.open(temporary, flags, 0o600), "wb") as file:
            file.writelines(parts)
        os.replace(temporary, path)

    def _drop_oldest(self) -> None:
        with os.scandir(self.folder) as entries:
            found = [(entry.stat(), entry.path) for entry in entries if entry.is_file()]
        found.sort(key=lambda one: one[0].st_mtime_ns, reverse=True)
        size_bytes = 0
        for count, (about, path) in enumerate(found):
            size_bytes += about.st_size
            if count >= _MOST_ENTRIES or size_bytes > _MOST_BYTES:
                os.unlink(path)

    def _path(self, key: tuple[str, ...]) -> str:
        name = sha256("\0".join(key).encode("utf-8", "surrogateescape")).hexdigest()[:32]
        return os.path.join(self.folder, name)


def _read(file: BinaryIO, key: tuple[str, ...]) -> Kept | None:
    """None for what is no whole entry of ``key``, or where a path cannot be looked at."""
    for line in _title(key):
        if file.readline() != f"{line}\n".encode("utf-8", "surrogateescape"):
            return None
    sizes = [int(word) for word in file.readline().split() if word.isdigit()]
    if len(sizes) != 3:
        return None
    listed, body, notes = (file.read(size) for size in sizes)
    if [len(listed), len(body), len(notes)] != sizes or file.read(1):
        return None
    before = listed.decode("utf-8", "surrogateescape").split("\n")
    paths = [line.partition("\0")[0] for line in before]
    states = _states(paths)
    if not states:
        return None
    changed: list[int] = []
    if states != before:
        both = enumerate(zip(before, states, strict=True))
        changed = [number for number, (then, now) in both if then != now]
    return Kept(body, notes, paths, states, changed)


def _title(key: tuple[str, ...]) -> list[str]:
    return [f"{_FORMAT} {_program()}", "\0".join(key)]


def _program() -> str:
    """Names the code that renders: another version, or another edit of it, is another program."""
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    digest = sha256(sys.version.encode())
    folders = [os.path.join(root, name) for name in _SOURCES]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                if entry.name.endswith(".py"):
                    about = entry.stat()
                    digest.update(f"{entry.name} {about.st_size} {about.st_mtime_ns}\n".encode())
                elif entry.name != "__pycache__" and entry.is_dir():
                    folders.append(entry.path)
    return str(digest.hexdigest()[:32])


def _states(paths: Iterable[str]) -> list[str]:
    """A line a path; empty where one cannot be looked at."""
    lines: list[str] = []
    for path in paths:
        try:
            about = os.stat(path)
        except OSError:
            return []
        lines.append(
            f"{path}\0{about.st_size}\0{about.st_mtime_ns}\0{about.st_ctime_ns}\0{about.st_ino}"
        )
    return lines


def _is_young(line: str, started_ns: int) -> bool:
    return int(line.split("\0")[3]) > started_ns - _SETTLED_NS


def _is_private(folder: str) -> bool:
    try:
        about = os.lstat(folder)
    except OSError:
        return False
    is_folder = (about.st_mode & 0o170000) == 0o040000
    return is_folder and about.st_uid == os.getuid() and not about.st_mode & 0o077
