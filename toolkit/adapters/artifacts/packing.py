"""Packing and unpacking of artifacts, as Argo does it: tar.gz unless said otherwise."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import Final

from toolkit.errors import ExecutionError

_DEFAULT_LEVEL: Final = 6


def pack(source: Path, target: Path, how: str, level: int | None = None) -> None:
    """``how`` is tar, zip or none; ``level`` is gzip's, 0 (no compression) to 9."""
    if how == "none":
        copy(source, target)
    elif how == "zip":
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in (source, *sorted(source.rglob("*"))):
                archive.write(path, path.relative_to(source.parent))
    else:
        level = _DEFAULT_LEVEL if level is None else level
        with tarfile.open(target, "w:gz", compresslevel=level) as archive:
            archive.add(source, arcname=source.name)


def unpack(packed: Path, target: Path, how: str) -> Path:
    """A copy of what was packed. An archive of one file or folder is that one."""
    if packed.is_dir() or how == "none":
        copy(packed, target)
        return target
    try:
        if how == "zip" and zipfile.is_zipfile(packed):
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


def place(source: Path, target: Path) -> None:
    """Moves ``source`` to ``target``, into the folder where there is one already."""
    if source.is_dir() and target.is_dir():
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
        return
    source.replace(target)


def copy(source: Path, target: Path) -> None:
    """A file with its mode, or a folder with its links."""
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copyfile(source, target)
        shutil.copymode(source, target)


def set_mode(path: Path, mode: int, *, recurse: bool) -> None:
    """``mode`` for the path, and where asked for everything below it."""
    for one in (path, *(path.rglob("*") if recurse and path.is_dir() else ())):
        if not one.is_symlink():
            one.chmod(mode)
