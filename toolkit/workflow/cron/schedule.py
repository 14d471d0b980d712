"""Cron schedules with robfig/cron v3's rules: five fields, names, ranges, steps, ``?``,
descriptors, ``@every``, ``CRON_TZ=``.

A schedule is in wall-clock time of its zone. Where clocks go forward, times that do not exist do
not fire; where they go back, times that come twice fire twice.

DEVIATION: robfig steps from midnight to midnight, and so loses a whole day whose midnight the
clocks skip (Beirut, Havana, Asunción), and an hour where they move by half of one (Lord Howe).
These fire here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from toolkit.errors import ExpressionError
from toolkit.workflow.spans import parse_go_duration

_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_DAYS: Final = {
    name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))
}
_DESCRIPTORS: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_HORIZON_YEARS: Final = 5
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Bounds:
    name: str
    low: int
    high: int
    names: Mapping[str, int]


_FIELDS: Final = (
    _Bounds("minute", 0, 59, {}),
    _Bounds("hour", 0, 23, {}),
    _Bounds("day of month", 1, 31, {}),
    _Bounds("month", 1, 12, _MONTHS),
    _Bounds("day of week", 0, 6, _DAYS),
)


@dataclass(frozen=True, slots=True)
class _Field:
    """``is_star``: written as ``*`` or ``?``, which decides how the two day fields combine."""

    values: frozenset[int]
    is_star: bool


_Fields = tuple[_Field, _Field, _Field, _Field, _Field]


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule. ``every`` stands alone: a fixed delay, at least a second."""

    text: str
    zone: ZoneInfo | None
    fields: _Fields | None = None
    every: timedelta | None = None

    @classmethod
    def parse(cls, text: str, zone: ZoneInfo | None = None) -> Schedule:
        """Raises ExpressionError with robfig's texts. ``CRON_TZ=`` or ``TZ=`` in the text wins over
        ``zone``; None is UTC.
        """
        rest = text.strip()
        if not rest:
            raise ExpressionError("empty spec string")
        if rest.startswith(("CRON_TZ=", "TZ=")):
            assignment, _, rest = rest.partition(" ")
            zone, rest = zone_of(assignment.partition("=")[2]), rest.strip()
        if rest.startswith("@every "):
            return cls(text, zone, every=_every(rest.removeprefix("@every ")))
        if rest.startswith("@"):
            if rest not in _DESCRIPTORS:
                raise ExpressionError(f"unrecognized descriptor: {rest}")
            rest = _DESCRIPTORS[rest]
        return cls(text, zone, _fields(rest))

    def next_after(self, instant: datetime) -> datetime | None:
        """The first time that is later than ``instant``, in UTC; None where there is none within
        five years.
        """
        if self.fields is not None:
            return _Search(self, self.fields).after(instant)
        whole = instant.astimezone(UTC).replace(microsecond=0)
        return None if self.every is None else whole + self.every

    def matches_day(self, day: datetime) -> bool:
        """Do month, day of month and day of week admit this day? The two day fields must both
        admit it where either is a star, else one of them suffices.
        """
        if self.fields is None:
            return True
        _, _, days, months, weekdays = self.fields
        if day.month not in months.values:
            return False
        by_date = day.day in days.values
        by_weekday = (day.weekday() + 1) % 7 in weekdays.values
        if days.is_star or weekdays.is_star:
            return by_date and by_weekday
        return by_date or by_weekday


