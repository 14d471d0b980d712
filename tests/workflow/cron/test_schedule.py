"""Cron schedules, against a deliberately dumb reference: look at every minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from hypothesis import example, given, settings
from hypothesis import strategies as st

from toolkit.errors import ExpressionError
from toolkit.workflow.cron.schedule import Schedule

ZONES = (
    "UTC", "Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York",
    "America/Los_Angeles", "America/Sao_Paulo", "America/Havana", "America/St_Johns",
    "America/Santiago", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Beirut", "Asia/Tehran",
    "Africa/Cairo", "Africa/Casablanca", "Australia/Lord_Howe", "Australia/Adelaide",
    "Pacific/Auckland", "Pacific/Chatham",
)  # fmt: skip
MINUTE = timedelta(minutes=1)
YEARS = range(2022, 2027)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@lru_cache(maxsize=1000)
def values(text: str, low: int, high: int) -> frozenset[int]:
    """The dumb reading of one numeric field."""
    found: set[int] = set()
    for part in text.split(","):
        body, _, step = part.partition("/")
        if body in "*?":
            first, last = low, high
        else:
            start, dash, end = body.partition("-")
            first, last = int(start), int(end or start)
            last = high if step and not dash else last
        found |= set(range(first, last + 1, int(step or 1)))
    return frozenset(found)


def fires(text: str, at: datetime) -> bool:
    """The dumb reference: does this minute, as the zone's clocks show it, match?"""
    minute, hour, day, month, weekday = text.split()
    if at.minute not in values(minute, 0, 59) or at.hour not in values(hour, 0, 23):
        return False
    if at.month not in values(month, 1, 12):
        return False
    by_day = at.day in values(day, 1, 31)
    by_weekday = (at.weekday() + 1) % 7 in values(weekday, 0, 6)
    if (day[0] in "*?" and "/" not in day) or (weekday[0] in "*?" and "/" not in weekday):
        return by_day and by_weekday
    return by_day or by_weekday


def changes(zone: ZoneInfo) -> list[datetime]:
    """The hours at which the zone's clocks change in five years."""
    hours = [
        datetime(YEARS[0], 1, 1, tzinfo=UTC) + timedelta(hours=each)
        for each in range(len(YEARS) * 366 * 24)
    ]
    offsets = [hour.astimezone(zone).utcoffset() for hour in hours]
    return [hour for hour, (old, new) in zip(hours, pairwise(offsets), strict=False) if old != new]


CHANGES = {name: changes(ZoneInfo(name)) for name in ZONES}

FIELD = st.one_of(
    st.just("*"),
    st.sampled_from(["*/2", "*/5", "*/7", "?"]),
)


def field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    span = st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}")
    stepped = st.tuples(span, st.integers(1, 9)).map(lambda pair: f"{pair[0]}/{pair[1]}")
    some = st.lists(number, min_size=1, max_size=3).map(lambda found: ",".join(map(str, found)))
    return st.one_of(FIELD, number.map(str), span, stepped, some)


SCHEDULES = st.tuples(
    field(0, 59), st.one_of(field(0, 23), st.sampled_from(["0", "1", "2", "3", "1-3", "23"])),
    st.one_of(st.just("*"), field(1, 31)), st.one_of(st.just("*"), field(1, 12)),
    st.one_of(st.just("*"), field(0, 6)),
).map(" ".join)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(data=st.data(), text=SCHEDULES, name=st.sampled_from(ZONES))
def test_firings_around_changes_of_clocks_are_those_of_the_dumb_reference(
    data: st.DataObject, text: str, name: str
) -> None:
    zone = ZoneInfo(name)
    middle = data.draw(st.sampled_from(CHANGES[name] or [utc("2024-02-28T12:00")]))
    start = middle - timedelta(hours=data.draw(st.integers(1, 30)), minutes=17)
    end = start + timedelta(hours=52)
    found = firings(Schedule.parse(text, zone), start, end)
    minutes = (start.replace(second=0) + MINUTE * each for each in range(1, 52 * 60 + 1))
    assert found == [at for at in minutes if fires(text, at.astimezone(zone))]


@lru_cache(maxsize=1)
def around(name: str) -> list[list[tuple[datetime, datetime]]]:
    """The minutes of the eight hours around each change of clocks, and what these show then."""
    zone = ZoneInfo(name)
    firsts = (change - timedelta(hours=4) for change in CHANGES[name])
    minutes = ([first + MINUTE * each for each in range(8 * 60)] for first in firsts)
    return [[(at, at.astimezone(zone)) for at in hours] for hours in minutes]


@pytest.mark.parametrize("name", ZONES)
@settings(max_examples=12, deadline=None)
@given(text=SCHEDULES)
@example(text="30 2 * * *")
@example(text="*/7 0-4 * * *")
@example(text="0 * * * 0")
@example(text="15 23 1-7 * 0")
@example(text="59 1,3 * 3,4,9-11 *")
def test_at_every_change_of_clocks_in_five_years_firings_are_those_of_the_dumb_reference(
    name: str, text: str
) -> None:
    schedule = Schedule.parse(text, ZoneInfo(name))
    for minutes in around(name):
        first, last = minutes[0][0], minutes[-1][0]
        expected = [at for at, shown in minutes if fires(text, shown)]
        assert firings(schedule, first - MINUTE, last) == expected, first


