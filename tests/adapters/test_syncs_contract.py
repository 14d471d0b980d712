"""One contract, run over the state database and over its in-memory twin."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from toolkit.adapters.memory.syncs import MemorySyncs
from toolkit.adapters.sqlite.database import Database
from toolkit.adapters.sqlite.syncs import SqliteSyncs
from toolkit.resource.identity import ResourceId
from toolkit.sync.ports import SyncStore
from toolkit.sync.state import (
    EnvironmentState,
    InventoryRow,
    Outcome,
    PlannedTask,
    Stage,
    SyncEnd,
)

AT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
LATER = datetime(2024, 5, 6, 8, 0, 0, tzinfo=UTC)
CRON = ResourceId("argoproj.io", "CronWorkflow", "demo", "hello")
MAP = ResourceId("", "ConfigMap", "demo", "settings")


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SyncStore]:
    if request.param == "memory":
        yield MemorySyncs()
        return
    with Database(tmp_path / "state.db") as database:
        yield SqliteSyncs(database)


def row(resource: ResourceId, target: str = "", live: str = "") -> InventoryRow:
    return InventoryRow(resource, "v1", "c1", target, live)


def test_the_installation_keeps_its_id(store: SyncStore) -> None:
    assert store.installation() == store.installation()
    assert not set(store.installation()) & set(":/")


def test_a_new_sync_is_unfinished_at_resolve(store: SyncStore) -> None:
    sync_id = store.begin("staging", "c1", "automation", AT)
    record = store.unfinished("staging")
    assert record is not None
    assert (record.id, record.commit, record.stage) == (sync_id, "c1", Stage.RESOLVE)
    assert (record.outcome, record.started_at, record.ended_at) == (Outcome.RUNNING, AT, None)
    assert store.unfinished("production") is None


def test_a_stage_is_kept(store: SyncStore) -> None:
    sync_id = store.begin("staging", "c1", "automation", AT)
    store.advance(sync_id, Stage.PRUNE)
    record = store.unfinished("staging")
    assert record is not None
    assert record.stage is Stage.PRUNE


def test_a_plan_is_kept_with_the_inventory_it_may_make(store: SyncStore) -> None:
    sync_id = store.begin("staging", "c1", "automation", AT)
    tasks = [PlannedTask(MAP, "create"), PlannedTask(CRON, "update")]
    store.planned(sync_id, "abc", tasks, [row(CRON), row(MAP)])
    record = store.unfinished("staging")
    assert record is not None
    assert (record.stage, record.plan_hash) == (Stage.APPLY, "abc")
    assert store.tasks(sync_id) == tuple(tasks)
    assert store.inventory("staging") == (row(MAP), row(CRON))


def test_known_fingerprints_survive_a_plan(store: SyncStore) -> None:
    first = store.begin("staging", "c1", "automation", AT)
    store.finish(first, SyncEnd(Outcome.SYNCED, AT, inventory=(row(CRON, "t", "l"),)))
    second = store.begin("staging", "c2", "automation", AT)
    store.planned(second, "abc", [], [row(CRON), row(MAP)])
    assert store.inventory("staging") == (row(MAP), row(CRON, "t", "l"))


def test_a_finished_sync_leaves_state_inventory_and_history(store: SyncStore) -> None:
    sync_id = store.begin("staging", "c1", "automation", AT)
    store.planned(sync_id, "abc", [PlannedTask(CRON, "create")], [row(CRON), row(MAP)])
    state = EnvironmentState("staging", "uid", "c1", LATER, "Healthy")
    end = SyncEnd(
        Outcome.SYNCED, LATER, "done", {"create": 1}, "Healthy", (row(CRON, "t", "l"),), state
    )
    store.finish(sync_id, end)
    assert store.unfinished("staging") is None
    assert store.tasks(sync_id) == ()
    assert store.inventory("staging") == (row(CRON, "t", "l"),)
    assert store.state("staging") == state
    (record,) = store.history("staging", limit=5)
    assert (record.stage, record.outcome, record.ended_at) == (Stage.DONE, Outcome.SYNCED, LATER)
    assert (record.message, record.counts, record.health) == ("done", {"create": 1}, "Healthy")


def test_a_failed_sync_keeps_its_stage_and_the_superset(store: SyncStore) -> None:
    sync_id = store.begin("staging", "c1", "automation", AT)
    store.planned(sync_id, "abc", [], [row(CRON)])
    store.finish(sync_id, SyncEnd(Outcome.FAILED, LATER, "broke"))
    (record,) = store.history("staging", limit=5)
    assert (record.stage, record.outcome) == (Stage.APPLY, Outcome.FAILED)
    assert store.inventory("staging") == (row(CRON),)
    assert store.state("staging") is None


def test_history_is_newest_first_limited_and_of_one_environment(store: SyncStore) -> None:
    first = store.begin("staging", "c1", "automation", AT)
    store.begin("production", "c9", "automation", AT)
    second = store.begin("staging", "c2", "by hand", AT)
    assert [record.id for record in store.history("staging", limit=9)] == [second, first]
    assert [record.id for record in store.history("staging", limit=1)] == [second]


def test_environments_do_not_share_an_inventory(store: SyncStore) -> None:
    sync_id = store.begin("staging", "c1", "automation", AT)
    store.finish(sync_id, SyncEnd(Outcome.SYNCED, AT, inventory=(row(CRON),)))
    assert store.inventory("production") == ()
