"""Every coming run of many crons, in order of time.

Ticks are whole seconds since 1970 and are made a day at a time for all crons together: within a
day on which a zone's clocks do not change, a schedule is a fixed table of seconds. Days with a
change go the way that the engine goes, minute by minute (:mod:`schedule`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from toolkit.resource.resource import Body
from toolkit.workflow.cron.after import dependencies_of
from toolkit.workflow.cron.instants import DAY, MINUTE, instant, seconds_of, steady_offset
from toolkit.workflow.cron.schedule import Schedule
from toolkit.workflow.cron.ticks import schedules_of

Fate = Literal["runs", "beside", "skipped", "replaces"]
"""What is expected of a tick: it runs alone; beside an earlier run (Allow); not at all, because
one still runs (Forbid); or in the place of one that is ended for it (Replace).
"""

RUNS: Final[Fate] = "runs"
_OVERLAP: Final[Mapping[str, Fate]] = {"Forbid": "skipped", "Replace": "replaces"}
_UTC: Final = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Planned:
    """A cron as the forecast sees it. ``duration_s`` is how long a run takes, None where nobody
    knows: then its runs overlap with nothing. ``after``: the crons whose runs its own wait for.
    """

    name: str
    schedules: tuple[Schedule, ...]
    policy: str = "Allow"
    duration_s: float | None = None
    is_suspended: bool = False
    after: tuple[str, ...] = ()


class Coming(NamedTuple):
    """One tick. ``cron`` and ``schedule`` are places in the sequence and in its schedules."""

    at: int
    cron: int
    schedule: int
    fate: Fate


def planned(cron: Body, duration_s: float | None = None) -> Planned:
    """A CronWorkflow as the forecast sees it. Raises ExpressionError for a broken schedule or
    dependency.
    """
    spec = cron.get("spec") or {}
    return Planned(
        name=str((cron.get("metadata") or {}).get("name") or ""),
        schedules=schedules_of(cron),
        policy=str(spec.get("concurrencyPolicy") or "Allow"),
        duration_s=duration_s,
        is_suspended=bool(spec.get("suspend")),
        after=tuple(dependency.cron for dependency in dependencies_of(cron)),
    )


def forecast(crons: Sequence[Planned], start: datetime, end: datetime) -> Iterator[Coming]:
    """The ticks from ``start`` to before ``end``, ordered by time, then by cron. Memory: a day's
    ticks. Of schedules of one cron that meet in an instant, the first counts.
    """
    first, last = seconds_of(start), seconds_of(end)
    lanes = [
        _Lane(index, place, schedule, first)
        for index, cron in enumerate(crons)
        for place, schedule in enumerate(cron.schedules)
    ]
    owners = [(lane.cron, lane.place) for lane in lanes]
    count = len(lanes)
    fate_of = _Fates(crons).of
    is_timed = [cron.duration_s is not None for cron in crons]
    last_at = last_cron = -1
    for begin in range(first, last, DAY):
        for key in _day(lanes, begin, min(begin + DAY, last)):
            at = key // count
            cron, place = owners[key - at * count]
            if at != last_at or cron != last_cron:
                last_at, last_cron = at, cron
                yield Coming(at, cron, place, fate_of(at, cron) if is_timed[cron] else RUNS)


def _day(lanes: Sequence[_Lane], begin: int, end: int) -> list[int]:
    """The ticks of a day and the numbers of their lanes, both in one integer, which sorts several
    times as fast as a pair.
    """
    count = len(lanes)
    keys: list[int] = []
    for number, lane in enumerate(lanes):
        keys += [at * count + number for at in lane.ticks(begin, end)]
    keys.sort()
    return keys


class _Fates:
    """Until when each cron's last run is expected to run."""

    def __init__(self, crons: Sequence[Planned]) -> None:
        self._busy_until = [0.0] * len(crons)
        self._overlaps = [_OVERLAP.get(cron.policy, "beside") for cron in crons]
        self._durations = [cron.duration_s for cron in crons]

    def of(self, at: int, cron: int) -> Fate:
        duration = self._durations[cron]
        if duration is None:
            return RUNS
        end = at + duration
        if at >= self._busy_until[cron]:
            self._busy_until[cron] = end
            return RUNS
        fate = self._overlaps[cron]
        if fate == "replaces":
            self._busy_until[cron] = end
        elif fate == "beside":
            self._busy_until[cron] = max(self._busy_until[cron], end)
        return fate


class _Lane:
    """One schedule of one cron."""

    def __init__(self, cron: int, place: int, schedule: Schedule, start: int) -> None:
        self.cron = cron
        self.place = place
        self._schedule = schedule
        self._zone = schedule.zone or _UTC
        self._start = start
        self._table = _table(schedule)

    def ticks(self, begin: int, end: int) -> list[int]:
        """Those from ``begin`` to before ``end``, which is at most a day later."""
        if self._schedule.every is not None:
            return self._delays(int(self._schedule.every.total_seconds()), begin, end)
        offset = steady_offset(self._zone, begin, end)
        if offset is None or offset % MINUTE:
            return self._search(begin, end)
        found: list[int] = []
        midnight = (begin + offset) // DAY * DAY
        while midnight - offset < end:
            if self._schedule.matches_day(instant(midnight)):
                found += self._on_day(midnight - offset, begin, end)
            midnight += DAY
        return found

    def _on_day(self, midnight: int, begin: int, end: int) -> list[int]:
        table = self._table
        if midnight < begin or midnight + DAY > end:
            low = bisect_left(table, begin - midnight)
            table = table[low : bisect_left(table, end - midnight)]
        return [midnight + seconds for seconds in table]

    def _delays(self, every: int, begin: int, end: int) -> list[int]:
        """``@every`` counts from the start of whoever fires: here from the forecast's."""
        steps = max(1, -(-(begin - self._start) // every))
        return list(range(self._start + steps * every, end, every))

    def _search(self, begin: int, end: int) -> list[int]:
        found: list[int] = []
        at = self._schedule.next_after(instant(begin - 1))
        while at is not None and seconds_of(at) < end:
            found.append(seconds_of(at))
            at = self._schedule.next_after(at)
        return found


def _table(schedule: Schedule) -> list[int]:
    """The seconds of a day at which it fires."""
    if schedule.fields is None:
        return []
    minutes, hours, *_ = schedule.fields
    return sorted((hour * 60 + minute) * 60 for hour in hours.values for minute in minutes.values)
