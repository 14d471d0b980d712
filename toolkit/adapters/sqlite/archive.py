"""The RunArchive port over the state database: finished runs, their Workflows deleted or not."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from toolkit.adapters.sqlite.database import Database
from toolkit.workflow.ports import ArchivedRun, Origin

_SUCCEEDED = (
    "SELECT uid, namespace, json_extract(object, '$.metadata.labels') FROM runs"
    " WHERE cluster = ? AND finished_at IS NOT NULL AND object IS NOT NULL"
    " AND json_extract(row, '$.phase') = 'Succeeded' ORDER BY finished_at"
)
_ARCHIVED = (
    "SELECT uid, object, row, gone_at, size_bytes FROM runs"
    " WHERE cluster = ? AND finished_at IS NOT NULL AND object IS NOT NULL"
)


class SqliteArchive:
    """Over the tables that :class:`~toolkit.adapters.sqlite.runs.SqliteRuns` writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def archived(self, cluster: str) -> tuple[ArchivedRun, ...]:
        with self._database.read() as connection:
            found = connection.execute(
                f"{_ARCHIVED} ORDER BY json_extract(row, '$.started') DESC, uid", (cluster,)
            ).fetchall()
        return tuple(_archived(*entry) for entry in found)

    def find_archived(self, cluster: str, uid: str) -> ArchivedRun | None:
        with self._database.read() as connection:
            found = connection.execute(f"{_ARCHIVED} AND uid = ?", (cluster, uid)).fetchone()
            if found is None:
                return None
            nodes = connection.execute(
                "SELECT id, row FROM run_nodes WHERE run_uid = ?", (uid,)
            ).fetchall()
        return replace(_archived(*found), nodes=tuple((id, json.loads(row)) for id, row in nodes))

    def last_succeeded(self, cluster: str, labels: Collection[str]) -> Mapping[Origin, str]:
        with self._database.read() as connection:
            found = connection.execute(_SUCCEEDED, (cluster,)).fetchall()
        return {
            (namespace, label, has[label]): uid
            for uid, namespace, text in found
            for has in (json.loads(text or "{}"),)
            for label in labels
            if label in has
        }

    def phase_of(self, cluster: str, namespace: str, name: str) -> str:
        """The phase of the last run of that name, whether its Workflow is there or not; "" where
        there was none.
        """
        with self._database.read() as connection:
            found = connection.execute(
                "SELECT json_extract(row, '$.phase') FROM runs"
                " WHERE cluster = ? AND namespace = ? AND name = ?"
                " ORDER BY json_extract(row, '$.started') DESC LIMIT 1",
                (cluster, namespace, name),
            ).fetchone()
        return str(found[0]) if found else ""

    def remove_archived(self, cluster: str, uid: str) -> None:
        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "DELETE FROM runs WHERE cluster = ? AND uid = ? AND gone_at IS NOT NULL",
                (cluster, uid),
            )
            connection.execute(
                "UPDATE runs SET object = NULL WHERE cluster = ? AND uid = ?", (cluster, uid)
            )

        self._database.write(work)


def _archived(
    uid: str,
    workflow: str,
    row: str,
    gone_at: str | None,
    size_bytes: int,
) -> ArchivedRun:
    return ArchivedRun(
        uid=uid,
        workflow=json.loads(workflow),
        run=json.loads(row),
        gone_at=datetime.fromisoformat(gone_at) if gone_at else None,
        size_bytes=size_bytes,
    )
