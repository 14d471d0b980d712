"""The local artifact store: files and folders under keys, as Argo archives them."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

from toolkit.errors import ExecutionError
from toolkit.workflow.commands import InputArtifact, OutputArtifact

_HTTP_TIMEOUT_S = 60
_MOST_DOWNLOAD_BYTES = 1 << 30
_CHUNK_BYTES = 1 << 20


class ArtifactStore:
    """Artifacts in a folder, one entry a key. What is saved appears whole or not at all."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def save(self, artifact: OutputArtifact, source: Path) -> bool:
        """Keeps ``source`` under the artifact's key; False where there is no such file."""
        if not source.exists():
            return False
        target = self._path(artifact.key)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".saving-", dir=target.parent) as scratch:
            made = Path(scratch) / "artifact"
            _archive(source, made, artifact.archive)
            if target.is_dir():
                shutil.rmtree(target)
            made.replace(target)
        return True

    def lay(self, artifact: InputArtifact, target: Path) -> None:
        """Puts the artifact at ``target``. Raises ExecutionError naming one that is not there,
        unless it is optional.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".laying-", dir=target.parent) as scratch:
            found = self._find(artifact, Path(scratch))
            if found is None and artifact.is_optional:
                return
            if found is None:
                raise ExecutionError(f"input artifact {artifact.name}: {artifact.key} not found")
            _place(found, target)
        if artifact.mode is not None and target.is_file():
            target.chmod(artifact.mode)

    def _find(self, artifact: InputArtifact, scratch: Path) -> Path | None:
        """Where the unpacked artifact is: in ``scratch``, free to be moved."""
        if "http" in artifact.location:
            packed: Path | None = _download(artifact, scratch / "download")
            rest = ""
        elif artifact.key:
            packed, rest = self._packed(artifact.key)
        else:
            kinds = ", ".join(artifact.location)
            raise ExecutionError(f"input artifact {artifact.name}: {kinds} is not supported here")
        if packed is None:
            return None
        unpacked = _unpacked(packed, scratch / "unpacked", artifact.archive)
        inner = unpacked / rest if rest else unpacked
        return inner if inner.exists() else None

    def _packed(self, key: str) -> tuple[Path | None, str]:
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

    def _path(self, key: str) -> Path:
        parts = key.strip("/").split("/")
        if any(part in ("", ".", "..") for part in parts):
            raise ExecutionError(f"artifact key {key!r} is not a plain path")
        return self._root.joinpath(*parts)


def _archive(source: Path, target: Path, how: str) -> None:
    if how == "none":
        _copy(source, target)
    elif how == "zip":
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in (source, *sorted(source.rglob("*"))):
                archive.write(path, path.relative_to(source.parent))
    else:
        with tarfile.open(target, "w:gz") as archive:
            archive.add(source, arcname=source.name)


def _unpacked(packed: Path, target: Path, how: str) -> Path:
    """A copy of what was archived. An archive of one file or folder is that one."""
    if packed.is_dir() or how == "none":
        _copy(packed, target)
        return target
    try:
        if zipfile.is_zipfile(packed) and how == "zip":
            with zipfile.ZipFile(packed) as archive:
                archive.extractall(target)  # noqa: S202 - zipfile drops what leads outside
        elif tarfile.is_tarfile(packed):
            with tarfile.open(packed) as archive:
                archive.extractall(target, filter="data")
        else:
            shutil.copyfile(packed, target)
            return target
    except (tarfile.TarError, zipfile.BadZipFile, OSError) as error:
        raise ExecutionError(f"artifact {packed.name} cannot be unpacked: {error}") from error
    entries = list(target.iterdir()) if target.is_dir() else []
    return entries[0] if len(entries) == 1 else target


def _place(source: Path, target: Path) -> None:
    """Moves ``source`` to ``target``, into the folder where there is one already."""
    if source.is_dir() and target.is_dir():
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
        return
    source.replace(target)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copyfile(source, target)
        shutil.copymode(source, target)


def _download(artifact: InputArtifact, target: Path) -> Path:
    source = artifact.location["http"] or {}
    url = str(source.get("url") or "")
    if not url.startswith(("http://", "https://")):
        raise ExecutionError(f"input artifact {artifact.name}: {url!r} is no HTTP address")
    request = urllib.request.Request(url)  # noqa: S310 - the scheme was looked at
    for header in source.get("headers") or ():
        request.add_header(str(header.get("name")), str(header.get("value")))
    try:
        with (
            urllib.request.urlopen(request, timeout=_HTTP_TIMEOUT_S) as answer,  # noqa: S310
            target.open("wb") as file,
        ):
            while chunk := answer.read(_CHUNK_BYTES):
                file.write(chunk)
                if file.tell() > _MOST_DOWNLOAD_BYTES:
                    raise ExecutionError(f"input artifact {artifact.name}: larger than 1 GiB")
    except (urllib.error.URLError, OSError) as error:
        raise ExecutionError(f"input artifact {artifact.name}: {url}: {error}") from error
    return target
