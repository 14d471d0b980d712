"""Every coming run of many crons, in order of time.

Ticks are whole seconds since 1970 and are made a day at a time for all crons together: within a
day on which a zone's clocks do not change, a schedule is a fixed table of seconds. Days with a
change go the way that the engine goes, minute by minute (:mod:`schedule`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from heapq import heappush, heappushpop
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from toolkit.resource.resource import Body
from toolkit.workflow.cron.after import dependencies_of
from toolkit.workflow.cron.schedule import Schedule
from toolkit.workflow.cron.ticks import schedules_of

Fate = Literal["runs", "beside", "skipped", "replaces"]
"""What is expected of a tick: it runs alone; beside an earlier run (Allow); not at all, because
one still runs (Forbid); or in the place of one that is ended for it (Replace).
"""

RUNS: Final[Fate] = "runs"
_OVERLAP: Final[Mapping[str, Fate]] = {"Forbid": "skipped", "Replace": "replaces"}
_DAY: Final = 86400
_MINUTE: Final = 60
_UTC: Final = ZoneInfo("UTC")
_BUSIEST: Final = 10


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


@dataclass(frozen=True, slots=True)
class ClockChange:
    """What a change of clocks does to a cron: the wall-clock times (``HH:MM``) that do not come
    (``is_gap``), or that come twice.
    """

    cron: int
    zone: str
    at: int
    is_gap: bool
    times: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """What :func:`counted` adds up, by a cron's place; ``busiest``: minute and its ticks."""

    total: int = 0
    ticks: list[int] = field(default_factory=list)
    overlaps: list[int] = field(default_factory=list)
    first_overlap: list[int | None] = field(default_factory=list)
    busiest: list[tuple[int, int]] = field(default_factory=list)


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
    first, last = _seconds(start), _seconds(end)
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
    for begin in range(first, last, _DAY):
        for key in _day(lanes, begin, min(begin + _DAY, last)):
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


def counted(coming: Iterator[Coming], crons: Sequence[Planned], tally: Tally) -> Iterator[Coming]:
    """Passes the ticks on, and adds them up in ``tally``, which is complete when they end."""
    ticks, overlaps = [0] * len(crons), [0] * len(crons)
    firsts: list[int | None] = [None] * len(crons)
    tally.ticks, tally.overlaps, tally.first_overlap = ticks, overlaps, firsts
    busiest: list[tuple[int, int]] = []
    minute, at_once = -1, 0
    for one in coming:
        at, cron, _, fate = one
        ticks[cron] += 1
        if fate != RUNS:
            overlaps[cron] += 1
            if firsts[cron] is None:
                firsts[cron] = at
        if at // _MINUTE == minute:
            at_once += 1
        else:
            _rank(busiest, at_once, minute)
            minute, at_once = at // _MINUTE, 1
        yield one
    _rank(busiest, at_once, minute)
    tally.total = sum(ticks)
    tally.busiest = [(-minute * _MINUTE, many) for many, minute in sorted(busiest, reverse=True)]


def _rank(busiest: list[tuple[int, int]], ticks: int, minute: int) -> None:
    """Keep the minutes with the most ticks; of equals the earlier (hence the sign). One tick in a
    minute is not busy.
    """
    if ticks > 1:
        entry = (ticks, -minute)
        if len(busiest) < _BUSIEST:
            heappush(busiest, entry)
        else:
            heappushpop(busiest, entry)


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
        if offset is None or offset % _MINUTE:
            return self._search(begin, end)
        found: list[int] = []
        midnight = (begin + offset) // _DAY * _DAY
        while midnight - offset < end:
            if self._schedule.matches_day(_EPOCH + timedelta(seconds=midnight)):
                found += self._on_day(midnight - offset, begin, end)
            midnight += _DAY
        return found

    def _on_day(self, midnight: int, begin: int, end: int) -> list[int]:
        table = self._table
        if midnight < begin or midnight + _DAY > end:
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
        while at is not None and _seconds(at) < end:
            found.append(_seconds(at))
            at = self._schedule.next_after(at)
        return found


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _table(schedule: Schedule) -> list[int]:
    """The seconds of a day at which it fires."""
    if schedule.fields is None:
        return []
    minutes, hours, *_ = schedule.fields
    return sorted((hour * 60 + minute) * 60 for hour in hours.values for minute in minutes.values)


@lru_cache(maxsize=10_000)
def steady_offset(zone: ZoneInfo, begin: int, end: int) -> int | None:
    """The zone's offset in seconds over a stretch of at most a day; None where it changes."""
    offsets = {_offset(zone, at) for at in (begin, (begin + end) // 2, end)}
    return offsets.pop() if len(offsets) == 1 else None


def clock_changes(crons: Sequence[Planned], start: datetime, end: datetime) -> list[ClockChange]:
    """What changes of clocks do to the crons, ordered by time, then by cron."""
    known: dict[str, list[int]] = {}
    found: dict[tuple[int, int, str], ClockChange] = {}
    for index, cron in enumerate(crons):
        for schedule in cron.schedules:
            if schedule.zone is None or schedule.fields is None:
                continue
            name = str(schedule.zone)
            if name not in known:
                known[name] = _changes(schedule.zone, _seconds(start), _seconds(end))
            for at in known[name]:
                change = _effect(index, schedule, schedule.zone, at)
                if change is not None:
                    found.setdefault((at, index, name), change)
    return [found[key] for key in sorted(found)]


def _changes(zone: ZoneInfo, begin: int, end: int) -> list[int]:
    """The seconds at which the zone's offset changes."""
    found = []
    for day in range(begin, end, _DAY):
        low, high = day, min(day + _DAY, end)
        if steady_offset(zone, low, high) is None:
            while high - low > 1:
                middle = (low + high) // 2
                if _offset(zone, middle) == _offset(zone, low):
                    low = middle
                else:
                    high = middle
            found.append(high)
    return found


def _effect(cron: int, schedule: Schedule, zone: ZoneInfo, at: int) -> ClockChange | None:
    before, after = at + _offset(zone, at - 1), at + _offset(zone, at)
    times = tuple(
        f"{local:%H:%M}"
        for seconds in range(min(before, after), max(before, after), _MINUTE)
        if _admits(schedule, local := _EPOCH + timedelta(seconds=seconds))
    )
    if not times:
        return None
    return ClockChange(cron, str(zone), at, after > before, times)


def _admits(schedule: Schedule, local: datetime) -> bool:
    if schedule.fields is None:
        return False
    minutes, hours, *_ = schedule.fields
    is_time = local.minute in minutes.values and local.hour in hours.values
    return is_time and schedule.matches_day(local)


def _offset(zone: ZoneInfo, at: int) -> int:
    offset = instant(at).astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def instant(at: int) -> datetime:
    """Seconds since 1970 as an instant in UTC."""
    return _EPOCH + timedelta(seconds=at)


def _seconds(at: datetime) -> int:
    """Whole seconds since 1970, rounded up."""
    whole = at.replace(microsecond=0)
    return int(whole.timestamp()) + (1 if at.microsecond else 0)
