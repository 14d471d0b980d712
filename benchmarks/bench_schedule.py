"""Forecasts, rehearsals and the firing of crons, in figures.

::

    python benchmarks/bench_schedule.py [--quick] [--hour MINUTES] [--folder FOLDER] [--save]

The forecast of a year of 1,000 hourly crons; rehearsals of one-step runs at two sizes, for how the
cost grows; 10,000 crons that fire: the delay from the tick to when the Workflow is stored. Of the
spread over an hour twice, with the cron controller alone on a clock that is moved from minute to
minute, and with ``--hour`` through the whole engine in real time (``schedule_hour.py``: 60 takes
an hour and some); and of a burst in one minute.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import results
import schedule_hour
from results import row

from toolkit.adapters.embedded import EmbeddedCluster, logical_cluster
from toolkit.adapters.sqlite.database import Database
from toolkit.adapters.sqlite.objects import SqliteObjects
from toolkit.controllers.cron_controller import CronController
from toolkit.errors import ToolkitError
from toolkit.report.schedule import Calendar, schedule_text
from toolkit.resource.resource import Body
from toolkit.workflow.cron.forecast import Planned, forecast
from toolkit.workflow.cron.schedule import Schedule
from toolkit.workflow.cron.tally import Tally, counted
from toolkit.workflow.rehearsal.experience import Experience
from toolkit.workflow.rehearsal.rehearsal import Rehearsal, Stage
from toolkit.workflow.rehearsal.steps import Actors
from toolkit.workflow.rehearsal.stock import Stock
from toolkit.workflow.spec.definition import SCHEDULED_TIME

HEADING = "Schedule"
START = datetime(2026, 1, 1, tzinfo=UTC)
ZONES = ("Europe/Rome", "America/New_York", "Asia/Kolkata", "UTC", "Australia/Lord_Howe")
NAMESPACE = "data"


MOST_FORECAST_S = 60
FEWEST_REHEARSED = 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--hour", type=int, default=0, help="so many minutes of it, in real time")
    parser.add_argument("--folder", help="where states are kept: its disk is what is measured")
    parser.add_argument("--save", action="store_true", help=f"write {results.RESULTS.name}")
    options = parser.parse_args()
    lines = []
    for line in _rows(options):
        print(line, file=sys.stderr)
        lines.append(line)
    text = "\n".join([*results.table(lines), "", results.circumstances()])
    print(text)
    if options.save:
        results.put(HEADING, text)


def _rows(options: argparse.Namespace) -> Iterator[str]:
    scale = 10 if options.quick else 1
    yield from forecasts(1_000 // scale)
    yield from rehearsals(20_000 // scale)
    yield from firing(10_000 // scale, minutes=3 if options.quick else 10, folder=options.folder)
    if options.hour:
        yield from schedule_hour.rows(10_000 // scale, options.hour, options.folder)


def forecasts(size: int) -> Iterator[str]:
    """Of a year, of crons in several zones and of every policy."""
    crons = [
        Planned(
            f"cron-{number}",
            (Schedule.parse(f"{number % 60} * * * *", ZoneInfo(ZONES[number % len(ZONES)])),),
            ("Allow", "Forbid", "Replace")[number % 3],
            4000.0 if number % 2 else None,
        )
        for number in range(size)
    ]
    end = START + timedelta(days=365)
    spent = _Spent()
    runs = sum(1 for _ in counted(forecast(crons, START, end), crons, Tally()))
    what = f"forecast of a year, {size:,} hourly crons: {runs:,} runs"
    yield row(what, spent.text(), f"{MOST_FORECAST_S} s", spent.cpu_s < MOST_FORECAST_S)
    spent = _Spent()
    calendar = Calendar("bench", START, end, crons)
    written = sum(len(piece) for piece in schedule_text(calendar, forecast(crons, START, end)))
    yield row(f"the same as text, {written / 1e6:,.0f} MB", spent.text())


def rehearsals(size: int) -> Iterator[str]:
    """At two sizes: the cost of a run must not grow with their number."""
    for runs in (size, 4 * size):
        crons = [_cron(f"cron-{number}", f"{number % 60} * * * *") for number in range(100)]
        stage = Stage(crons, Stock([]), Actors(Experience()))
        rehearsal = Rehearsal(stage, START, START + timedelta(hours=runs // 100))
        spent = _Spent()
        played = sum(1 for _ in rehearsal.play())
        rate = played / spent.cpu_s
        yield row(
            f"rehearsal of {played:,} one-step runs",
            f"{rate:,.0f} runs a second of CPU: {spent.text()}",
            f"{FEWEST_REHEARSED:,}/s",
            rate >= FEWEST_REHEARSED,
        )


class _Spent:
    """Time from now on. Targets are held by CPU: others use the machine."""

    def __init__(self) -> None:
        self._began, self._worked = time.perf_counter(), time.process_time()

    @property
    def cpu_s(self) -> float:
        return time.process_time() - self._worked

    def text(self) -> str:
        return f"{time.perf_counter() - self._began:.1f} s ({self.cpu_s:.1f} s of CPU)"


def _cron(name: str, schedule: str) -> dict[str, Any]:
    container = {"name": "main", "container": {"image": "any", "command": ["true"]}}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "CronWorkflow",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "schedules": [schedule],
            "workflowSpec": {"entrypoint": "main", "templates": [container]},
        },
    }


class _Clock:
    """The machine's time, moved."""

    def __init__(self) -> None:
        self._offset = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def jump_to(self, instant: datetime) -> None:
        self._offset = instant - datetime.now(UTC)


