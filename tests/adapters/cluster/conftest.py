from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from toolkit.adapters.clock import VirtualClock
from toolkit.adapters.embedded import EmbeddedCluster, logical_cluster
from toolkit.adapters.memory_objects import MemoryObjects
from toolkit.adapters.sqlite.database import Database
from toolkit.adapters.sqlite.objects import SqliteObjects
from toolkit.apiserver.store import ObjectStore
from toolkit.resource.cluster import Cluster

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    if request.param == "memory":
        yield MemoryObjects()
        return
    with Database(tmp_path / "state.db") as database:
        yield SqliteObjects(database)


@pytest.fixture
def cluster(store: ObjectStore) -> Cluster:
    return embedded(store)


def embedded(store: ObjectStore, name: str = "staging") -> EmbeddedCluster:
    logical = logical_cluster(store, name, VirtualClock(START))
    logical.ensure("data")
    return EmbeddedCluster(logical)
