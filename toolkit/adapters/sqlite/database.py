"""One SQLite file: one who writes at a time, with group commit, and a pool of readers.

Every write is a function of the writer's connection. Those that wait together are run together,
each in its own savepoint, and committed at once with ``synchronous=FULL``: a call returns only
when its change is on disk, and one failing write does not undo its neighbours'. Where several
write at a time, the thread waits a moment for those it has just answered: they share one flush.
Who writes alone commits on its own thread: to be woken costs as much as a small commit.

Deleted content is overwritten (``secure_delete``), so that a replaced Secret's value does not
linger in free pages; the write-ahead log is emptied when the database is closed, and by
:meth:`Database.checkpoint`.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple, Self, TypeVar

from toolkit.adapters.sqlite.migrations import migrate, refuse_other_schema
from toolkit.errors import StateError

T = TypeVar("T")
Topic = tuple[str, str]
"""What subscribers look at: a logical cluster and a kind."""

_MOST_IN_GROUP = 256
_LONGEST_GATHER_S = 0.002
_GATHER_STEP_S = 0.0002
_CHECKPOINT_S = 2.0
_READER = ("foreign_keys=ON",)
_WRITER = (
    *(*_READER, "journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"),
    *("cache_size=-16384", "wal_autocheckpoint=4000"),
)
"""The last two: a run's nodes are all over their table, by hash, and should be found in memory;
pages that many commits change are copied from the log once, not each time."""


class _Job:
    """One write. Its answer is a lock that is let go: a Future's condition costs four times that,
    for each write.
    """

    __slots__ = ("_answered", "_error", "_result", "_work", "is_quiet", "touched")

    def __init__(
        self,
        work: Callable[[sqlite3.Connection], Any],
        *,
        is_quiet: bool,
        touched: Collection[Topic],
    ) -> None:
        self._work = work
        self.is_quiet = is_quiet
        self.touched = touched
        self._result: Any = None
        self._error: BaseException | None = None
        self._answered = threading.Lock()
        self._answered.acquire()

    def result(self) -> Any:
        """Waits for :meth:`answer`. Raises what the work raised."""
        self._answered.acquire()
        if self._error is not None:
            raise self._error
        return self._result

    @property
    def has_failed(self) -> bool:
        return self._error is not None

    def run(self, connection: sqlite3.Connection) -> None:
        """In a transaction of its own, which is to be rolled back where it ``has_failed``."""
        try:
            self._result = self._work(connection)
        except BaseException as error:
            self._error = error

    def run_in_savepoint(self, connection: sqlite3.Connection) -> None:
        """In a transaction of several."""
        connection.execute("SAVEPOINT job")
        self.run(connection)
        if self.has_failed:
            connection.execute("ROLLBACK TO job")
        connection.execute("RELEASE job")

    def fail(self, error: BaseException) -> None:
        self._error = error

    def answer(self) -> None:
        self._answered.release()


class _Subscription(NamedTuple):
    """``topic`` None: whatever is touched."""

    wake: Callable[[], None]
    topic: Topic | None


class Database:
    """The state database at ``path``. Thread-safe. Close it, or use it as a context manager."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Opens, creates and migrates. Raises StateError for a newer schema, and read-only also
        for an older one and for a missing file.
        """
        self._path = path
        self._idle_readers: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._is_closed = False
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._after_commit: tuple[_Subscription, ...] = ()
        self._writer: threading.Thread | None = None
        self._turn = threading.Lock()  # of whoever uses the writer's connection
        self._committer: int | None = None  # the thread that has it
        self._is_shared = False  # several write: they wait for the writer's thread
        if read_only:
            self._check_readable()
        else:
            self._start_writer()

    @property
    def path(self) -> Path:
        return self._path

    @property
    def is_read_only(self) -> bool:
        return self._writer is None

    def write(
        self,
        work: Callable[[sqlite3.Connection], T],
        *,
        is_quiet: bool = False,
        touched: Collection[Topic] = (),
    ) -> T:
        """Runs ``work`` in a transaction, on the writer's thread or here; returns its result once
        durable.

        An exception from ``work`` rolls back what it did, alone, and is raised here. ``is_quiet``:
        subscribers need not be woken, for nothing they look at has changed. ``touched``: what they
        may look at that has; ``work`` may still fill it.
        """
        if threading.get_ident() == self._committer:
            raise RuntimeError("a write inside a write would wait for itself")
        job = _Job(work, is_quiet=is_quiet, touched=touched)
        if not self._commit_here(job):
            self._hand_over(job)
        result: T = job.result()
        return result

    def write_later(self, upkeep: Callable[[sqlite3.Connection], object]) -> None:
        """Inside a write: a quiet one after those that wait. Nobody hears how it ended, and where
        the database is being closed it is not begun.
        """
        with self._lock:
            if not self._is_closed:
                self._jobs.put(_Job(upkeep, is_quiet=True, touched=()))

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection of the caller's own, inside one read snapshot."""
        connection = self._borrow()
        try:
            connection.execute("BEGIN")
            # SQLite takes the snapshot at the first read, not at BEGIN.
            connection.execute("SELECT 1 FROM sqlite_schema").fetchone()
            yield connection
        finally:
            self._give_back(connection)

    def subscribe(self, wake: Callable[[], None], topic: Topic | None = None) -> Callable[[], None]:
        """Calls ``wake`` on the thread that commits, after each commit that touched ``topic``, or
        without one after each that is not quiet; returns what ends that.
        """
        subscription = _Subscription(wake, topic)
        with self._lock:
            self._after_commit = (*self._after_commit, subscription)

        def unsubscribe() -> None:
            with self._lock:
                kept = (each for each in self._after_commit if each is not subscription)
                self._after_commit = tuple(kept)

        return unsubscribe

    def checkpoint(self) -> None:
        """Moves the write-ahead log into the database and empties it, as far as readers let it."""
        with suppress(sqlite3.OperationalError):  # somebody is at it, or reads: the next one will
            connection = _connect(self._path, timeout_s=_CHECKPOINT_S)
            try:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                connection.close()

    def close(self) -> None:
        """Waits for writes under way. Further use raises StateError. Closing twice is fine."""
        with self._lock:
            already, self._is_closed = self._is_closed, True
            if not already:
                self._jobs.put(None)
            idle, self._idle_readers = self._idle_readers, []
        for connection in idle:
            connection.close()
        if self._writer is not None:
            self._writer.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start_writer(self) -> None:
        _create_private(self._path)
        self._connection = _opened(self._path)
        self._writer = threading.Thread(target=self._write_loop, name="sqlite-writer", daemon=True)
        self._writer.start()

    def _check_readable(self) -> None:
        try:
            connection = _connect(self._path, read_only=True)
            try:
                refuse_other_schema(connection, self._path)
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise StateError(f"cannot read {self._path}: {error}") from error

    def _require_open(self) -> None:
        if self._is_closed:
            raise StateError(f"{self._path} is closed")

    def _borrow(self) -> sqlite3.Connection:
        with self._lock:
            self._require_open()
            if self._idle_readers:
                return self._idle_readers.pop()
        return _connect(self._path, read_only=True)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.execute("COMMIT")
        with self._lock:
            if not self._is_closed:
                self._idle_readers.append(connection)
                return
        connection.close()

    def _commit_here(self, job: _Job) -> bool:
        """Commits where nobody else writes. Not on the main thread: an interrupt is raised there,
        between any two lines.
        """
        is_main = threading.current_thread() is threading.main_thread()
        if self._writer is None or self._is_shared or is_main:
            return False
        if not self._turn.acquire(blocking=False):
            return False
        try:
            self._require_open()
            self._commit([job])
        finally:
            self._turn.release()
        return True

    def _hand_over(self, job: _Job) -> None:
        with self._lock:
            self._require_open()
            if self._writer is None:
                raise StateError(f"{self._path} was opened for reading only")
            self._jobs.put(job)

    def _commit(self, group: list[_Job]) -> None:
        """With the turn."""
        self._committer = threading.get_ident()
        try:
            _commit_group(self._connection, group, self._announce)
        finally:
            self._committer = None

    def _write_loop(self) -> None:
        group, took_s = self._next_group(0, 0.0), 0.0
        while group:
            with self._turn:
                start_s = time.monotonic()
                self._commit(group)
                took_s = time.monotonic() - start_s
            self._is_shared = len(group) > 1
            group = self._next_group(len(group), took_s)
        with self._turn:
            self._connection.close()

    def _next_group(self, answered: int, took_s: float) -> list[_Job]:
        """The jobs that wait, at least one; none once the database is closed. ``answered`` jobs
        were the last group, which took ``took_s``.
        """
        first = self._jobs.get()
        self._is_shared = True  # who writes alone is not to be first again and again
        if first is None:
            return []
        if answered > 1:
            self._gather(answered + self._jobs.qsize(), min(took_s / 2, _LONGEST_GATHER_S))
        group = [first]
        while len(group) < _MOST_IN_GROUP and not self._jobs.empty():
            job = self._jobs.get()
            if job is None:
                self._jobs.put(None)  # the last job is in this group: stop at the next turn
                break
            group.append(job)
        return group

    def _gather(self, wanted: int, longest_s: float) -> None:
        """Waits for ``wanted`` jobs: who was answered just now mostly has another soon."""
        deadline_s = time.monotonic() + longest_s
        while self._jobs.qsize() + 1 < wanted and time.monotonic() < deadline_s:
            time.sleep(_GATHER_STEP_S)

    def _announce(self, group: list[_Job]) -> None:
        touched = {topic for job in group for topic in job.touched}
        for subscription in self._after_commit:
            if subscription.topic is None or subscription.topic in touched:
                subscription.wake()


