"""SyncStore in the state database."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from toolkit.adapters.sqlite.database import Database
from toolkit.resource.identity import ResourceId
from toolkit.sync.state import (
    EnvironmentState,
    InventoryRow,
    Outcome,
    PlannedTask,
    Stage,
    SyncEnd,
    SyncRecord,
)

_RECORD = (
    "SELECT id, environment, commit_sha, initiator, stage, outcome, started_at, ended_at,"
    " plan_hash, message, counts, health FROM syncs"
)
_NOT_YET = "new"
"""The id shown by a reader of a database that never synced: the first sync makes the real one."""


class SqliteSyncs:
    """Syncs and inventories of all environments in one database, which may be read-only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def installation(self) -> str:
        with self._database.read() as connection:
            row = connection.execute("SELECT id FROM sync_installation").fetchone()
        if row:
            return str(row[0])
        if self._database.is_read_only:
            return _NOT_YET
        return self._database.write(_make_installation)

    def begin(self, environment: str, commit: str, initiator: str, at: datetime) -> int:
        def insert(connection: sqlite3.Connection) -> int:
            cursor = connection.execute(
                "INSERT INTO syncs (environment, commit_sha, initiator, stage, outcome, started_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    environment,
                    commit,
                    initiator,
                    Stage.RESOLVE.value,
                    Outcome.RUNNING.value,
                    at.isoformat(),
                ),
            )
            return int(cursor.lastrowid or 0)

        return self._database.write(insert)

    def advance(self, sync_id: int, stage: Stage) -> None:
        self._database.write(lambda connection: _set_stage(connection, sync_id, stage))

    def planned(
        self,
        sync_id: int,
        plan_hash: str,
        tasks: Sequence[PlannedTask],
        inventory: Sequence[InventoryRow],
    ) -> None:
        def keep(connection: sqlite3.Connection) -> None:
            environment = _environment_of(connection, sync_id)
            connection.execute("UPDATE syncs SET plan_hash = ? WHERE id = ?", (plan_hash, sync_id))
            connection.execute("DELETE FROM sync_tasks WHERE sync_id = ?", (sync_id,))
            connection.executemany(
                "INSERT INTO sync_tasks (sync_id, position, resource_id, action)"
                " VALUES (?, ?, ?, ?)",
                [
                    (sync_id, position, str(task.resource), task.action)
                    for position, task in enumerate(tasks)
                ],
            )
            _insert_inventory(connection, environment, inventory, otherwise="IGNORE")
            _set_stage(connection, sync_id, Stage.APPLY)

        self._database.write(keep)

    def tasks(self, sync_id: int) -> tuple[PlannedTask, ...]:
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT resource_id, action FROM sync_tasks WHERE sync_id = ? ORDER BY position",
                (sync_id,),
            ).fetchall()
        return tuple(PlannedTask(ResourceId.parse(resource), action) for resource, action in rows)

    def finish(self, sync_id: int, end: SyncEnd) -> None:
        def close(connection: sqlite3.Connection) -> None:
            environment = _environment_of(connection, sync_id)
            stage = Stage.DONE.value if end.outcome is Outcome.SYNCED else None
            connection.execute(
                "UPDATE syncs SET outcome = ?, ended_at = ?, message = ?, counts = ?, health = ?,"
                " stage = coalesce(?, stage) WHERE id = ?",
                (
                    end.outcome.value,
                    end.at.isoformat(),
                    end.message,
                    json.dumps(dict(end.counts)),
                    end.health,
                    stage,
                    sync_id,
                ),
            )
            connection.execute("DELETE FROM sync_tasks WHERE sync_id = ?", (sync_id,))
            if end.inventory is not None:
                _replace_inventory(connection, environment, end.inventory)
            if end.state is not None:
                _set_state(connection, end.state)

        self._database.write(close)

    def unfinished(self, environment: str) -> SyncRecord | None:
        found = self._records("WHERE environment = ? AND ended_at IS NULL", (environment,), 1)
        return found[0] if found else None

    def inventory(self, environment: str) -> tuple[InventoryRow, ...]:
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT resource_id, api_version, commit_sha, target_sha256, live_sha256"
                " FROM sync_inventory WHERE environment = ?",
                (environment,),
            ).fetchall()
        found = [InventoryRow(ResourceId.parse(row[0]), *row[1:]) for row in rows]
        return tuple(sorted(found, key=lambda row: row.resource))

    def state(self, environment: str) -> EnvironmentState | None:
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT environment, cluster_uid, synced_commit, synced_at, health"
                " FROM sync_environments WHERE environment = ?",
                (environment,),
            ).fetchone()
        if row is None:
            return None
        return EnvironmentState(row[0], row[1], row[2], datetime.fromisoformat(row[3]), row[4])

    def history(self, environment: str, *, limit: int) -> tuple[SyncRecord, ...]:
        return self._records("WHERE environment = ?", (environment,), limit)

    def _records(
        self, where: str, parameters: tuple[Any, ...], limit: int
    ) -> tuple[SyncRecord, ...]:
        with self._database.read() as connection:
            rows = connection.execute(
                f"{_RECORD} {where} ORDER BY id DESC LIMIT ?", (*parameters, limit)
            ).fetchall()
        return tuple(_record(row) for row in rows)


def _make_installation(connection: sqlite3.Connection) -> str:
    connection.execute(
        "INSERT OR IGNORE INTO sync_installation (only, id) VALUES (1, ?)", (uuid.uuid4().hex[:16],)
    )
    return str(connection.execute("SELECT id FROM sync_installation").fetchone()[0])


def _environment_of(connection: sqlite3.Connection, sync_id: int) -> str:
    row = connection.execute("SELECT environment FROM syncs WHERE id = ?", (sync_id,)).fetchone()
    return str(row[0])


def _set_stage(connection: sqlite3.Connection, sync_id: int, stage: Stage) -> None:
    connection.execute("UPDATE syncs SET stage = ? WHERE id = ?", (stage.value, sync_id))


def _replace_inventory(
    connection: sqlite3.Connection, environment: str, rows: Sequence[InventoryRow]
) -> None:
    connection.execute("DELETE FROM sync_inventory WHERE environment = ?", (environment,))
    _insert_inventory(connection, environment, rows, otherwise="ABORT")


def _insert_inventory(
    connection: sqlite3.Connection,
    environment: str,
    rows: Sequence[InventoryRow],
    *,
    otherwise: str,
) -> None:
    connection.executemany(
        f"INSERT OR {otherwise} INTO sync_inventory (environment, resource_id, api_version,"  # noqa: S608 - one of two literals
        " commit_sha, target_sha256, live_sha256) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                environment,
                str(row.resource),
                row.api_version,
                row.commit,
                row.target_sha256,
                row.live_sha256,
            )
            for row in rows
        ],
    )


def _set_state(connection: sqlite3.Connection, state: EnvironmentState) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO sync_environments"
        " (environment, cluster_uid, synced_commit, synced_at, health) VALUES (?, ?, ?, ?, ?)",
        (
            state.environment,
            state.cluster_uid,
            state.commit,
            state.synced_at.isoformat(),
            state.health,
        ),
    )


def _record(row: tuple[Any, ...]) -> SyncRecord:
    return SyncRecord(
        id=row[0],
        environment=row[1],
        commit=row[2],
        initiator=row[3],
        stage=Stage(row[4]),
        outcome=Outcome(row[5]),
        started_at=datetime.fromisoformat(row[6]),
        ended_at=datetime.fromisoformat(row[7]) if row[7] else None,
        plan_hash=row[8],
        message=row[9],
        counts=json.loads(row[10]),
        health=row[11],
    )
