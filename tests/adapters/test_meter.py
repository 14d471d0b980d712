from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from toolkit.adapters.clock import VirtualClock
from toolkit.adapters.meter import MemoryMeter
from toolkit.workflow.measures.metrics import Measure

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


@pytest.fixture
def meter(clock: VirtualClock) -> MemoryMeter:
    return MemoryMeter(clock)


def measure(kind: Any = "counter", value: float = 1.0, **fields: Any) -> Measure:
    return Measure("m", "help", kind, fields.pop("labels", ()), value, **fields)


def test_counters_add_up_by_their_labels(meter: MemoryMeter) -> None:
    a, b = (("who", "a"),), (("who", "b"),)
    for labels, value in ((a, 1.0), (b, 2.0), (a, 3.5)):
        assert meter.measure(measure(value=value, labels=labels)) == ""
    (series,) = meter.series()
    assert series.values == {a: 4.5, b: 2.0}


def test_gauges_are_set_added_to_and_taken_from(meter: MemoryMeter) -> None:
    for operation, value in (("Set", 7.0), ("Set", 5.0), ("Add", 2.0), ("Sub", 4.0)):
        meter.measure(measure("gauge", value, operation=operation))
    assert meter.series()[0].values == {(): 3.0}


def test_a_histogram_counts_what_is_at_most_each_bound(meter: MemoryMeter) -> None:
    for value in (1.0, 2.0, 2.5, 99.0):
        meter.measure(measure("histogram", value, buckets=(2.0, 10.0)))
    found = meter.series()[0].distributions[()]
    assert (found.cumulated(), found.total) == ([2, 3, 4], 104.5)


def test_a_gauge_that_runs_grows_until_it_ends_and_goes_with_its_run(
    meter: MemoryMeter, clock: VirtualClock
) -> None:
    meter.measure(measure("gauge", since=NOW, owner="u1"))
    clock.advance(timedelta(seconds=3))
    assert meter.series()[0].values == {(): 3.0}
    meter.measure(measure("gauge", since=NOW, ended=NOW + timedelta(seconds=4), owner="u1"))
    clock.advance(timedelta(seconds=9))
    assert meter.series()[0].values == {(): 4.0}
    meter.release("u2")
    assert meter.series()[0].values == {(): 4.0}
    meter.release("u1")
    assert meter.series()[0].values == {}


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        (Measure("m", "another", "counter"), "Help for metric m is already set to help"),
        (Measure("m", "help", "gauge"), "is a counter, and cannot be a gauge"),
        (Measure("m", "help", "counter", buckets=(1.0,)), "other buckets"),
    ],
)
def test_one_name_is_one_metric(meter: MemoryMeter, other: Measure, problem: str) -> None:
    meter.measure(measure())
    assert problem in meter.measure(other)
    assert meter.series()[0].values == {(): 1.0}