def _commit_group(
    connection: sqlite3.Connection, group: list[_Job], announce: Callable[[list[_Job]], None]
) -> None:
    """Answers every job, only after the commit that makes its result true."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        if len(group) == 1:
            group[0].run(connection)
        else:
            for job in group:
                job.run_in_savepoint(connection)
        is_empty = all(job.has_failed for job in group)
        connection.execute("ROLLBACK" if is_empty else "COMMIT")
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        failure = StateError(f"the state cannot be written: {error}")
        failure.__cause__ = error
        for job in group:
            job.fail(failure)
    for job in group:
        job.answer()
    if not all(job.is_quiet for job in group):
        announce(group)


def _opened(path: Path) -> sqlite3.Connection:
    """The writer's connection, to a database of this version."""
    try:
        connection = _connect(path)
        try:
            migrate(connection, path)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise StateError(
            f"cannot open {path}: {error}",
            hints=["restore a backup, or move the file away and begin anew"],
        ) from error
    return connection


def _create_private(path: Path) -> None:
    """Made 0600 before SQLite writes anything: its log files take the same mode."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise StateError(f"cannot open {path}: {error.strerror}") from error


def _connect(path: Path, *, read_only: bool = False, timeout_s: float = 30) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}"
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, check_same_thread=False, timeout=timeout_s
    )
    try:
        for pragma in _READER if read_only else _WRITER:
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection
