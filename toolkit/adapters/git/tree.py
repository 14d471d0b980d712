"""The files of a git commit as a FileTree: any past revision can be built, without a checkout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from toolkit.adapters.files import resolve_links

_SYMLINK_MODE = "120000"
SUBMODULE_MODE = "160000"


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
        return resolve_links(path, self._link_at)

    def _link_at(self, path: str) -> str | None:
        entry = self._files.get(path)
        if entry is None or entry.mode != _SYMLINK_MODE:
            return None
        return self._content(entry.blob).decode(errors="surrogateescape")

    def _content(self, blob: str) -> bytes:
        if blob not in self._contents:
            self._contents[blob] = self._read_blob(blob)
        return self._contents[blob]

    def _add(self, entry: TreeEntry) -> None:
        if entry.mode == SUBMODULE_MODE:
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
