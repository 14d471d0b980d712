"""Volumes that outlive a step: a folder for each, under the state folder."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

from toolkit.errors import ExecutionError


class Volumes:
    """The VolumeStore port over folders; a key is a relative path of three parts."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def folder(self, key: str) -> Path:
        """The volume's folder (below it, where the key goes on), made where it is missing."""
        path = self._path(key)
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path

    def remove(self, key: str) -> None:
        shutil.rmtree(self._path(key), ignore_errors=True)

    def sweep(self, cluster: str, known: Collection[str]) -> None:
        for path in sorted(self._path(cluster).glob("*/*")):
            if str(path.relative_to(self._root)) not in known:
                shutil.rmtree(path, ignore_errors=True)

    def _path(self, key: str) -> Path:
        parts = key.strip("/").split("/")
        if any(part in ("", ".", "..") for part in parts):
            raise ExecutionError(f"volume path {key!r} leads outside the volume")
        return self._root.joinpath(*parts)
