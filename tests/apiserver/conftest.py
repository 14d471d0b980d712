from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest

from toolkit.adapters.memory.objects import MemoryObjects
from toolkit.apiserver.call import Fresh
from toolkit.apiserver.logical_cluster import LogicalCluster

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def logical() -> LogicalCluster:
    return make_logical()


def make_logical() -> LogicalCluster:
    """Uids and times are counted, so that runs are the same."""
    numbers = itertools.count(1)

    def fresh() -> Fresh:
        return Fresh(START, lambda: f"uid-{next(numbers)}", lambda: f"{next(numbers):05}")

    cluster = LogicalCluster(MemoryObjects(), "staging", fresh)
    cluster.ensure("data")
    return cluster
