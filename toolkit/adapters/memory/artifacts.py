"""The Artifacts port in memory."""

from __future__ import annotations

from collections.abc import Mapping

from toolkit.errors import ExecutionError
from toolkit.workflow.commands import InputArtifact
from toolkit.workflow.nodes import Row


class MemoryArtifacts:
    """``files`` by key, wherever a location says; ``broken``: keys that cannot be deleted."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.broken: set[str] = set()

    def using(self, credentials: Mapping[str, str]) -> MemoryArtifacts:  # noqa: ARG002 - open to all
        return self

    def keys(self, location: Row, key: str) -> list[str]:  # noqa: ARG002 - one place
        return sorted(name for name in self.files if name.startswith(key))

    def read(self, artifact: InputArtifact) -> bytes:
        if artifact.key not in self.files:
            raise ExecutionError(f"input artifact {artifact.name}: {artifact.key} not found")
        return self.files[artifact.key]

    def delete(self, location: Row, key: str) -> None:  # noqa: ARG002 - one place
        if key in self.broken:
            raise ExecutionError(f"{key} cannot be deleted")
        self.files.pop(key, None)
