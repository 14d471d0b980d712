"""The default repository: a folder, one entry a key."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from toolkit.adapters.artifacts.packing import copy
from toolkit.errors import ExecutionError


class LocalFolder:
    """Files and folders below ``root``."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextmanager
    def replacing(self, key: str) -> Iterator[Path]:
        """A path to write to; when the block ends it takes the key's place, in one move."""
        target = self._path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".saving-", dir=target.parent) as scratch:
            made = Path(scratch) / "artifact"
            yield made
            if target.is_dir():
                shutil.rmtree(target)
            made.replace(target)

    def packed(self, key: str) -> tuple[Path | None, str]:
        """The stored file or folder that a key leads to, and the path below it in the archive."""
        path = self._path(key)
        for candidate in (path, *path.parents):
            if candidate == self._root:
                break
            if candidate.exists():
                is_inner = candidate != path and candidate.is_dir()
                rest = str(path.relative_to(candidate))
                return (None, "") if is_inner else (candidate, "" if rest == "." else rest)
        return None, ""

    def load(self, key: str, target: Path) -> bool:
        """A copy of what the key leads to; False where it leads nowhere."""
        path = self._path(key)
        if not path.exists():
            return False
        copy(path, target)
        return True

    def delete(self, key: str) -> None:
        """Removes it, and the folders above that are empty then."""
        path = self._path(key)
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        for parent in path.parents:
            if parent == self._root:
                break
            with suppress(OSError):
                parent.rmdir()

    def keys(self, key: str) -> list[str]:
        """The keys of the files below a key; "" lists all."""
        top = self._path(key) if key.strip("/") else self._root
        return sorted(
            str(path.relative_to(self._root)) for path in top.rglob("*") if path.is_file()
        )

    def _path(self, key: str) -> Path:
        parts = key.strip("/").split("/")
        if any(part in ("", ".", "..") for part in parts):
            raise ExecutionError(f"artifact key {key!r} is not a plain path")
        return self._root.joinpath(*parts)
