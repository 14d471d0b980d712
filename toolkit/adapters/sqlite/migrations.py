"""The database lives longer than a release: forward migrations, in one transaction, after a backup.

``PRAGMA user_version`` is the number of migrations applied. A newer number is refused.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from toolkit.adapters.sqlite.schema_objects import OBJECTS
from toolkit.adapters.sqlite.schema_runs import RUNS
from toolkit.adapters.sqlite.schema_syncs import SYNCS
from toolkit.errors import StateError

MIGRATIONS: tuple[str, ...] = (OBJECTS + RUNS + SYNCS,)
"""One script a version, oldest first; never edited once released."""


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Brings the database to this program's version. Raises StateError for a newer one."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise StateError(
            f"{path} was written by a newer gitops (schema {version}, this one knows "
            f"{len(MIGRATIONS)})",
            hints=["install the newer version, or restore the backup beside it"],
        )
    if version == len(MIGRATIONS):
        return
    if version:
        _back_up(connection, path.with_name(f"{path.name}.v{version}.bak"))
    script = "\n".join(MIGRATIONS[version:])
    connection.executescript(
        f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version={len(MIGRATIONS)};\nCOMMIT;"
    )


def _back_up(connection: sqlite3.Connection, target: Path) -> None:
    with sqlite3.connect(target) as copy:
        connection.backup(copy)
    copy.close()
    target.chmod(0o600)
