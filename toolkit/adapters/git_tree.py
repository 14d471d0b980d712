"""The files of a git commit as a FileTree: any past revision can be built, without a checkout."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass

_SYMLINK_MODE = "120000"
_SUBMODULE_MODE = "160000"
_MOST_LINKS = 40


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One line of ``git ls-tree -r``. ``path`` is relative to the tree's root."""

    mode: str
    blob: str
    path: str


class GitTree:
    """Read-only; the listing is at hand, contents are asked for as needed and kept.

    ``read_blob`` gives a blob's bytes by id. Thread-safe if that is.
    """

    def __init__(self, entries: tuple[TreeEntry, ...], read_blob: Callable[[str], bytes]) -> None:
        self._read_blob = read_blob
        self._files: dict[str, TreeEntry] = {}
        self._folders: dict[str, set[str]] = {"": set()}
        self._contents: dict[str, bytes] = {}
        for entry in entries:
            self._add(entry)

    @property
    def links(self) -> tuple[str, ...]:
        """The symbolic links."""
        files = self._files.values()
        return tuple(entry.path for entry in files if entry.mode == _SYMLINK_MODE)

    def read(self, path: str) -> bytes:
        resolved = self.resolve(path)
        if resolved in self._folders:
            raise IsADirectoryError(path)
        if resolved is None or resolved not in self._files:
            raise FileNotFoundError(path)
        return self._content(self._files[resolved].blob)

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
        return self._resolve(path, _MOST_LINKS)

    def _resolve(self, path: str, links_left: int) -> str | None:
        done = ""
        parts = path.split("/") if path else []
        for position, part in enumerate(parts):
            here = f"{done}/{part}" if done else part
            entry = self._files.get(here)
            if entry is None or entry.mode != _SYMLINK_MODE:
                done = here
                continue
            text = self._content(entry.blob).decode(errors="surrogateescape")
            joined = posixpath.normpath(posixpath.join(done, text, *parts[position + 1 :]))
            if not links_left or joined.startswith(("/", "../")) or joined == "..":
                return None
            return self._resolve("" if joined == "." else joined, links_left - 1)
        return done

    def _content(self, blob: str) -> bytes:
        if blob not in self._contents:
            self._contents[blob] = self._read_blob(blob)
        return self._contents[blob]

    def _add(self, entry: TreeEntry) -> None:
        if entry.mode == _SUBMODULE_MODE:
            self._folders.setdefault(entry.path, set())
        else:
            self._files[entry.path] = entry
        path = entry.path
        while path:
            folder, _, name = path.rpartition("/")
            names = self._folders.setdefault(folder, set())
            if name in names:
                return
            names.add(name)
            path = folder


def parse_ls_tree(output: str) -> tuple[TreeEntry, ...]:
    """From ``git ls-tree -r -z``."""
    entries = []
    for line in output.split("\0"):
        if line:
            head, _, path = line.partition("\t")
            mode, _, blob = head.split(" ")
            entries.append(TreeEntry(mode, blob, path))
    return tuple(entries)
