"""What crons say is kept as Events."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.controllers.conftest import NAMESPACE
from tests.controllers.test_cron_controller import CronBench
from toolkit.adapters.clock import VirtualClock
from toolkit.adapters.embedded import EmbeddedCluster
from toolkit.controllers.cron_events import EVENT
from toolkit.resource.cluster import ObjectRef

MINUTE = timedelta(minutes=1)


@pytest.fixture
def bench(cluster: EmbeddedCluster, clock: VirtualClock) -> CronBench:
    return CronBench(cluster, clock)


def test_skipped_ticks_are_one_event_that_counts(bench: CronBench) -> None:
    bench.create(concurrencyPolicy="Forbid")
    bench.advance(4 * MINUTE)
    (name,) = bench.names()
    event = bench.cluster.get(ObjectRef(EVENT, NAMESPACE, "c.skipped"))
    assert event is not None
    assert (event["count"], event["reason"], event["type"]) == (3, "Skipped", "Normal")
    assert f"{name} is still running" in event["message"]
    involved = event["involvedObject"]
    assert (involved["kind"], involved["name"]) == ("CronWorkflow", "c")
    assert involved["uid"] == bench.cron()["metadata"]["uid"]
    assert event["firstTimestamp"] < event["lastTimestamp"]


def test_runs_beside_each_other_are_recorded_and_are_no_news(bench: CronBench) -> None:
    bench.create()
    bench.advance(2 * MINUTE)
    event = bench.cluster.get(ObjectRef(EVENT, NAMESPACE, "c.overlap"))
    assert event is not None
    assert event["count"] == 1
    assert [notice.text for notice in bench.notices if "beside" in notice.text] == []
