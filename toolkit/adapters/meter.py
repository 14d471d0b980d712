"""The Meter port in memory: counters begin at nought with the program, as Prometheus expects it."""

from __future__ import annotations

import threading
from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate

from toolkit.clock import Clock
from toolkit.workflow.measures.metrics import Kind, Measure

Labels = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Distribution:
    """A histogram's series: ``counts`` are of each bucket alone, the last of what is above all."""

    counts: list[int]
    total: float = 0.0

    def cumulated(self) -> list[int]:
        return list(accumulate(self.counts))


@dataclass(slots=True)
class Series:
    """All values of one name."""

    name: str
    help: str
    kind: Kind
    buckets: tuple[float, ...] = ()
    values: dict[Labels, float] = field(default_factory=dict)
    distributions: dict[Labels, Distribution] = field(default_factory=dict)
    running: dict[Labels, tuple[datetime, datetime | None, str]] = field(default_factory=dict)


class MemoryMeter:
    """Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._series: dict[str, Series] = {}
        self._lock = threading.Lock()

    def measure(self, measure: Measure) -> str:
        with self._lock:
            series = self._series.get(measure.name)
            if series is None:
                series = Series(measure.name, measure.help, measure.kind, measure.buckets)
                self._series[measure.name] = series
            problem = _mismatch(series, measure)
            if not problem:
                _record(series, measure)
            return problem

    def release(self, owner: str) -> None:
        with self._lock:
            for series in self._series.values():
                for labels, (_, _, holder) in tuple(series.running.items()):
                    if holder == owner:
                        del series.running[labels]
                        series.values.pop(labels, None)

    def series(self) -> list[Series]:
        """A copy of all there is now; of gauges that run, their value at this moment."""
        now = self._clock.now()
        with self._lock:
            return [_copy(series, now) for series in self._series.values()]


def _mismatch(series: Series, measure: Measure) -> str:
    if series.help != measure.help:
        return (
            f"Help for metric {measure.name} is already set to {series.help}, it cannot be changed"
        )
    if series.kind != measure.kind:
        return f"metric {measure.name} is a {series.kind}, and cannot be a {measure.kind}"
    if series.buckets != measure.buckets:
        return f"metric {measure.name} has other buckets"
    return ""


def _record(series: Series, measure: Measure) -> None:
    labels = measure.labels
    if measure.since is not None:
        series.running[labels] = (measure.since, measure.ended, measure.owner)
    elif series.kind == "histogram":
        found = series.distributions.get(labels)
        if found is None:
            found = Distribution([0] * (len(series.buckets) + 1))
            series.distributions[labels] = found
        found.counts[bisect_left(series.buckets, measure.value)] += 1
        found.total += measure.value
    elif series.kind == "counter" or measure.operation == "Add":
        series.values[labels] = series.values.get(labels, 0.0) + measure.value
    elif measure.operation == "Sub":
        series.values[labels] = series.values.get(labels, 0.0) - measure.value
    else:
        series.values[labels] = measure.value


def _copy(series: Series, now: datetime) -> Series:
    ran = {
        labels: ((ended or now) - since).total_seconds()
        for labels, (since, ended, _) in series.running.items()
    }
    distributions = {
        labels: Distribution(list(found.counts), found.total)
        for labels, found in series.distributions.items()
    }
    return Series(
        series.name,
        series.help,
        series.kind,
        series.buckets,
        {**series.values, **ran},
        distributions,
    )
