"""One SQLite file: a writer thread with group commit, and readers.

Every write is a function of the writer's connection. Those that wait together are run together,
each in its own savepoint, and committed at once with ``synchronous=FULL``: a call returns only
when its change is on disk, and one failing write does not undo its neighbours'.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Self, TypeVar

from toolkit.adapters.sqlite.migrations import migrate

T = TypeVar("T")
_Job = tuple[Callable[[sqlite3.Connection], Any], "Future[Any]"]
_MOST_IN_GROUP = 256


class Database:
    """The state database at ``path``. Thread-safe. Close it, or use it as a context manager."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Opens, creates and migrates. Raises StateError for a newer schema."""
        self._path = path
        self._read_only = read_only
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._readers_lock = threading.Lock()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._writer: threading.Thread | None = None
        if not read_only:
            connection = _connect(path)
            migrate(connection, path)
            self._writer = threading.Thread(
                target=self._write_loop, args=(connection,), name="sqlite-writer", daemon=True
            )
            self._writer.start()

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Runs ``work`` in a transaction on the writer thread; returns its result once durable.

        An exception from ``work`` rolls back what it did, alone, and is raised here.
        """
        if self._writer is None:
            raise sqlite3.OperationalError("attempt to write through a read-only database")
        future: Future[T] = Future()
        self._jobs.put((work, future))
        return future.result()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection of this thread's own, inside one read snapshot."""
        connection = self._reader()
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            connection.execute("COMMIT")

    def close(self) -> None:
        """Waits for writes under way. Further writes fail."""
        if self._writer is not None:
            self._jobs.put(None)
            self._writer.join()
            self._writer = None
        with self._readers_lock:
            for connection in self._readers:
                connection.close()
            self._readers.clear()
        self._local = threading.local()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = _connect(self._path, read_only=True)
            self._local.connection = connection
            with self._readers_lock:
                self._readers.append(connection)
        return connection

    def _write_loop(self, connection: sqlite3.Connection) -> None:
        is_open = True
        while is_open:
            first = self._jobs.get()
            if first is None:
                break
            group = [first]
            while len(group) < _MOST_IN_GROUP and not self._jobs.empty():
                job = self._jobs.get()
                if job is None:
                    is_open = False
                    break
                group.append(job)
            _commit_group(connection, group)
        connection.close()


def _commit_group(connection: sqlite3.Connection, group: list[_Job]) -> None:
    """Answers every job, only after the commit that makes its result true."""
    outcomes: list[tuple[Future[Any], Any, BaseException | None]] = []
    try:
        connection.execute("BEGIN IMMEDIATE")
        for work, future in group:
            outcomes.append((future, *_run_in_savepoint(connection, work)))
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        outcomes = [(future, None, error) for _, future in group]
    for future, result, failure in outcomes:
        if failure is not None:
            future.set_exception(failure)
        else:
            future.set_result(result)


def _run_in_savepoint(
    connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], Any]
) -> tuple[Any, BaseException | None]:
    connection.execute("SAVEPOINT job")
    try:
        result = work(connection)
    except BaseException as error:
        connection.execute("ROLLBACK TO job")
        connection.execute("RELEASE job")
        return None, error
    connection.execute("RELEASE job")
    return result, None


def _connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, check_same_thread=False, timeout=30
    )
    if not read_only:
        path.chmod(0o600)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    return connection
