"""The RunStore port over the state database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, TypeVar, cast

import orjson

from toolkit.adapters.sqlite.database import Database
from toolkit.resource.resource import Body
from toolkit.workflow.codec import command_from_row, command_to_row
from toolkit.workflow.locks.locks import LockRequest, lock_request_from_row, lock_request_to_row
from toolkit.workflow.ports import Change, StoredRun
from toolkit.workflow.run import AuditEvent, Run, Transition

_DELETE_UNKEPT = "DELETE FROM runs WHERE uid = ? AND (finished_at IS NULL OR object IS NULL)"
"""What is not in the archive goes with its Workflow."""
_SETTLE = (
    "UPDATE runs SET is_settled = 1, object = :object, size_bytes = length(row)"
    " + coalesce(length(:object), 0)"
    " + (SELECT coalesce(sum(length(run_nodes.row)), 0) FROM run_nodes WHERE run_uid = :uid)"
    " WHERE uid = :uid AND finished_at IS NOT NULL"
)
_END = (
    "UPDATE runs SET finished_at = ?, is_settled = 0"
    " WHERE uid = ? AND (finished_at IS NOT ? OR is_settled)"
)
"""Apart, because two indexes are written anew with it."""
_PUT_NODE = (
    "INSERT INTO run_nodes (run_uid, id, row) VALUES (?, ?, ?)"
    " ON CONFLICT (run_uid, id) DO UPDATE SET row = excluded.row"
)
_PUT_COMMAND = "INSERT OR IGNORE INTO run_commands (run_uid, id, row) VALUES (?, ?, ?)"
_PUT_AUDIT = (
    "INSERT INTO run_audit (run_uid, at, type, reason, message, node_id) VALUES (?, ?, ?, ?, ?, ?)"
)

T = TypeVar("T")


class SqliteRuns:
    """Rows of runs in the tables of :mod:`toolkit.adapters.sqlite.schema_runs`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def database(self) -> Database:
        return self._database

    def begin(self, cluster: str, transition: Transition, at: datetime) -> None:
        run = Run.start(transition)
        named = (run.uid, cluster, run.namespace, run.name, _dump(run.row))

        def work(connection: sqlite3.Connection) -> None:
            insert = "INSERT OR IGNORE INTO runs (uid, cluster, namespace, name, row)"
            if connection.execute(f"{insert} VALUES (?, ?, ?, ?, ?)", named).rowcount:
                _write(connection, run.uid, transition, at)

        self._write(work)

    def commit(self, *changes: Change) -> None:
        def work(connection: sqlite3.Connection) -> None:
            for change in changes:
                for command_id in change.answered:
                    connection.execute("DELETE FROM run_commands WHERE id = ?", (command_id,))
                _write(connection, change.uid, change.transition, change.at)

        self._write(work)

    def find(self, uid: str) -> StoredRun | None:
        with self._database.read() as connection:
            found = connection.execute(
                "SELECT uid, cluster, row FROM runs WHERE uid = ?", (uid,)
            ).fetchone()
            return None if found is None else _stored(connection, *found)

    def unsettled(self, cluster: str) -> tuple[StoredRun, ...]:
        with self._database.read() as connection:
            found = connection.execute(
                "SELECT uid, cluster, row FROM runs"
                " WHERE cluster = ? AND is_settled = 0 ORDER BY uid",
                (cluster,),
            ).fetchall()
            return tuple(_stored(connection, *run) for run in found)

    def settle(self, uid: str, workflow: Body | None = None) -> None:
        kept = None if workflow is None else _dump(workflow)

        def work(connection: sqlite3.Connection) -> None:
            if connection.execute(_SETTLE, {"uid": uid, "object": kept}).rowcount:
                connection.execute("DELETE FROM run_commands WHERE run_uid = ?", (uid,))

        self._write(work)

    def retire(self, uid: str, at: datetime) -> None:
        def work(connection: sqlite3.Connection) -> None:
            connection.execute(_DELETE_UNKEPT, (uid,))
            connection.execute(
                "UPDATE runs SET gone_at = coalesce(gone_at, ?) WHERE uid = ?",
                (at.isoformat(), uid),
            )

        self._write(work)

    def adopt(self, uid: str, new_uid: str) -> bool:
        return self._write(lambda connection: _adopt(connection, uid, new_uid))

    def uids(self, cluster: str) -> frozenset[str]:
        with self._database.read() as connection:
            found = connection.execute(
                "SELECT uid FROM runs WHERE cluster = ? AND gone_at IS NULL", (cluster,)
            )
            return frozenset(uid for (uid,) in found)

    def outstanding(self) -> frozenset[str]:
        with self._database.read() as connection:
            return frozenset(key for (key,) in connection.execute("SELECT id FROM run_commands"))

    def lock_requests(self) -> tuple[tuple[str, LockRequest], ...]:
        with self._database.read() as connection:
            found = connection.execute(
                "SELECT cluster, run_locks.row FROM run_locks JOIN runs ON uid = run_uid"
                " ORDER BY number"
            ).fetchall()
        return tuple((cluster, lock_request_from_row(json.loads(row))) for cluster, row in found)

    def audit(self, uid: str) -> tuple[tuple[datetime, AuditEvent], ...]:
        with self._database.read() as connection:
            found = connection.execute(
                "SELECT at, type, reason, message, node_id FROM run_audit"
                " WHERE run_uid = ? ORDER BY number",
                (uid,),
            ).fetchall()
        return tuple((datetime.fromisoformat(at), _audit_event(*event)) for at, *event in found)

    def remove(self, uid: str) -> None:
        self._write(lambda connection: connection.execute("DELETE FROM runs WHERE uid = ?", (uid,)))

    def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Nobody watches these rows: what people see of them is in the objects."""
        return self._database.write(work, is_quiet=True)


def _write(connection: sqlite3.Connection, uid: str, transition: Transition, at: datetime) -> None:
    """A transition's rows. A run that was removed meanwhile violates the foreign key."""
    if transition.run is not None:
        finished_at = at.isoformat() if Run(transition.run).is_finished else None
        connection.execute("UPDATE runs SET row = ? WHERE uid = ?", (_dump(transition.run), uid))
        connection.execute(_END, (finished_at, uid, finished_at))
    for node_id in transition.removed:
        connection.execute("DELETE FROM run_nodes WHERE run_uid = ? AND id = ?", (uid, node_id))
    for node_id, row in transition.nodes:
        connection.execute(_PUT_NODE, (uid, node_id, _dump(row)))
    for command in transition.commands:
        connection.execute(_PUT_COMMAND, (uid, command.id, _dump(command_to_row(command))))
    _write_lock_requests(connection, uid, transition)
    for event in transition.audit:
        told = (event.type, event.reason, event.message, event.node_id)
        connection.execute(_PUT_AUDIT, (uid, at.isoformat(), *told))


