from __future__ import annotations

import sqlite3
import stat
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from toolkit.adapters.sqlite import migrations
from toolkit.adapters.sqlite.database import Database
from toolkit.errors import StateError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def make_table(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE t (n INTEGER UNIQUE)")


def insert(number: int) -> Callable[[sqlite3.Connection], object]:
    return lambda connection: connection.execute("INSERT INTO t VALUES (?)", (number,))


def numbers(database: Database) -> list[int]:
    with database.read() as connection:
        return [row[0] for row in connection.execute("SELECT n FROM t ORDER BY n")]


def test_a_failing_write_does_not_undo_its_neighbours(path: Path) -> None:
    with Database(path) as database:
        database.write(make_table)
        with ThreadPoolExecutor(8) as pool:
            futures = [pool.submit(database.write, insert(n // 2)) for n in range(40)]
            failures = [f for f in futures if f.exception() is not None]
        assert len(failures) == 20
        assert all(isinstance(f.exception(), sqlite3.IntegrityError) for f in failures)
        assert numbers(database) == list(range(20))


def test_a_snapshot_does_not_see_later_writes(path: Path) -> None:
    with Database(path) as database:
        database.write(make_table)
        with database.read() as connection:
            database.write(insert(1))
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)
        assert numbers(database) == [1]


def test_a_read_that_fails_gives_its_connection_back(path: Path) -> None:
    with Database(path) as database:
        database.write(make_table)
        with pytest.raises(sqlite3.OperationalError), database.read() as connection:
            connection.execute("SELECT nonsense FROM t")
        assert numbers(database) == []


def test_those_who_write_at_a_time_share_a_commit(path: Path) -> None:
    commits = []
    with Database(path) as database:
        database.write(make_table)
        database.subscribe(lambda: commits.append(1))
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(database.write, map(insert, range(400))))
        assert numbers(database) == list(range(400))
    assert len(commits) < 200


def test_commits_wake_who_asked(path: Path) -> None:
    with Database(path) as database:
        woken = threading.Event()
        unsubscribe = database.subscribe(woken.set)
        database.write(make_table)
        assert woken.wait(timeout=30)
        unsubscribe()
        woken.clear()
        database.write(insert(1))
        database.write(insert(2))  # the first one's announcement is over
        assert not woken.is_set()


def test_who_looks_at_one_thing_is_woken_for_it_alone(path: Path) -> None:
    woken: list[str] = []
    with Database(path) as database:
        database.subscribe(lambda: woken.append("left"), ("c", "left"))
        database.subscribe(lambda: woken.append("all"))
        database.write(make_table, touched=[("c", "right")])
        database.write(insert(1), touched=[("c", "left"), ("c", "right")])
        database.write(insert(2), is_quiet=True)
    assert woken == ["all", "left", "all"]


def test_a_write_inside_a_write_is_refused(path: Path) -> None:
    with Database(path) as database, pytest.raises(RuntimeError, match="wait for itself"):
        database.write(lambda _: database.write(make_table))


def beside(work: Callable[[], object]) -> object:
    """What ``work`` gives, or raises, on a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def test_who_writes_alone_commits_by_itself(path: Path) -> None:
    with Database(path) as database:
        threads = beside(
            lambda: (threading.get_ident(), database.write(lambda _: threading.get_ident()))
        )
        assert threads[0] == threads[1]  # type: ignore[index]
        beside(lambda: database.write(make_table))
        with pytest.raises(sqlite3.IntegrityError):
            beside(lambda: [database.write(insert(1)), database.write(insert(1))])
        with pytest.raises(RuntimeError, match="wait for itself"):
            beside(lambda: database.write(lambda _: database.write(insert(2))))
        assert numbers(database) == [1]
        assert beside(lambda: database.write(lambda connection: connection.in_transaction))


def test_the_main_thread_commits_nothing_by_itself(path: Path) -> None:
    """An interrupt would leave it half done."""
    with Database(path) as database:
        assert database.write(lambda _: threading.get_ident()) != threading.get_ident()


def test_the_end_waits_for_who_commits_by_itself(path: Path) -> None:
    def slowly(connection: sqlite3.Connection) -> None:
        under_way.set()
        while not database._is_closed:
            time.sleep(0.001)
        insert(1)(connection)

    under_way = threading.Event()
    database = Database(path)
    database.write(make_table)
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(database.write, slowly)
        assert under_way.wait(timeout=30)
        database.close()
        written.result()
        with pytest.raises(StateError, match="is closed"):
            pool.submit(database.write, insert(2)).result()
    with Database(path) as reopened:
        assert numbers(reopened) == [1]


def test_upkeep_asked_for_inside_a_write_comes_after_it_and_fails_alone(path: Path) -> None:
    def both(connection: sqlite3.Connection) -> None:
        database.write_later(insert(2))
        database.write_later(insert(1))
        insert(1)(connection)

    with Database(path) as database:
        database.write(make_table)
        database.write(both)
        database.write(insert(3))
        assert numbers(database) == [1, 2, 3]


def test_upkeep_is_not_begun_once_the_database_is_closed(path: Path) -> None:
    def at_the_end(connection: sqlite3.Connection) -> None:
        closing.start()
        while not database._is_closed:
            time.sleep(0.001)
        database.write_later(insert(2))
        insert(1)(connection)

    database = Database(path)
    database.write(make_table)
    closing = threading.Thread(target=database.close)
    database.write(at_the_end)
    closing.join()
    with Database(path) as reopened:
        assert numbers(reopened) == [1]


def test_nothing_is_written_after_the_end_and_nobody_waits(path: Path) -> None:
    database = Database(path)
    database.close()
    database.close()
    with pytest.raises(StateError, match="closed"):
        database.write(make_table)
    with pytest.raises(StateError, match="closed"), database.read():
        pytest.fail("read a closed database")


def test_a_reader_writes_nothing_and_needs_a_file(path: Path) -> None:
    with pytest.raises(StateError, match="cannot read"):
        Database(path, read_only=True)
    with Database(path):
        pass
    with Database(path, read_only=True) as reader, pytest.raises(StateError, match="reading only"):
        reader.write(make_table)


def test_a_file_that_is_no_database_is_told(path: Path) -> None:
    path.write_text("not a database, and long enough to be taken for one " * 100)
    for read_only in (False, True):
        with pytest.raises(StateError, match="not a database"):
            Database(path, read_only=read_only)


def test_a_commit_that_fails_is_told_and_the_next_one_works(path: Path) -> None:
    with Database(path) as database:
        database.write(make_table)
        database.write(lambda c: c.execute("CREATE TABLE child (n REFERENCES t (n))"))

        def orphan(connection: sqlite3.Connection) -> None:
            connection.execute("PRAGMA defer_foreign_keys=ON")
            connection.execute("INSERT INTO child VALUES (1)")

        with pytest.raises(StateError, match="cannot be written"):
            database.write(orphan)
        database.write(insert(2))
        assert numbers(database) == [2]


def test_all_its_files_are_private(path: Path) -> None:
    with Database(path) as database:
        database.write(make_table)
        files = list(path.parent.iterdir())
        assert {file.name for file in files} >= {"state.db", "state.db-wal"}
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_newer_schema_is_refused(path: Path) -> None:
    with Database(path) as database:
        database.write(lambda connection: connection.execute("PRAGMA user_version=99"))
    for read_only in (False, True):
        with pytest.raises(StateError, match="newer gitops"):
            Database(path, read_only=read_only)


def test_a_migration_keeps_a_private_backup(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Database(path) as database:
        database.write(make_table)
    more = (*migrations.MIGRATIONS, "ALTER TABLE t ADD COLUMN more TEXT;")
    monkeypatch.setattr(migrations, "MIGRATIONS", more)
    with pytest.raises(StateError, match="older gitops"):
        Database(path, read_only=True)
    with Database(path) as database, database.read() as connection:
        assert connection.execute("SELECT more FROM t").fetchall() == []
    backup = path.with_name(f"state.db.v{len(more) - 1}.bak")
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    with pytest.raises(sqlite3.OperationalError, match="no such column"):
        columns_of(backup)


def columns_of(path: Path) -> None:
    connection = sqlite3.connect(path)
    try:
        connection.execute("SELECT more FROM t")
    finally:
        connection.close()


def test_a_migration_that_fails_changes_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Database(path) as database:
        database.write(make_table)
    broken = "CREATE TABLE half (n); CREATE TABLE t (n);"
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, broken))
    with pytest.raises(StateError, match="cannot bring"):
        Database(path)
    monkeypatch.undo()
    with Database(path) as database, database.read() as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema")}
    assert "half" not in names


def test_quiet_writes_wake_nobody(path: Path) -> None:
    with Database(path) as database:
        woken: list[int] = []
        database.write(make_table)
        database.write(insert(1), is_quiet=True)  # the announcement before is over
        database.subscribe(lambda: woken.append(1))
        database.write(insert(2), is_quiet=True)
        database.write(insert(3))
        database.write(insert(4), is_quiet=True)
        assert woken == [1]
