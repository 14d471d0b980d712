"""A backup of the state folder: one consistent database, and the files that it refers to.

The database is copied first, as it is at one moment; what rows refer to is written before the rows
are, so that everything the copy names is there when the files are copied after it. A backup is a
folder, or a gzipped tar file; ``manifest.json`` stands last and names every entry with its size and
SHA-256, so that half a backup is none.

Steps that had begun are in it as *interrupted*: where the backup is restored nobody knows what
became of them, and a step starts at most once. Their retryStrategy decides.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import sqlite3
import tarfile
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Protocol

import toolkit
from toolkit.adapters.process.claims import claims
from toolkit.errors import RefusedError, StateError

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "state.db"
STEPS = "steps"
KEPT = ("calls", "deploy.git", "logs", "artifacts", "volumes", "captured.jsonl", "audit.log")
"""What is copied beside the database, in this order: a repository's refs before its objects."""
_TAR_ENDINGS = (".tar.gz", ".tgz")
_CHUNK = 1 << 20
_SINCE_1970 = 0.0


@dataclass(frozen=True, slots=True)
class Entry:
    """``kind``: file, folder or link (``target``)."""

    path: str
    kind: str = "file"
    size: int = 0
    sha256: str = ""
    mode: int = 0o600
    mtime: float = _SINCE_1970
    target: str = ""


class Sink(Protocol):
    """Where entries go."""

    def put(self, entry: Entry, content: IO[bytes]) -> str:
        """Writes the first ``entry.size`` bytes; returns their SHA-256."""
        ...


def back_up(state: Path, target: Path, now: datetime) -> tuple[Entry, ...]:
    """Writes a backup of ``state`` to ``target``, while an owner may be at work; returns what is in
    it. Raises RefusedError where something is there already, StateError where there is no state.
    """
    if not (state / DATABASE).exists():
        raise StateError(f"there is no state to back up in {state}")
    if target.exists() and (target.is_file() or any(target.iterdir())):
        raise RefusedError(f"{target} is there already", hints=["give it another name"])
    begun = {claim.command_id for claim in claims(state / STEPS)}
    copy = state / f".backup-{os.getpid()}.db"
    try:
        schema = _copy_database(state / DATABASE, copy)
        begun |= {claim.command_id for claim in claims(state / STEPS)}
        begun |= _running(copy)
        with _sink(target) as sink:
            entries = [*_put_all(sink, state, copy, begun)]
            document = json.dumps(_manifest(entries, schema, now), indent=1).encode()
            manifest = Entry(MANIFEST, size=len(document), mtime=now.timestamp())
            sink.put(manifest, io.BytesIO(document))
    finally:
        copy.unlink(missing_ok=True)
    return tuple(entries)


def _manifest(entries: list[Entry], schema: int, now: datetime) -> dict[str, object]:
    return {
        "format": FORMAT,
        "made": now.isoformat(),
        "gitops": toolkit.__version__,
        "schema": schema,
        "entries": [asdict(entry) for entry in entries],
    }


def _copy_database(source: Path, target: Path) -> int:
    """A consistent copy, private before its first byte; returns its schema's version."""
    target.touch(mode=0o600)
    uri = f"{source.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        (version,) = copy.execute("PRAGMA user_version").fetchone()
    return int(version)


def _running(copy: Path) -> set[str]:
    """The starts that the rows say have begun and have not ended."""
    query = (
        "SELECT c.id FROM run_commands c JOIN run_nodes n"
        " ON n.run_uid = c.run_uid AND n.id = json_extract(c.row, '$.node_id')"
        " WHERE json_extract(n.row, '$.status.phase') = 'Running'"
        " AND json_extract(c.row, '$.type') = 'StartContainer'"
    )
    with closing(sqlite3.connect(copy)) as connection:
        return {str(id) for (id,) in connection.execute(query)}


