"""The store: packs what is saved, unpacks what is laid, wherever it is kept."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from toolkit.adapters.artifacts.drivers import Credentials, driver_for
from toolkit.adapters.artifacts.local import LocalFolder
from toolkit.adapters.artifacts.packing import pack, place, set_mode, unpack
from toolkit.errors import ExecutionError
from toolkit.workflow.commands import InputArtifact, OutputArtifact

Location = Mapping[str, Any]


class ArtifactStore:
    """Artifacts under keys of ``root``, or at their own ``location``. What is saved appears whole
    or not at all.
    """

    def __init__(self, root: Path, credentials: Mapping[str, str] | None = None) -> None:
        self._root = root
        self._local = LocalFolder(root)
        self._credentials = Credentials(credentials or {})

    def using(self, credentials: Mapping[str, str]) -> ArtifactStore:
        """The same store for somebody who has these Secrets (``name/key`` → value)."""
        return ArtifactStore(self._root, credentials)

    def save(self, artifact: OutputArtifact, source: Path) -> bool:
        """Keeps ``source``; False where there is no such file. Raises ExecutionError."""
        if not source.exists():
            return False
        if not artifact.location:
            with self._local.replacing(artifact.key) as made:
                pack(source, made, artifact.archive, artifact.compression)
            return True
        with tempfile.TemporaryDirectory(prefix="artifact-") as scratch:
            made = Path(scratch) / "artifact"
            if artifact.archive == "none":
                made = source
            else:
                pack(source, made, artifact.archive, artifact.compression)
            with _about(f"output artifact {artifact.name}"):
                driver_for(artifact.location, self._credentials).save(made)
        return True

    def lay(self, artifact: InputArtifact, target: Path) -> None:
        """Puts the artifact at ``target``. Raises ExecutionError naming one that is not there,
        unless it is optional.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".laying-", dir=target.parent) as scratch:
            with _about(f"input artifact {artifact.name}"):
                found = self._find(artifact, Path(scratch))
            if found is None and artifact.is_optional:
                return
            if found is None:
                where = artifact.key or next(iter(artifact.location), "its place")
                raise ExecutionError(f"input artifact {artifact.name}: {where} not found")
            place(found, target)
        if artifact.mode is not None:
            set_mode(target, artifact.mode, recurse=artifact.recurse_mode)

    def fetch(self, location: Location, key: str, target: Path) -> bool:
        """The artifact as it is kept, packed or not, at ``target``; False where there is none."""
        if location:
            return driver_for(location, self._credentials).load(target)
        return self._local.load(key, target)

    def read(self, artifact: InputArtifact) -> bytes:
        """The content of an artifact that is one file. Raises ExecutionError."""
        with tempfile.TemporaryDirectory(prefix="artifact-") as scratch:
            target = Path(scratch) / "content"
            self.lay(artifact, target)
            if not target.is_file():
                raise ExecutionError(f"input artifact {artifact.name} is not one file")
            return target.read_bytes()

    def delete(self, location: Location, key: str) -> None:
        """Removes an artifact. One that is not there is removed already."""
        if location:
            driver_for(location, self._credentials).delete()
        else:
            self._local.delete(key)

    def keys(self, location: Location, key: str) -> list[str]:
        """The keys of the files below a place, sorted."""
        if location:
            return driver_for(location, self._credentials).keys()
        return self._local.keys(key)

    def _find(self, artifact: InputArtifact, scratch: Path) -> Path | None:
        """Where the unpacked artifact is: in ``scratch``, free to be moved."""
        rest = ""
        if artifact.location:
            packed: Path | None = scratch / "loaded"
            if not driver_for(artifact.location, self._credentials).load(scratch / "loaded"):
                packed = None
        else:
            packed, rest = self._local.packed(artifact.key)
        if packed is None:
            return None
        unpacked = unpack(packed, scratch / "unpacked", artifact.archive)
        inner = unpacked / rest if rest else unpacked
        return inner if inner.exists() else None


@contextmanager
def _about(what: str) -> Iterator[None]:
    """Says which artifact an error is about."""
    try:
        yield
    except ExecutionError as error:
        raise ExecutionError(f"{what}: {error.message}", hints=error.hints) from error