def firings(schedule: Schedule, after: datetime, last: datetime) -> list[datetime]:
    found = []
    at = schedule.next_after(after)
    while at is not None and at <= last:
        found.append(at)
        at = schedule.next_after(at)
    return found


@settings(max_examples=60, deadline=None)
@given(text=SCHEDULES.filter(lambda text: not set("?-") & set(text)))
def test_next_times_agree_with_croniter(text: str) -> None:
    day, weekday = text.split()[2], text.split()[4]
    if "*/" in day or "*/" in weekday:
        return  # croniter joins the two day fields by another rule there
    start = utc("2026-01-31T23:30")
    schedule = Schedule.parse(text)
    try:
        expected = croniter(text, start, ret_type=datetime, max_years_between_matches=4).get_next()
    except Exception:
        expected = None
    found = schedule.next_after(start)
    assert expected is None or found == expected


def test_a_time_that_clocks_skip_does_not_fire_and_one_that_comes_twice_fires_twice() -> None:
    schedule = Schedule.parse("30 2 * * *", ZoneInfo("Europe/Berlin"))
    spring = schedule.next_after(utc("2026-03-28T12:00"))
    assert spring == utc("2026-03-30T00:30")
    first = schedule.next_after(utc("2026-10-24T12:00"))
    assert first == utc("2026-10-25T00:30")
    assert schedule.next_after(utc("2026-10-25T00:30")) == utc("2026-10-25T01:30")


NEXT = [
    ("CRON_TZ=Asia/Beirut 30 9 29 3 *", "2026-03-28T00:00", "2026-03-29T06:30"),
    ("CRON_TZ=Australia/Lord_Howe 27 5 * * 0", "2026-09-27T00:00", "2026-10-03T18:27"),
    ("+5 * * * *", "2026-03-04T00:00", "2026-03-04T00:05"),
    ("@hourly", "2026-01-01T00:30", "2026-01-01T01:00"),
    ("@daily", "2026-01-01T00:00", "2026-01-02T00:00"),
    ("@weekly", "2026-01-01T00:00", "2026-01-04T00:00"),
    ("@monthly", "2026-01-31T00:00", "2026-02-01T00:00"),
    ("@yearly", "2026-01-31T00:00", "2027-01-01T00:00"),
    ("@every 90s", "2026-01-01T00:00", "2026-01-01T00:01:30"),
    ("0 0 29 2 *", "2026-01-01T00:00", "2028-02-29T00:00"),
    ("0 9 * * MON-fri", "2026-01-02T10:00", "2026-01-05T09:00"),
    ("0 0 1 jan,Jul *", "2026-01-01T00:00", "2026-07-01T00:00"),
    ("0 0 ? * 1", "2026-01-01T00:00", "2026-01-05T00:00"),
    ("50/5 3 * * *", "2026-01-01T00:00", "2026-01-01T03:50"),
    ("0 0 13 * 5", "2026-01-03T00:00", "2026-01-09T00:00"),
    ("CRON_TZ=Asia/Tokyo 0 9 * * *", "2026-01-01T01:00", "2026-01-02T00:00"),
    ("TZ=Asia/Tokyo 0 9 * * *", "2026-01-01T01:00", "2026-01-02T00:00"),
]


@pytest.mark.parametrize(("text", "after", "expected"), NEXT)
def test_next_after(text: str, after: str, expected: str) -> None:
    assert Schedule.parse(text).next_after(utc(after)) == utc(expected)


def test_a_day_that_never_comes_has_no_next_time() -> None:
    assert Schedule.parse("0 0 30 2 *").next_after(utc("2026-01-01T00:00")) is None


BROKEN = [
    ("", "empty spec string"),
    ("* * * *", "expected exactly 5 fields, found 4"),
    ("60 * * * *", "end of range (60) above maximum (59)"),
    ("* * 0 * *", "beginning of range (0) below minimum (1)"),
    ("* * * * 7", "above maximum (6)"),
    ("5-1 * * * *", "beyond end of range"),
    ("*/0 * * * *", "step of range should be a positive number"),
    ("1-2-3 * * * *", "too many hyphens"),
    ("1/2/3 * * * *", "too many slashes"),
    ("x * * * *", "failed to parse int from x"),
    ("@often", "unrecognized descriptor: @often"),
    ("@every soon", "failed to parse duration"),
    ("CRON_TZ=Mars/Base 0 * * * *", "unknown time zone Mars/Base"),
]


@pytest.mark.parametrize(("text", "message"), BROKEN)
def test_malformed_schedules_say_why(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        Schedule.parse(text)
    assert message in caught.value.message
