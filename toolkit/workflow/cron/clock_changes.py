"""What it does to crons that a zone's clocks go forward or back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from toolkit.workflow.cron.forecast import Planned
from toolkit.workflow.cron.instants import (
    DAY,
    MINUTE,
    instant,
    offset_at,
    seconds_of,
    steady_offset,
)
from toolkit.workflow.cron.schedule import Schedule


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
                known[name] = _changes(schedule.zone, seconds_of(start), seconds_of(end))
            for at in known[name]:
                change = _effect(index, schedule, schedule.zone, at)
                if change is not None:
                    found.setdefault((at, index, name), change)
    return [found[key] for key in sorted(found)]


def _changes(zone: ZoneInfo, begin: int, end: int) -> list[int]:
    """The seconds at which the zone's offset changes."""
    found = []
    for day in range(begin, end, DAY):
        low, high = day, min(day + DAY, end)
        if steady_offset(zone, low, high) is None:
            while high - low > 1:
                middle = (low + high) // 2
                if offset_at(zone, middle) == offset_at(zone, low):
                    low = middle
                else:
                    high = middle
            found.append(high)
    return found


def _effect(cron: int, schedule: Schedule, zone: ZoneInfo, at: int) -> ClockChange | None:
    before, after = at + offset_at(zone, at - 1), at + offset_at(zone, at)
    times = tuple(
        f"{local:%H:%M}"
        for seconds in range(min(before, after), max(before, after), MINUTE)
        if _admits(schedule, local := instant(seconds))
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
