"""A tree with others beside it: the repositories and files that a build takes from elsewhere."""

from __future__ import annotations

from toolkit.kustomize.sources.session import SEPARATOR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toolkit.kustomize.ports import FileTree


class MountedTree:
    """FileTree of ``own``, and of what is mounted: ``NAME//path`` is a path in the tree mounted as
    NAME, ``NAME//`` its root; a file from elsewhere is its URL.
    """

    __slots__ = ("_files", "_mounts", "own")

    def __init__(self, own: FileTree) -> None:
        self.own = own
        self._mounts: dict[str, FileTree] = {}
        self._files: dict[str, bytes] = {}

    def mount(self, name: str, tree: FileTree) -> None:
        """What was mounted under this name stays."""
        self._mounts.setdefault(name, tree)

    def add_file(self, url: str, content: bytes) -> str:
        """The file's path: the URL, numbered where another content has it."""
        path, number = url, 1
        while self._files.setdefault(path, content) != content:
            number += 1
            path = f"{url}#{number}"
        return path

    def read(self, path: str) -> bytes:
        if path in self._files:
            return self._files[path]
        tree, inner, _ = self._find(path)
        return tree.read(inner)

    def is_file(self, path: str) -> bool:
        if path in self._files:
            return True
        tree, inner, _ = self._find(path)
        return tree.is_file(inner)

    def is_dir(self, path: str) -> bool:
        if path in self._files:
            return False
        tree, inner, _ = self._find(path)
        return tree.is_dir(inner)

    def names(self, path: str) -> tuple[str, ...]:
        if path in self._files:
            raise NotADirectoryError(path)
        tree, inner, _ = self._find(path)
        return tree.names(inner)

    def resolve(self, path: str) -> str | None:
        if path in self._files:
            return path
        tree, inner, name = self._find(path)
        real = tree.resolve(inner)
        return real if real is None else name + real

    def _find(self, path: str) -> tuple[FileTree, str, str]:
        """The tree, the path in it, and what stands before that."""
        name, separator, inner = path.rpartition(SEPARATOR)
        if not separator:
            return self.own, path, ""
        if name not in self._mounts:
            raise FileNotFoundError(path)
        return self._mounts[name], inner, name + separator
