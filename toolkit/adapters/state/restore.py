"""A backup taken back: verified as a whole before anything of the present state is touched."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import IO, Any

from toolkit.adapters.sqlite.migrations import MIGRATIONS
from toolkit.adapters.state.backup import DATABASE, FORMAT, KEPT, MANIFEST, STEPS, Entry
from toolkit.errors import StateError

_CHUNK = 1 << 20
_REPLACED = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", STEPS, "mirrors", *KEPT)
"""What a restore takes the place of; the lock, the certificate and the address stay."""

_Open = Callable[[str], "IO[bytes] | None"]


def unpack(source: Path, target: Path) -> tuple[Entry, ...]:
    """Unpacks the backup ``source`` into the empty folder ``target``, and verifies it. Raises
    StateError where it is none, was changed, or is of a newer program.
    """
    with _opened(source) as (manifest, opened):
        entries = _entries(manifest, source)
        for entry in entries:
            _place(entry, opened, target, source)
    for entry in reversed(entries):  # folders last: writing into one changes its time
        if entry.kind != "link":
            os.utime(target / entry.path, (entry.mtime, entry.mtime))
    _check_database(target / DATABASE, source)
    return entries


def put_in_place(unpacked: Path, state: Path, now: datetime) -> Path | None:
    """Moves the unpacked backup into ``state``, whose lock the caller holds. What was there is
    moved into the folder returned; None where there was nothing.
    """
    aside = state / f"before-restore-{now.strftime('%Y%m%dT%H%M%SZ')}"
    for name in _REPLACED:
        if (state / name).exists():
            aside.mkdir(mode=0o700, exist_ok=True)
            (state / name).rename(aside / name)
    for path in sorted(unpacked.iterdir()):
        path.rename(state / path.name)
    unpacked.rmdir()
    return aside if aside.exists() else None


def _entries(manifest: Mapping[str, Any], source: Path) -> tuple[Entry, ...]:
    if manifest.get("format") != FORMAT or int(manifest.get("schema") or 0) > len(MIGRATIONS):
        raise StateError(
            f"{source} was made by a newer gitops ({manifest.get('gitops')})",
            hints=["install that version, or a newer one"],
        )
    entries = tuple(Entry(**fields) for fields in manifest["entries"])
    for entry in entries:
        parts = PurePosixPath(entry.path).parts
        if not parts or parts[0] not in _REPLACED or ".." in parts:
            raise StateError(f"{source}: {entry.path!r} is no part of a state folder")
    if not any(entry.path == DATABASE for entry in entries):
        raise StateError(f"{source} has no {DATABASE}")
    return entries


def _place(entry: Entry, opened: _Open, target: Path, source: Path) -> None:
    path = target / entry.path
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.parent.resolve().is_relative_to(target.resolve()):
        raise StateError(f"{source}: {entry.path!r} leads out of the state folder")
    if entry.kind == "folder":
        path.mkdir(mode=0o700, exist_ok=True)
        path.chmod(entry.mode | 0o700)
    elif entry.kind == "link":
        path.symlink_to(entry.target)
    else:
        _place_file(entry, opened(entry.path), path, source)


def _place_file(entry: Entry, content: IO[bytes] | None, path: Path, source: Path) -> None:
    digest, size = sha256(), 0
    if content is None:
        raise StateError(f"{source}: {entry.path} is missing")
    with (
        content,
        os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "wb") as file,
    ):
        while chunk := content.read(_CHUNK):
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    if size != entry.size or digest.hexdigest() != entry.sha256:
        raise StateError(f"{source}: {entry.path} is not what was backed up")
    path.chmod(entry.mode)


def _check_database(path: Path, source: Path) -> None:
    try:
        with closing(sqlite3.connect(path)) as connection:
            (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
            broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.Error as error:
        raise StateError(f"{source}: the database cannot be read: {error}") from error
    if verdict != "ok" or broken:
        raise StateError(f"{source}: the database is damaged: {verdict}")


@contextmanager
def _opened(source: Path) -> Iterator[tuple[Mapping[str, Any], _Open]]:
    """The manifest, and a way to read the entries it names."""
    try:
        if source.is_dir():
            manifest = json.loads((source / MANIFEST).read_bytes())
            yield manifest, lambda path: _file_in(source, path)
            return
        with tarfile.open(source, "r:gz") as tar:
            members = {member.name: member for member in tar.getmembers()}
            found = tar.extractfile(members[MANIFEST])
            manifest = json.loads(found.read()) if found else {}
            yield manifest, lambda path: tar.extractfile(members[path]) if path in members else None
    except (OSError, EOFError, tarfile.TarError, KeyError, ValueError, TypeError) as error:
        raise StateError(
            f"{source} is no backup: {error}", hints=["gitops state backup makes one"]
        ) from error


def _file_in(folder: Path, path: str) -> IO[bytes] | None:
    found = folder / path
    return found.open("rb") if found.is_file() and not found.is_symlink() else None


def discard(folder: Path) -> None:
    """Removes what was unpacked and is not wanted."""
    shutil.rmtree(folder, ignore_errors=True)