def _put_all(sink: Sink, state: Path, copy: Path, begun: Collection[str]) -> Iterator[Entry]:
    with copy.open("rb") as content:
        yield _put_file(sink, DATABASE, content)
    for command_id in sorted(begun):
        path = f"{STEPS}/{command_id}/interrupted"
        yield _put(sink, Entry(path), io.BytesIO())
    for name in KEPT:
        for kept in _below(state / name):
            found = _put_path(sink, kept, kept.relative_to(state).as_posix())
            if found is not None:
                yield found


def _below(root: Path) -> Iterator[Path]:
    """``root`` and all below it; in a git repository, what points before what is pointed at."""
    if not root.exists():
        return
    yield root
    if root.is_dir() and not root.is_symlink():
        for path in sorted(root.iterdir(), key=lambda each: (each.name == "objects", each.name)):
            yield from _below(path)


def _put_path(sink: Sink, path: Path, name: str) -> Entry | None:
    """None for what went meanwhile, and for what is no file (a socket in a volume)."""
    try:
        found = path.lstat()
        if path.is_symlink():
            target = str(path.readlink())
            return _put(
                sink, Entry(name, "link", target=target, mtime=found.st_mtime), io.BytesIO()
            )
        if path.is_dir():
            entry = Entry(name, "folder", mode=found.st_mode & 0o777, mtime=found.st_mtime)
            return _put(sink, entry, io.BytesIO())
        if not path.is_file():
            return None
        with path.open("rb") as content:
            return _put_file(sink, name, content)
    except FileNotFoundError:
        return None


def _put_file(sink: Sink, name: str, content: IO[bytes]) -> Entry:
    """As much as there is when it is opened: a log goes on growing."""
    found = os.fstat(content.fileno())
    mode = found.st_mode & 0o777
    return _put(sink, Entry(name, "file", found.st_size, "", mode, found.st_mtime), content)


def _put(sink: Sink, entry: Entry, content: IO[bytes]) -> Entry:
    digest = sink.put(entry, content)
    return Entry(**{**asdict(entry), "sha256": digest if entry.kind == "file" else ""})


@contextmanager
def _sink(target: Path) -> Iterator[Sink]:
    """Whole or not at all: a file appears when it is complete, a folder's manifest comes last."""
    if not target.name.endswith(_TAR_ENDINGS):
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield _Folder(target)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    made = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with (
            os.fdopen(os.open(made, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as raw,
            gzip.GzipFile(fileobj=raw, mode="wb", filename="", compresslevel=6) as packed,
            tarfile.open(fileobj=packed, mode="w") as tar,
        ):
            yield _Tar(tar)
        made.replace(target)
    finally:
        made.unlink(missing_ok=True)


class _Hashing(io.RawIOBase):
    """Reads at most so many bytes, and hashes them."""

    def __init__(self, content: IO[bytes], size: int) -> None:
        self._content = content
        self._left = size
        self.digest = sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        found = self._content.read(wanted)
        self._left -= len(found)
        self.digest.update(found)
        return found


class _Tar:
    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar

    def put(self, entry: Entry, content: IO[bytes]) -> str:
        info = tarfile.TarInfo(entry.path)
        info.size, info.mode, info.mtime = entry.size, entry.mode, int(entry.mtime)
        if entry.kind != "file":
            info.type = tarfile.DIRTYPE if entry.kind == "folder" else tarfile.SYMTYPE
            info.linkname = entry.target
        hashing = _Hashing(content, entry.size)
        self._tar.addfile(info, hashing)
        return hashing.digest.hexdigest()


class _Folder:
    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, entry: Entry, content: IO[bytes]) -> str:
        path = self._root / entry.path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if entry.kind == "folder":
            path.mkdir(mode=0o700, exist_ok=True)
            return ""
        if entry.kind == "link":
            path.symlink_to(entry.target)
            return ""
        hashing = _Hashing(content, entry.size)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "wb") as file:
            while chunk := hashing.read(_CHUNK):
                file.write(chunk)
        return hashing.digest.hexdigest()
