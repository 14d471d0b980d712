"""Forecasts, rehearsals and the firing of crons, in figures.

::

    python benchmarks/bench_schedule.py [--quick] [--save]

The forecast of a year of 1,000 hourly crons; rehearsals of one-step runs at two sizes, for how the
cost grows; 10,000 crons that fire over an hour against the embedded cluster on disk: the delay
from the tick to the Workflow's creation, in sampled minutes, and of a burst in one minute.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from toolkit.adapters.embedded import EmbeddedCluster, logical_cluster
from toolkit.adapters.sqlite.database import Database
from toolkit.adapters.sqlite.objects import SqliteObjects
from toolkit.controllers.cron_controller import CronController
from toolkit.errors import ToolkitError
from toolkit.report.schedule import Calendar, schedule_text
from toolkit.resource.resource import Body
from toolkit.workflow.cron.forecast import Planned, Tally, counted, forecast
from toolkit.workflow.cron.schedule import Schedule
from toolkit.workflow.definition import SCHEDULED_TIME
from toolkit.workflow.experience import Experience
from toolkit.workflow.rehearsal import Rehearsal, Stage
from toolkit.workflow.rehearsal_steps import Actors
from toolkit.workflow.stock import Stock

RESULTS = Path(__file__).with_name("RESULTS.md")
HEADING = "## Time"
START = datetime(2026, 1, 1, tzinfo=UTC)
ZONES = ("Europe/Rome", "America/New_York", "Asia/Kolkata", "UTC", "Australia/Lord_Howe")
NAMESPACE = "data"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--save", action="store_true", help="write them to RESULTS.md")
    options = parser.parse_args()
    scale = 10 if options.quick else 1
    lines = [
        "| what | figure |",
        "|---|---|",
        *forecasts(1_000 // scale),
        *rehearsals(2_000 // scale),
        *firing(10_000 // scale, minutes=2 if options.quick else 10),
        "",
        f"{platform.machine()}, Python {platform.python_version()}.",
    ]
    text = "\n".join(lines)
    print(text)
    if options.save:
        _save(text)


def forecasts(size: int) -> list[str]:
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
    tally = Tally()
    began, worked = time.perf_counter(), time.process_time()
    runs = sum(1 for _ in counted(forecast(crons, START, end), crons, tally))
    took, work = time.perf_counter() - began, time.process_time() - worked
    began = time.perf_counter()
    calendar = Calendar("bench", START, end, crons)
    written = sum(len(piece) for piece in schedule_text(calendar, forecast(crons, START, end)))
    printed = time.perf_counter() - began
    figure = f"{took:.1f} s ({work:.1f} s of CPU)"
    return [
        f"| forecast of a year, {size:,} hourly crons: {runs:,} runs | {figure} |",
        f"| the same as text, {written / 1e6:,.0f} MB | {printed:.1f} s |",
    ]


def rehearsals(size: int) -> list[str]:
    rows = []
    for runs in (size, 4 * size):
        crons = [_cron(f"cron-{number}", f"{number % 60} * * * *") for number in range(100)]
        stage = Stage(crons, Stock([]), Actors(Experience()))
        rehearsal = Rehearsal(stage, START, START + timedelta(hours=runs // 100))
        began, worked = time.perf_counter(), time.process_time()
        played = sum(1 for _ in rehearsal.play())
        took, work = time.perf_counter() - began, time.process_time() - worked
        rate = f"{played / took:,.0f} runs/s ({played / work:,.0f} a second of CPU)"
        rows.append(f"| rehearsal of {played:,} one-step runs | {rate} |")
    return rows


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


def firing(size: int, *, minutes: int) -> list[str]:
    spread = _fired([f"{number % 60} * * * *" for number in range(size)], minutes)
    burst = _fired(["30 * * * *"] * size, 1, first=30)
    return [
        f"| firing delay, {size:,} crons over an hour, {minutes} minutes sampled | {spread} |",
        f"| firing delay, {size:,} crons in one minute | {burst} |",
    ]


def _fired(schedules: Sequence[str], minutes: int, *, first: int = 1) -> str:
    """Fires the crons of some minutes, each begun two seconds before."""
    clock = _Clock()
    begin = datetime(2026, 3, 2, 12, tzinfo=UTC)
    clock.jump_to(begin)
    with tempfile.TemporaryDirectory() as folder, Database(Path(folder) / "state.db") as database:
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
        return _figures(cluster.delays)


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


def _figures(delays: list[float]) -> str:
    ordered = sorted(delays)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return (
        f"median {statistics.median(ordered):,.0f} ms, p99 {p99:,.0f} ms, "
        f"last {ordered[-1]:,.0f} ms, of {len(ordered):,}"
    )


def _save(text: str) -> None:
    """In place of what stands under the heading."""
    known = RESULTS.read_text("utf-8") if RESULTS.exists() else "# Results\n"
    before, found, after = known.partition(f"{HEADING}\n")
    rest = after.partition("\n## ")
    tail = f"\n## {rest[2]}" if found and rest[1] else ""
    RESULTS.write_text(f"{before.rstrip()}\n\n{HEADING}\n\n{text}\n{tail}", "utf-8")


if __name__ == "__main__":
    main()
