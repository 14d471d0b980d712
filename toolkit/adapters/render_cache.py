"""Rendered builds, kept as long as none of their files changed.

An entry lists every file and folder that its build looked at, by size, times and inode; a build
whose list still holds prints the entry and imports nothing. The folder is private (0700, ours),
entries are text, written whole and renamed, bounded in number, and keyed by the program's own
sources, too. Builds with warnings are not kept, nor are those of files so young that a second
change might not show in their times.

Only ``gitops build`` reads it: what is published is always built.
"""

# ruff: noqa: PTH100, PTH103, PTH105, PTH108, PTH116, PTH118, PTH120, PTH123

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

try:  # hashlib loads OpenSSL, which a small build would notice
    from _sha256 import sha256  # type: ignore[import-not-found]
except ImportError:
    from hashlib import sha256

_FORMAT = "gitops-render 1"
_MOST_ENTRIES = 64
_SETTLED_NS = 50_000_000
_SOURCES = ("kustomize", "kustomize/data", "kustomize/generators", "kustomize/transformers", "yaml")


class RenderCache:
    """Entries in ``folder``, which is made if it is missing; an unsafe one is not used."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def get(self, key: tuple[str, ...]) -> bytes | None:
        """What the build of ``key`` printed, if nothing it depends on has changed since."""
        if not _is_private(self.folder):
            return None
        try:
            with open(self._path(key), "rb") as file:
                content = file.read()
        except OSError:
            return None
        header, separator, body = content.partition(b"\n\n")
        lines = header.decode("utf-8", "surrogateescape").split("\n")
        if not separator or lines[:2] != _title(key) or len(body) != int(lines[2]):
            return None
        return body if _state(line.split("\0", 1)[0] for line in lines[3:]) == lines[3:] else None

    def put(
        self, key: tuple[str, ...], paths: Iterable[str], body: bytes, *, started_ns: int
    ) -> None:
        """Keeps what a build printed that began at ``started_ns`` and looked at ``paths``."""
        state = _state(paths)
        if not state or any(_is_young(line, started_ns) for line in state):
            return
        if any("\n" in line for line in state):
            return
        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            if _is_private(self.folder):
                self._write(key, state, body)
                self._drop_oldest()
        except OSError:
            return  # a cache that cannot be written is none

    def _write(self, key: tuple[str, ...], state: list[str], body: bytes) -> None:
        header = "\n".join([*_title(key), str(len(body)), *state]) + "\n\n"
        path = self._path(key)
        temporary = f"{path}.{os.getpid()}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with open(os.open(temporary, flags, 0o600), "wb") as file:
            file.write(header.encode("utf-8", "surrogateescape"))
            file.write(body)
        os.replace(temporary, path)

    def _drop_oldest(self) -> None:
        with os.scandir(self.folder) as entries:
            files = [entry for entry in entries if entry.is_file()]
            found = sorted((entry.stat().st_mtime_ns, entry.path) for entry in files)
        for _, path in found[:-_MOST_ENTRIES]:
            os.unlink(path)

    def _path(self, key: tuple[str, ...]) -> str:
        name = sha256("\0".join(key).encode("utf-8", "surrogateescape")).hexdigest()[:32]
        return os.path.join(self.folder, name)


def _title(key: tuple[str, ...]) -> list[str]:
    return [f"{_FORMAT} {_program()}", "\0".join(key)]


def _program() -> str:
    """Names the code that renders: another version, or another edit of it, is another program."""
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    digest = sha256(sys.version.encode())
    for folder in _SOURCES:
        with os.scandir(os.path.join(root, folder)) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                if entry.name.endswith(".py"):
                    about = entry.stat()
                    digest.update(f"{entry.name} {about.st_size} {about.st_mtime_ns}\n".encode())
    return str(digest.hexdigest()[:32])


def _state(paths: Iterable[str]) -> list[str]:
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
