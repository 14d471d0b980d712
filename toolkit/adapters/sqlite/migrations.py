"""The database lives longer than a release: forward migrations, in one transaction, after a backup.

``PRAGMA user_version`` is the number of migrations applied. A newer number is refused.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from toolkit.adapters.sqlite.schema_objects import OBJECTS
from toolkit.adapters.sqlite.schema_runs import ARCHIVE, RUN_LOCKS, RUNS
from toolkit.adapters.sqlite.schema_syncs import SYNCS
from toolkit.errors import StateError

MIGRATIONS: tuple[str, ...] = (OBJECTS + RUNS + SYNCS, ARCHIVE, RUN_LOCKS)
"""One script a version, oldest first; never edited once released."""


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Brings the database to this program's version. Raises StateError for a newer one."""
    version = _version_of(connection)
    _refuse_newer(version, path)
    if version == len(MIGRATIONS):
        return
    if version:
        _back_up(connection, path.with_name(f"{path.name}.v{version}.bak"))
    script = "\n".join(MIGRATIONS[version:])
    try:
        connection.executescript(
            f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version={len(MIGRATIONS)};\nCOMMIT;"
        )
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise StateError(f"cannot bring {path} to this version: {error}") from error


def refuse_other_schema(connection: sqlite3.Connection, path: Path) -> None:
    """For readers, which cannot migrate. Raises StateError for an older schema and a newer one."""
    version = _version_of(connection)
    _refuse_newer(version, path)
    if version < len(MIGRATIONS):
        raise StateError(
            f"{path} was written by an older gitops (schema {version} of {len(MIGRATIONS)})",
            hints=["any verb that writes brings it up to date"],
        )


def _version_of(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _refuse_newer(version: int, path: Path) -> None:
    if version > len(MIGRATIONS):
        raise StateError(
            f"{path} was written by a newer gitops (schema {version}, this one knows "
            f"{len(MIGRATIONS)})",
            hints=["install the newer version, or restore the backup beside it"],
        )


def _back_up(connection: sqlite3.Connection, target: Path) -> None:
    """The backup holds what the database holds, Secrets included: private before the first byte."""
    target.touch(mode=0o600)
    target.chmod(0o600)
    with closing(sqlite3.connect(target)) as copy:
        connection.backup(copy)
