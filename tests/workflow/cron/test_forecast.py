"""The forecast against the schedule it forecasts, and against a look at every minute."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflow.cron.test_schedule import CHANGES, SCHEDULES, ZONES, fires
from toolkit.workflow.cron.clock_changes import clock_changes
from toolkit.workflow.cron.forecast import Planned, forecast, planned
from toolkit.workflow.cron.instants import instant
from toolkit.workflow.cron.schedule import Schedule
from toolkit.workflow.cron.tally import Tally, counted

MINUTE = timedelta(minutes=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def cron(name: str, *texts: str, zone: str = "UTC", **fields: object) -> Planned:
    schedules = tuple(Schedule.parse(text, ZoneInfo(zone)) for text in texts)
    return Planned(name, schedules, **fields)  # type: ignore[arg-type]


def dumb(text: str, zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    found, at = [], start
    while at < end:
        if fires(text, at.astimezone(zone)):
            found.append(at)
        at += MINUTE
    return found


def ticks(text: str, zone: str, start: datetime, end: datetime) -> list[datetime]:
    return [instant(one.at) for one in forecast([cron("c", text, zone=zone)], start, end)]


@settings(max_examples=60, deadline=None)
@given(data=st.data(), text=SCHEDULES, name=st.sampled_from(ZONES))
def test_ticks_are_those_of_the_dumb_reference(data: st.DataObject, text: str, name: str) -> None:
    middle = data.draw(st.sampled_from(CHANGES[name] or [START]))
    start = middle - timedelta(hours=data.draw(st.integers(1, 30)))
    end = start + timedelta(hours=data.draw(st.integers(1, 60)))
    assert ticks(text, name, start, end) == dumb(text, ZoneInfo(name), start, end)


EVERY_CHANGE = ("*/7 * * * *", "30 * * * *", "0,15,59 0-3 * * *", "30 2 * * *", "0 0 * * 0")


def held_against_the_reference(name: str, changes: list[datetime]) -> None:
    zone = ZoneInfo(name)
    for middle in changes:
        start, end = middle - timedelta(hours=26), middle + timedelta(hours=26)
        for text in EVERY_CHANGE:
            expected = dumb(text, zone, start, end)
            assert ticks(text, name, start, end) == expected, (name, text, middle)
            at, found = start - MINUTE, []
            schedule = Schedule.parse(text, zone)
            while (at := schedule.next_after(at) or end) < end:
                found.append(at)
            assert found == expected, (name, text, middle)


@pytest.mark.parametrize("name", ZONES[1::4])
def test_a_change_of_clocks_is_as_a_look_at_every_minute_says(name: str) -> None:
    held_against_the_reference(name, CHANGES[name][:2])


@pytest.mark.soak
@pytest.mark.parametrize("name", ZONES)
def test_all_changes_of_five_years_are_as_a_look_at_every_minute_says(name: str) -> None:
    held_against_the_reference(name, CHANGES[name])


def test_many_crons_come_in_order_of_time_then_of_the_crons() -> None:
    crons = [cron("late", "30 * * * *"), cron("b", "0 * * * *"), cron("a", "0 * * * *")]
    found = [(instant(one.at), one.cron) for one in forecast(crons, START, START + 3 * DAY)]
    assert found == sorted(found)
    assert len(found) == 3 * 72


def test_schedules_that_meet_make_one_run() -> None:
    both = cron("c", "0 * * * *", "*/30 * * * *")
    assert len(list(forecast([both], START, START + DAY))) == 48


def test_a_fixed_delay_counts_from_the_beginning() -> None:
    found = ticks("@every 7h", "UTC", START, START + DAY)
    assert found == [START + timedelta(hours=7 * each) for each in (1, 2, 3)]


FATES = [
    ("Allow", ["runs", "beside", "beside", "beside"]),
    ("Forbid", ["runs", "skipped", "runs", "skipped"]),
    ("Replace", ["runs", "replaces", "replaces", "replaces"]),
]


@pytest.mark.parametrize(("policy", "fates"), FATES)
def test_runs_that_last_longer_than_the_time_between_them_meet(
    policy: str, fates: list[str]
) -> None:
    hourly = cron("c", "0 * * * *", policy=policy, duration_s=5400.0)
    assert [one.fate for one in forecast([hourly], START, START + DAY)][:4] == fates


def test_the_tally_knows_busy_minutes_and_first_overlaps() -> None:
    crons = [
        cron("a", "0 * * * *"),
        cron("b", "0 6 * * *"),
        cron("c", "0 6,7 * * *", duration_s=4000.0),
    ]
    tally = Tally()
    assert len(list(counted(forecast(crons, START, START + DAY), crons, tally))) == 27
    at_six = int((START + timedelta(hours=6)).timestamp())
    assert (tally.total, tally.ticks, tally.overlaps) == (27, [24, 1, 2], [0, 0, 1])
    assert tally.busiest == [(at_six, 3), (at_six + 3600, 2)]
    assert tally.first_overlap == [None, None, at_six + 3600]


@given(st.lists(st.sampled_from(["0 * * * *", "*/20 * * * *", "5 6 * * *"]), max_size=6))
def test_busy_minutes_are_those_counted_one_by_one(texts: list[str]) -> None:
    crons = [cron(str(index), text) for index, text in enumerate(texts)]
    tally = Tally()
    at = [one.at for one in counted(forecast(crons, START, START + DAY), crons, tally)]
    expected = sorted((-n, minute) for minute, n in Counter(at).items() if n > 1)
    assert tally.busiest == [(minute, -n) for n, minute in expected[:10]]


def test_skipped_and_doubled_times_are_named() -> None:
    crons = [cron("c", "30 2 * * *", "0 12 * * *", zone="Europe/Berlin"), cron("utc", "30 2 * * *")]
    found = clock_changes(crons, START, START + 365 * DAY)
    assert [(one.cron, one.is_gap, one.times) for one in found] == [
        (0, True, ("02:30",)),
        (0, False, ("02:30",)),
    ]
    assert [instant(one.at) for one in found] == [
        datetime(2026, 3, 29, 1, tzinfo=UTC),
        datetime(2026, 10, 25, 1, tzinfo=UTC),
    ]


def test_half_an_hour_counts_too() -> None:
    found = clock_changes([cron("c", "*/15 * * * *", zone="Australia/Lord_Howe")],
                          START, START + 365 * DAY)  # fmt: skip
    assert [one.times for one in found] == [("01:30", "01:45"), ("02:00", "02:15")]


def test_a_cron_is_planned_as_its_object_says() -> None:
    body = {
        "metadata": {"name": "c"},
        "spec": {"schedules": ["0 1 * * *"], "timezone": "Asia/Tokyo", "suspend": True,
                 "concurrencyPolicy": "Forbid"},
    }  # fmt: skip
    found = planned(body, 12.0)
    assert (found.name, found.policy, found.duration_s, found.is_suspended) == (
        "c", "Forbid", 12.0, True,
    )  # fmt: skip
    assert [str(one.zone) for one in found.schedules] == ["Asia/Tokyo"]
