"""The ObjectStore on SQLite."""

# ruff: noqa: S608  # the pieces of SQL put together here are this module's own constants
from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from toolkit.adapters.sqlite.database import Database
from toolkit.apiserver.sensitive import SENSITIVE_KINDS, without_values
from toolkit.apiserver.store import ObjectKey, Snapshot, StoredEvent, StoredObject, Transaction
from toolkit.apiserver.text import from_text, labels_of, owners_of, to_text, with_version
from toolkit.resource.resource import Body

T = TypeVar("T")
_Indexed = tuple[dict[str, str], tuple[str, ...]]

_KEY = "cluster = ? AND kind = ? AND namespace = ? AND name = ?"
_EVENTS_KEPT = 20_000
_CHARACTERS_KEPT = 64 << 20
_WRITES_BETWEEN_COMPACTIONS = 2_000


class SqliteObjects:
    """The store in ``database``; several may share one. Old history is forgotten by itself."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def read(self) -> Iterator[Snapshot]:
        with self._database.read() as connection:
            yield SqliteSnapshot(connection)

    def write(self, work: Callable[[Transaction], T]) -> T:
        """What replaces or removes a Secret leaves no copy of it in the write-ahead log."""
        touched: set[tuple[str, str]] = set()

        def within(connection: sqlite3.Connection) -> T:
            transaction = SqliteTransaction(connection, touched)
            result = work(transaction)
            if transaction.is_history_long:
                self._database.write_later(_forget_history)
            return result

        result = self._database.write(within, touched=touched)
        if any(kind in SENSITIVE_KINDS for _, kind in touched):
            self._database.checkpoint()
        return result

    def subscribe(
        self, wake: Callable[[], None], of: tuple[str, str] | None = None
    ) -> Callable[[], None]:
        return self._database.subscribe(wake, of)


class SqliteSnapshot:
    """A view through a connection that is inside a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def version(self) -> int:
        row = self._one("SELECT seq FROM sqlite_sequence WHERE name = 'object_events'")
        return int(row[0]) if row else 0

    def compacted(self) -> int:
        return int(self._one("SELECT version FROM object_compaction")[0])

    def get(self, key: ObjectKey) -> Body | None:
        found = self.stored(key)
        return from_text(found.text) if found else None

    def stored(self, key: ObjectKey) -> StoredObject | None:
        row = self._one(f"SELECT version, body FROM objects WHERE {_KEY}", *key)
        return StoredObject(key, *row) if row else None

    def objects(
        self,
        cluster: str,
        kind: str,
        namespace: str = "",
        *,
        after: tuple[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        limit: int | None = None,
    ) -> Sequence[StoredObject]:
        where, values = _scope(cluster, kind, namespace, after)
        for label, value in (labels or {}).items():
            where += " AND id IN (SELECT object FROM object_labels WHERE label = ? AND value = ?)"
            values += (label, value)
        return self._objects(
            f"SELECT cluster, kind, namespace, name, version, body FROM objects WHERE {where} "
            "ORDER BY namespace, name LIMIT ?",
            (*values, _ALL if limit is None else limit),
        )

    def objects_at(
        self,
        cluster: str,
        kind: str,
        namespace: str,
        *,
        version: int,
        after: tuple[str, str] | None = None,
        limit: int | None = None,
    ) -> Sequence[StoredObject]:
        where, values = _scope(cluster, kind, namespace, after, table="e.")
        return self._objects(
            "SELECT e.cluster, e.kind, e.namespace, e.name, e.version, "
            f"{_TEXT_OF_EVENT} FROM object_events e {_WITH_PRESENT} WHERE {where} "
            "AND e.type <> 'DELETED' AND e.version = (SELECT max(x.version) FROM object_events x "
            "WHERE x.cluster = e.cluster AND x.kind = e.kind AND x.namespace = e.namespace "
            "AND x.name = e.name AND x.version <= ?) ORDER BY e.namespace, e.name LIMIT ?",
            (*values, version, _ALL if limit is None else limit),
        )

    def count(
        self, cluster: str, kind: str, namespace: str = "", *, after: tuple[str, str] | None = None
    ) -> int:
        where, values = _scope(cluster, kind, namespace, after)
        return int(self._one(f"SELECT count(*) FROM objects WHERE {where}", *values)[0])

    def last_change(self, cluster: str, kind: str) -> int:
        where, values = _scope(cluster, kind, "")
        return int(
            self._one(f"SELECT max(version) FROM object_events WHERE {where}", *values)[0] or 0
        )

    def stamp(self, cluster: str, kind: str) -> tuple[int, int]:
        count, newest = self._one(
            "SELECT count(*), max(version) FROM objects WHERE cluster = ? AND kind = ?",
            cluster,
            kind,
        )
        return int(count), int(newest or 0)

    def events(
        self, cluster: str, kind: str, namespace: str = "", *, since: int, with_previous: bool
    ) -> Sequence[StoredEvent]:
        where, values = _scope(cluster, kind, namespace, table="e.")
        rows = self._connection.execute(
            "SELECT e.cluster, e.kind, e.namespace, e.name, e.version, e.type, "
            f"{_TEXT_OF_EVENT}, o.version IS e.version FROM object_events e {_WITH_PRESENT} "
            f"WHERE {where} AND e.version > ? ORDER BY e.version",
            (*values, since),
        )
        return [
            StoredEvent(
                version=row[4],
                type=row[5],
                key=(key := ObjectKey(*row[:4])),
                text=row[6],
                is_current=bool(row[7]),
                previous=self._previous(key, row[4]) if with_previous else None,
            )
            for row in rows
        ]

    def dependents(self, cluster: str, owner_uid: str) -> Sequence[ObjectKey]:
        return self._keys(
            "SELECT cluster, kind, namespace, name FROM objects WHERE cluster = ? AND id IN "
            "(SELECT object FROM object_owners WHERE owner = ?) ORDER BY kind, namespace, name",
            (cluster, owner_uid),
        )

    def in_namespace(self, cluster: str, namespace: str) -> Sequence[ObjectKey]:
        return self._keys(
            "SELECT cluster, kind, namespace, name FROM objects WHERE cluster = ? "
            "AND namespace = ? ORDER BY kind, name",
            (cluster, namespace),
        )

    def _previous(self, key: ObjectKey, version: int) -> str | None:
        row = self._one(
            f"SELECT type, body FROM object_events WHERE {_KEY} AND version < ? "
            "ORDER BY version DESC LIMIT 1",
            *key,
            version,
        )
        return row[1] if row and row[0] != "DELETED" else None

    def _objects(self, query: str, values: Sequence[Any]) -> list[StoredObject]:
        rows = self._connection.execute(query, values)
        return [StoredObject(ObjectKey._make(row[:4]), row[4], row[5]) for row in rows]

    def _keys(self, query: str, values: Sequence[Any]) -> list[ObjectKey]:
        return [ObjectKey(*row) for row in self._connection.execute(query, values)]

    def _one(self, query: str, *values: Any) -> Any:
        return self._connection.execute(query, values).fetchone()


class SqliteTransaction(SqliteSnapshot):
    """Writes through the writer's connection, so that other rows can change with the objects.
    ``touched`` gets the cluster and kind of each object written.
    """

    def __init__(self, connection: sqlite3.Connection, touched: set[tuple[str, str]]) -> None:
        super().__init__(connection)
        self._touched = touched
        self._known: dict[ObjectKey, _Present | None] = {}
        self.is_history_long = False  # enough was written to forget some of it

    def get(self, key: ObjectKey) -> Body | None:
        """What is read is mostly written next: the row is kept until then."""
        self._known[key] = present = self._fetched(key)
        return present.parsed() if present else None

    def stored(self, key: ObjectKey) -> StoredObject | None:
        self._known[key] = present = self._fetched(key)
        return StoredObject(key, present.version, present.text) if present else None

    def put(self, key: ObjectKey, body: Body) -> Body:
        present = self._present(key)
        version = self._record(key, "MODIFIED" if present else "ADDED", None)
        stored = with_version(body, version)
        if present:
            self._retire(present)
            self._replace(present, stored, version)
        else:
            self._insert(key, stored, version)
        self.is_history_long |= version % _WRITES_BETWEEN_COMPACTIONS == 0
        return stored

    def remove(self, key: ObjectKey) -> Body:
        present = self._present(key)
        if present is None:
            raise KeyError(key)
        self._retire(present)
        self._connection.execute("DELETE FROM objects WHERE id = ?", (present.id,))
        last = without_values(present.body) if key.kind in SENSITIVE_KINDS else present.body
        version = self._record(key, "DELETED", None)
        self._set_text(version, to_text(with_version(last, version)))
        return with_version(present.body, version)

    def compact(self, version: int) -> None:
        if version <= self.compacted():
            return
        self._connection.execute(
            "DELETE FROM object_events AS e WHERE version <= ? AND (type = 'DELETED' OR EXISTS "
            "(SELECT 1 FROM object_events x WHERE x.cluster = e.cluster AND x.kind = e.kind "
            "AND x.namespace = e.namespace AND x.name = e.name "
            "AND x.version > e.version AND x.version <= ?))",
            (version, version),
        )
        self._connection.execute("UPDATE object_compaction SET version = ?", (version,))

    def _present(self, key: ObjectKey) -> _Present | None:
        """About to be replaced: no longer known."""
        return self._known.pop(key) if key in self._known else self._fetched(key)

    def _fetched(self, key: ObjectKey) -> _Present | None:
        row = self._one(f"SELECT id, version, body FROM objects WHERE {_KEY}", *key)
        return _Present(key, *row) if row else None

    def _record(self, key: ObjectKey, type: str, text: str | None) -> int:
        self._touched.add((key.cluster, key.kind))
        cursor = self._connection.execute(
            "INSERT INTO object_events (cluster, kind, namespace, name, type, body) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (*key, type, text),
        )
        assert cursor.lastrowid is not None  # noqa: S101  # an INSERT always has one
        return cursor.lastrowid

    def _retire(self, present: _Present) -> None:
        """The text about to be replaced becomes its event's."""
        text = present.text
        if present.key.kind in SENSITIVE_KINDS:
            text = to_text(without_values(present.body))
        self._set_text(present.version, text)

    def _set_text(self, version: int, text: str) -> None:
        self._connection.execute(
            "UPDATE object_events SET body = ? WHERE version = ?", (text, version)
        )

    def _insert(self, key: ObjectKey, body: Body, version: int) -> None:
        cursor = self._connection.execute(
            "INSERT INTO objects (cluster, kind, namespace, name, version, body) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (*key, version, to_text(body)),
        )
        assert cursor.lastrowid is not None  # noqa: S101  # an INSERT always has one
        self._index_labels(cursor.lastrowid, labels_of(body))
        self._index_owners(cursor.lastrowid, owners_of(body))

    def _replace(self, present: _Present, body: Body, version: int) -> None:
        self._connection.execute(
            "UPDATE objects SET version = ?, body = ? WHERE id = ?",
            (version, to_text(body), present.id),
        )
        old_labels, old_owners = present.indexed or self._indexed(present.id)
        if labels_of(body) != old_labels:
            self._connection.execute("DELETE FROM object_labels WHERE object = ?", (present.id,))
            self._index_labels(present.id, labels_of(body))
        if owners_of(body) != old_owners:
            self._connection.execute("DELETE FROM object_owners WHERE object = ?", (present.id,))
            self._index_owners(present.id, owners_of(body))

    def _indexed(self, id: int) -> _Indexed:
        """The labels and owners of an object as they stand in the indexes."""
        labels = self._connection.execute(
            "SELECT label, value FROM object_labels WHERE object = ?", (id,)
        )
        owners = self._connection.execute("SELECT owner FROM object_owners WHERE object = ?", (id,))
        return dict(labels.fetchall()), tuple(owner for (owner,) in owners)

    def _index_labels(self, id: int, labels: Mapping[str, str]) -> None:
        if not labels:
            return
        self._connection.executemany(
            "INSERT INTO object_labels (object, label, value) VALUES (?, ?, ?)",
            [(id, label, value) for label, value in labels.items()],
        )

    def _index_owners(self, id: int, owners: Iterable[str]) -> None:
        if not owners:
            return
        self._connection.executemany(
            "INSERT INTO object_owners (object, owner) VALUES (?, ?)",
            [(id, owner) for owner in owners],
        )


class _Present:
    """A row of ``objects``, parsed when needed. ``indexed``: its labels and owners, once parsed."""

    __slots__ = ("_body", "id", "indexed", "key", "text", "version")

    def __init__(self, key: ObjectKey, id: int, version: int, text: str) -> None:
        self.key = key
        self.id = id
        self.version = version
        self.text = text
        self._body: Body | None = None
        self.indexed: _Indexed | None = None

    def parsed(self) -> Body:
        """The object, the caller's own. It may be large: what is indexed of it is remembered."""
        body: Body = from_text(self.text)
        self.indexed = dict(labels_of(body)), owners_of(body)
        return body

    @property
    def body(self) -> Body:
        if self._body is None:
            self._body = from_text(self.text)
        return self._body


def _forget_history(connection: sqlite3.Connection) -> None:
    """A tenth of a second: not in the transaction of whoever happened to write."""
    transaction = SqliteTransaction(connection, set())
    heavy = connection.execute(
        "SELECT max(version) FROM (SELECT version, sum(length(body)) OVER "
        "(ORDER BY version DESC) AS total FROM object_events) WHERE total > ?",
        (_CHARACTERS_KEPT,),
    ).fetchone()[0]
    transaction.compact(max(transaction.version() - _EVENTS_KEPT, heavy or 0))


_WITH_PRESENT = (
    "LEFT JOIN objects o ON o.cluster = e.cluster AND o.kind = e.kind "
    "AND o.namespace = e.namespace AND o.name = e.name"
)
_TEXT_OF_EVENT = "coalesce(e.body, o.body)"


_ALL = -1


def _scope(
    cluster: str,
    kind: str,
    namespace: str,
    after: tuple[str, str] | None = None,
    *,
    table: str = "",
) -> tuple[str, tuple[Any, ...]]:
    where = f"{table}cluster = ? AND {table}kind = ?"
    values: tuple[Any, ...] = (cluster, kind)
    if namespace:
        where, values = f"{where} AND {table}namespace = ?", (*values, namespace)
    if after is not None:
        where = f"{where} AND ({table}namespace, {table}name) > (?, ?)"
        values = (*values, *after)
    return where, values
