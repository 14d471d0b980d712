"""Files for a build: a folder on disk, and its twin in memory.

``os`` rather than ``pathlib``: a small build takes less time than that import.
"""

# ruff: noqa: PTH123

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Collection, Mapping

_FILE, _FOLDER, _LINK, _OTHER = "file", "folder", "link", "other"
_MOST_LINKS = 40

LINKED = "//"
"""Instead of the notable names of a folder that holds symbolic links: these may lead anywhere."""


class DiskTree:
    """The folder ``root``, as it was when each of its folders was first looked into.

    Listings are kept for the life of the tree: make a new one to see changes. Not thread-safe.
    """

    __slots__ = ("_folders", "_known", "_resolved", "root")

    def __init__(self, root: str | os.PathLike[str], *, known: str = "") -> None:
        """``known``: a folder below the root whose path holds no symbolic links, so that nobody
        need look for any.
        """
        self.root = os.path.realpath(root)
        self._folders: dict[str, dict[str, str] | None] = {}
        self._resolved: dict[str, str | None] = {"": ""}
        folder = known
        while folder:
            self._resolved[folder] = folder
            folder = folder.rpartition("/")[0]
        # A root of which nothing is known need not exist: git keeps no empty folders.
        self._known = frozenset(self._resolved) if known else frozenset()

    @property
    def listed(self) -> tuple[str, ...]:
        """The folders that were looked into."""
        return tuple(path for path, entries in self._folders.items() if entries is not None)

    def notable(self, folder: str, names: Collection[str]) -> str:
        """Which of ``names`` are files in a folder, as one line; :data:`LINKED` where links are."""
        entries = self._entries(folder) or {}
        if _LINK in entries.values():
            return LINKED
        return "/".join(name for name in names if entries.get(name) == _FILE)

    def read(self, path: str) -> bytes:
        resolved = self.resolve(path)
        if resolved is None:
            raise FileNotFoundError(path)
        with open(self._on_disk(resolved), "rb", buffering=0) as file:
            return file.readall()

    def is_file(self, path: str) -> bool:
        return self._kind(path) == _FILE

    def is_dir(self, path: str) -> bool:
        return self._kind(path) == _FOLDER

    def names(self, path: str) -> tuple[str, ...]:
        resolved = self.resolve(path)
        entries = None if resolved is None else self._entries(resolved)
        if entries is None:
            if self.is_file(path):
                raise NotADirectoryError(path)
            raise FileNotFoundError(path)
        return tuple(sorted(entries))

    def resolve(self, path: str) -> str | None:
        if path in self._resolved:
            return self._resolved[path]
        folder, _, name = path.rpartition("/")
        parent = self._resolve_folder(folder)
        if parent is None:
            return None
        entries = self._entries(parent)
        here = f"{parent}/{name}" if parent else name
        if entries is None or entries.get(name) != _LINK:
            return here
        return self._below_root(os.path.realpath(self._on_disk(here)))

    def _resolve_folder(self, path: str) -> str | None:
        if path not in self._resolved:
            self._resolved[path] = self.resolve(path)
        return self._resolved[path]

    def _kind(self, path: str) -> str:
        if path in self._known or self._folders.get(path) is not None:
            return _FOLDER
        resolved = self.resolve(path)
        if resolved is None:
            return _OTHER
        if not resolved:
            return _OTHER if self._entries(resolved) is None else _FOLDER
        folder, _, name = resolved.rpartition("/")
        return (self._entries(folder) or {}).get(name, _OTHER)

    def _entries(self, folder: str) -> dict[str, str] | None:
        """The kinds of a folder's entries by name; None where it is no folder."""
        if folder not in self._folders:
            try:
                with os.scandir(self._on_disk(folder)) as entries:
                    self._folders[folder] = {entry.name: _kind_of(entry) for entry in entries}
            except (FileNotFoundError, NotADirectoryError):
                self._folders[folder] = None
        return self._folders[folder]

    def _on_disk(self, path: str) -> str:
        return f"{self.root.rstrip('/')}/{path}"

    def _below_root(self, real: str) -> str | None:
        if real == self.root:
            return ""
        prefix = self.root.rstrip("/") + "/"
        return real[len(prefix) :] if real.startswith(prefix) else None


def _kind_of(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return _LINK
    if entry.is_file():
        return _FILE
    return _FOLDER if entry.is_dir() else _OTHER


class MemoryTree:
    """Files by path; ``links`` by path hold what a symbolic link there says."""

    def __init__(
        self, files: Mapping[str, bytes | str], links: Mapping[str, str] | None = None
    ) -> None:
        self._files = {
            path: content.encode() if isinstance(content, str) else content
            for path, content in files.items()
        }
        self._links = dict(links or {})
        self._folders: dict[str, set[str]] = {"": set()}
        for path in (*self._files, *self._links):
            self._add(path)

    def read(self, path: str) -> bytes:
        resolved = self.resolve(path)
        if resolved in self._folders:
            raise IsADirectoryError(path)
        if resolved is None or resolved not in self._files:
            raise FileNotFoundError(path)
        return self._files[resolved]

    def is_file(self, path: str) -> bool:
        return self.resolve(path) in self._files

    def is_dir(self, path: str) -> bool:
        return self.resolve(path) in self._folders

    def names(self, path: str) -> tuple[str, ...]:
        resolved = self.resolve(path)
        if resolved in self._files:
            raise NotADirectoryError(path)
        if resolved is None or resolved not in self._folders:
            raise FileNotFoundError(path)
        return tuple(sorted(self._folders[resolved]))

    def resolve(self, path: str) -> str | None:
        return resolve_links(path, self._links.get)

    def _add(self, path: str) -> None:
        while path:
            folder, _, name = path.rpartition("/")
            self._folders.setdefault(folder, set()).add(name)
            path = folder


def resolve_links(
    path: str, link_at: Callable[[str], str | None], *, links_left: int = _MOST_LINKS
) -> str | None:
    """``path`` after following symbolic links, or None where that leaves the root or never ends.
    ``link_at`` gives the text of the link that a path is, or None.
    """
    done = ""
    parts = path.split("/") if path else []
    for position, part in enumerate(parts):
        here = f"{done}/{part}" if done else part
        target = link_at(here)
        if target is None:
            done = here
            continue
        joined = posixpath.normpath(posixpath.join(done, target, *parts[position + 1 :]))
        if not links_left or joined.startswith(("/", "../")) or joined == "..":
            return None
        joined = "" if joined == "." else joined
        return resolve_links(joined, link_at, links_left=links_left - 1)
    return done
