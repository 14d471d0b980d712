"""States that earlier schemas wrote, with runs in flight: each is opened and goes on.

``states/schema-N.sql`` is the dump of a database that the release with schema N left behind: a run
with a step that runs, one that waits for a person, one that waits to try again, and one that ended.
A new one is added with each release whose schema is another; none is ever edited.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.controllers.bench import Bench
from toolkit.adapters.clock import VirtualClock
from toolkit.adapters.embedded import EmbeddedCluster, logical_cluster
from toolkit.adapters.sqlite import migrations
from toolkit.adapters.sqlite.archive import SqliteArchive
from toolkit.adapters.sqlite.database import Database
from toolkit.adapters.sqlite.objects import SqliteObjects
from toolkit.adapters.sqlite.runs import SqliteRuns
from toolkit.controllers.runs.projecting import WORKFLOW
from toolkit.resource.cluster import ObjectRef
from toolkit.resource.resource import Body

STATES = sorted((Path(__file__).parent / "states").glob("schema-*.sql"))
SINCE = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(params=STATES, ids=lambda path: path.stem)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(request.param.read_text())
    with Database(path) as database:
        yield database


@pytest.fixture
def bench(database: Database) -> Bench:
    clock = VirtualClock(SINCE)
    cluster = EmbeddedCluster(logical_cluster(SqliteObjects(database), "staging", clock))
    return Bench(cluster, clock, runs=SqliteRuns(database))


def approve(body: Body) -> None:
    for node in body["status"]["nodes"].values():
        if node["type"] == "Suspend":
            node["phase"] = "Succeeded"


def test_each_state_is_of_an_earlier_schema() -> None:
    versions = {int(path.stem.removeprefix("schema-")) for path in STATES}
    assert 1 in versions
    assert versions < set(range(1, len(migrations.MIGRATIONS) + 1))


def test_runs_in_flight_go_on_to_their_end(bench: Bench) -> None:
    bench.settle()
    bench.edit(approve, "waits")
    bench.advance(60)
    assert {name: bench.phase(name) for name in ("runs", "waits", "backs-off", "ended")} == {
        "runs": "Succeeded",
        "waits": "Succeeded",
        "backs-off": "Succeeded",
        "ended": "Succeeded",
    }


def test_a_step_that_had_ended_is_not_run_again(bench: Bench) -> None:
    bench.settle()
    bench.advance(60)
    started = [command.rpartition("-")[2] for command in bench.world.starts]
    assert "1" not in started


def test_what_runs_on_is_archived_when_it_is_deleted(database: Database, bench: Bench) -> None:
    bench.settle()
    bench.cluster.delete(ObjectRef(WORKFLOW, "data", "runs"))
    bench.settle()
    (found,) = (run for run in SqliteArchive(database).archived("staging") if run.gone_at)
    assert found.workflow["metadata"]["name"] == "runs"
    assert found.workflow["metadata"]["labels"]["team"] == "sales"


def test_what_had_ended_before_is_in_the_archive(database: Database) -> None:
    found = {
        run.workflow["metadata"]["name"]: run for run in SqliteArchive(database).archived("staging")
    }
    assert set(found) == {"ended"}
    assert "status" not in found["ended"].workflow
    assert found["ended"].workflow["metadata"]["uid"] == found["ended"].uid
    assert found["ended"].size_bytes > 0