def zone_of(name: str) -> ZoneInfo:
    """A zone by its IANA name ("" and "Local" are UTC). Raises ExpressionError."""
    try:
        return ZoneInfo("UTC" if name in {"", "Local"} else name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ExpressionError(f"provided bad location {name}: unknown time zone {name}") from error


def _every(text: str) -> timedelta:
    try:
        span = parse_go_duration(text.strip())
    except ValueError as error:
        raise ExpressionError(f"failed to parse duration @every {text}: {error}") from error
    return max(timedelta(seconds=int(span.total_seconds())), timedelta(seconds=1))


def _fields(text: str) -> _Fields:
    parts = text.split()
    if len(parts) != len(_FIELDS):
        raise ExpressionError(f"expected exactly 5 fields, found {len(parts)}: {parts}")
    minute, hour, day, month, weekday = (
        _field(part, bounds) for part, bounds in zip(parts, _FIELDS, strict=True)
    )
    return minute, hour, day, month, weekday


def _field(text: str, bounds: _Bounds) -> _Field:
    values: set[int] = set()
    is_star = False
    for part in text.split(","):
        if part:
            found, star = _range(part, bounds)
            values |= found
            is_star = is_star or star
    return _Field(frozenset(values), is_star)


def _range(text: str, bounds: _Bounds) -> tuple[set[int], bool]:
    body, *steps = text.split("/")
    low_text, *highs = body.split("-")
    if len(steps) > 1:
        raise ExpressionError(f"too many slashes: {text}")
    if len(highs) > 1:
        raise ExpressionError(f"too many hyphens: {text}")
    is_star = low_text in {"*", "?"}
    if is_star:
        low, high = bounds.low, bounds.high
    else:
        low = _number(low_text, bounds)
        high = _number(highs[0], bounds) if highs else low
    step = 1
    if steps:
        step = _integer(steps[0])
        high = bounds.high if not highs and not is_star else high
        is_star = is_star and step == 1
    _refuse(text, bounds, low, high, step)
    return set(range(low, high + 1, step)), is_star


def _refuse(text: str, bounds: _Bounds, low: int, high: int, step: int) -> None:
    if low < bounds.low:
        raise ExpressionError(
            f"beginning of range ({low}) below minimum ({bounds.low}): {text} ({bounds.name})"
        )
    if high > bounds.high:
        raise ExpressionError(
            f"end of range ({high}) above maximum ({bounds.high}): {text} ({bounds.name})"
        )
    if low > high:
        raise ExpressionError(f"beginning of range ({low}) beyond end of range ({high}): {text}")
    if step == 0:
        raise ExpressionError(f"step of range should be a positive number: {text}")


def _number(text: str, bounds: _Bounds) -> int:
    named = bounds.names.get(text.lower())
    return _integer(text) if named is None else named


def _integer(text: str) -> int:
    digits = text.removeprefix("+")
    if not digits.isascii() or not digits.isdigit():
        raise ExpressionError(f"failed to parse int from {text}")
    return int(digits)


class _Search:
    """robfig's search: from the larger fields to the smaller ones, in wall-clock time."""

    def __init__(self, schedule: Schedule, fields: _Fields) -> None:
        self._schedule = schedule
        self._zone: ZoneInfo = schedule.zone or ZoneInfo("UTC")
        self._minutes = sorted(fields[0].values)
        self._hours = fields[1].values
        self._months = fields[3].values

    def after(self, instant: datetime) -> datetime | None:
        at = instant.astimezone(UTC).replace(second=0, microsecond=0) + _MINUTE
        last_year = at.astimezone(self._zone).year + _HORIZON_YEARS
        while True:
            local = at.astimezone(self._zone)
            if local.year > last_year:
                return None
            if not self._schedule.matches_day(local):
                at = self._next_day(local)
                continue
            minute = None
            if local.hour in self._hours:
                minute = next((entry for entry in self._minutes if entry >= local.minute), None)
            if minute == local.minute:
                return at
            ahead = (60 if minute is None else minute) - local.minute
            at = self._ahead(at, local, ahead)

    def _next_day(self, local: datetime) -> datetime:
        """The first instant of the next day whose month fits."""
        day = local.replace(hour=0, minute=0, fold=0) + timedelta(days=1)
        if day.month not in self._months:
            day = _next_month(day)
        return _first_instant(day, self._zone)

    def _ahead(self, at: datetime, local: datetime, minutes: int) -> datetime:
        """So many minutes on; around a change of clocks, which may stand at any minute, one by
        one.
        """
        there = at + timedelta(minutes=minutes)
        if there.astimezone(self._zone).utcoffset() == local.utcoffset():
            return there
        return at + _MINUTE


def _next_month(day: datetime) -> datetime:
    first = day.replace(day=1)
    return first if day.day == 1 else (first + timedelta(days=32)).replace(day=1)


def _first_instant(day: datetime, zone: ZoneInfo) -> datetime:
    """Midnight, or where clocks skip it, what follows."""
    naive = day.replace(tzinfo=None)
    found = naive.replace(tzinfo=zone).astimezone(UTC)
    while found.astimezone(zone).replace(tzinfo=None) < naive:
        found += _MINUTE
    return found