class _Recorder(EmbeddedCluster):
    """Notes how late each Workflow comes."""

    def watch_delays(self, clock: _Clock, expected: int) -> None:
        self._clock = clock
        self._expected = expected
        self.delays: list[float] = []
        self.is_complete = threading.Event()

    def create_all(self, bodies: Sequence[Body]) -> tuple[Body | ToolkitError, ...]:
        made = super().create_all(bodies)
        for body in bodies:
            scheduled = body["metadata"]["annotations"][SCHEDULED_TIME]
            late = self._clock.now() - datetime.fromisoformat(scheduled)
            self.delays.append(late.total_seconds() * 1000)
        if len(self.delays) >= self._expected:
            self.is_complete.set()
        return made


def firing(size: int, *, minutes: int, folder: str | None = None) -> Iterator[str]:
    """The controller alone: nothing runs what it makes."""
    spread = _fired([f"{number % 60} * * * *" for number in range(size)], minutes, folder=folder)
    what = f"firing delay, {size:,} crons over an hour, {minutes} minutes of it"
    yield schedule_hour.delay_row(f"{what}, the controller alone", spread)
    burst = _fired(["30 * * * *"] * size, 1, first=30, folder=folder)
    text = schedule_hour.spread_text(burst)
    yield row(f"firing delay, {size:,} crons in one minute, the controller alone", text)


def _fired(
    schedules: Sequence[str], minutes: int, *, first: int = 1, folder: str | None
) -> list[float]:
    """Milliseconds late, of the crons of some minutes, each begun two seconds before."""
    clock = _Clock()
    begin = datetime(2026, 3, 2, 12, tzinfo=UTC)
    clock.jump_to(begin)
    with (
        tempfile.TemporaryDirectory(dir=folder) as home,
        Database(Path(home) / "state.db") as database,
    ):
        logical = logical_cluster(SqliteObjects(database), "bench", clock)
        logical.ensure(NAMESPACE)
        cluster = _Recorder(logical)
        for number, schedule in enumerate(schedules):
            cluster.create(_cron(f"cron-{number}", schedule))
        due = sum(_fires(schedule, range(first, first + minutes)) for schedule in schedules)
        cluster.watch_delays(clock, due)
        clock.jump_to(begin)
        controller = CronController(
            "bench", cluster, clock=clock, notice=lambda _: None, on_error=_raise
        )
        controller.start()
        try:
            _settled(controller, len(schedules))
            for minute in range(first, first + minutes):
                clock.jump_to(begin + timedelta(minutes=minute) - timedelta(seconds=2))
                controller.loop.soon(lambda: None)  # the clock was set: look at it
                wanted = sum(_fires(schedule, range(first, minute + 1)) for schedule in schedules)
                while len(cluster.delays) < wanted:
                    cluster.is_complete.wait(0.1)
        finally:
            controller.close()
        return cluster.delays


def _fires(schedule: str, minutes: range) -> bool:
    return int(schedule.split(maxsplit=1)[0]) in minutes


def _settled(controller: CronController, size: int) -> None:
    """Every cron has been decided on once."""
    known = threading.Event()
    while True:
        controller.loop.soon(known.set)
        known.wait()
        known.clear()
        if sum(cron.turn > 0 for cron in list(controller._crons.values())) >= size:  # noqa: SLF001
            return
        time.sleep(0.05)


def _raise(error: Exception) -> None:
    raise error


if __name__ == "__main__":
    main()