def _adopt(connection: sqlite3.Connection, uid: str, new_uid: str) -> bool:
    """Rows of nodes and audit point to their run: the new one is made before they move."""
    copied = connection.execute(
        "INSERT OR IGNORE INTO runs (uid, cluster, namespace, name, finished_at, is_settled, row)"
        " SELECT :new, cluster, namespace, name, finished_at, 0, json_set(row, '$.uid', :new)"
        " FROM runs WHERE uid = :old AND gone_at IS NOT NULL",
        {"old": uid, "new": new_uid},
    )
    if not copied.rowcount:
        return False
    for table in ("run_nodes", "run_audit"):
        connection.execute(
            f"UPDATE {table} SET run_uid = ? WHERE run_uid = ?",  # noqa: S608 - one of two names
            (new_uid, uid),
        )
    connection.execute("DELETE FROM runs WHERE uid = ?", (uid,))
    return True


def _write_lock_requests(connection: sqlite3.Connection, uid: str, transition: Transition) -> None:
    if not transition.lock_requests:
        return
    connection.executemany(
        "DELETE FROM run_locks WHERE run_uid = ? AND node_id = ?",
        [(uid, node_id) for node_id, _ in transition.lock_requests],
    )
    connection.executemany(
        "INSERT INTO run_locks (run_uid, node_id, row) VALUES (?, ?, ?)",
        [
            (uid, node_id, _dump(lock_request_to_row(request)))
            for node_id, request in transition.lock_requests
            if request is not None
        ],
    )


def _stored(connection: sqlite3.Connection, uid: str, cluster: str, row: str) -> StoredRun:
    nodes = connection.execute("SELECT id, row FROM run_nodes WHERE run_uid = ?", (uid,))
    commands = connection.execute(
        "SELECT row FROM run_commands WHERE run_uid = ? ORDER BY number", (uid,)
    )
    return StoredRun(
        uid=uid,
        cluster=cluster,
        run=json.loads(row),
        nodes=tuple((node_id, json.loads(node)) for node_id, node in nodes),
        commands=tuple(command_from_row(json.loads(command)) for (command,) in commands),
    )


def _audit_event(type: str, reason: str, message: str, node_id: str) -> AuditEvent:
    return AuditEvent(cast("Literal['Normal', 'Warning']", type), reason, message, node_id)


def _dump(row: Any) -> str:
    try:
        return orjson.dumps(row).decode()
    except orjson.JSONEncodeError:  # a number beyond 64 bits, say
        return json.dumps(row, separators=(",", ":"), ensure_ascii=False)
