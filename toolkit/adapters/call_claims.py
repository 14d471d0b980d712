"""The CallClaims port as empty files: one a call, made before the call is sent."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path


class CallClaimFiles:
    """Claims in a folder that outlives the program."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._taken = {path.name for path in folder.iterdir()}

    def take(self, command_id: str) -> bool:
        """On disk when it returns: after a crash of the machine too the call is not made again."""
        try:
            descriptor = os.open(
                self._path(command_id), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600
            )
        except FileExistsError:
            return False
        os.close(descriptor)
        self._taken.add(self._path(command_id).name)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return True

    def drop(self, command_id: str) -> None:
        """Most of what is dropped is no call, and was never taken here."""
        path = self._path(command_id)
        if path.name in self._taken:
            self._taken.discard(path.name)
            path.unlink(missing_ok=True)

    def sweep(self, known: Collection[str]) -> None:
        """Removes the claims of calls whose answers are committed, or whose runs are gone."""
        for path in self._folder.iterdir():
            if path.name not in known:
                path.unlink(missing_ok=True)

    def _path(self, command_id: str) -> Path:
        return self._folder / command_id.replace("/", "_")
