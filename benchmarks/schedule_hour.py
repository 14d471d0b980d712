"""Crons that fire through the whole engine, on the machine's own clock, for as long as asked.

::

    python benchmarks/schedule_hour.py [--crons 10000] [--minutes 60] [--folder FOLDER]

The crons are spread over the hour's minutes, and every run is one step that is really run. What is
measured is how long after its tick a Workflow is stored; beside it, how long runs take and what
the engine costs. What a minute brought is told on stderr.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from engine_workspace import ENVIRONMENT, NAMESPACE, workflow, workspace_folder
from results import row

from toolkit.adapters.embedded import EmbeddedCluster, logical_cluster
from toolkit.controllers.cron_controller import CRON_WORKFLOW
from toolkit.controllers.runs.active_run import RunNotice
from toolkit.errors import ToolkitError
from toolkit.repository.settings import Environment
from toolkit.resource.resource import Body
from toolkit.wiring import engine
from toolkit.wiring.clusters import Owner, own
from toolkit.wiring.workspace import Workspace
from toolkit.workflow.cron.due import LATEST_SCHEDULE
from toolkit.workflow.ports import LogStore
from toolkit.workflow.spec.definition import SCHEDULED_TIME

MOST_LATE_MS = 100
_MINUTE = timedelta(minutes=1)
_LOOK_AGAIN_S = 1.0
_DRAINED_S = 120.0


@dataclass(frozen=True, slots=True)
class Hour:
    """``late_ms``: of every run, ordered. ``ended``: of those, how many Succeeded; ``took_ms``:
    from the tick to that, ordered. ``cpu_s``: the engine's and its steps'.
    """

    late_ms: Sequence[float]
    expected: int
    ended: int
    took_ms: Sequence[float]
    cpu_s: tuple[float, float]
    peak_mib: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crons", type=int, default=10_000)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--folder", help="where the state is kept: its disk is what is measured")
    options = parser.parse_args()
    for line in rows(options.crons, options.minutes, options.folder):
        print(line)


def rows(crons: int, minutes: int, folder: str | None = None) -> list[str]:
    """Lines of the table of results."""
    found = measure(crons, minutes, folder)
    what = f"firing delay, {crons:,} crons over an hour, {minutes} minutes of it, the whole engine"
    runs = len(found.late_ms)
    engine_ms, steps_ms = (1000 * spent_s / runs for spent_s in found.cpu_s)
    figure = (
        f"{found.ended:,} of {found.expected:,} Succeeded, {spread_text(found.took_ms)} after the "
        f"tick; CPU a run: {engine_ms:.1f} ms the engine's, {steps_ms:.1f} ms the step's; "
        f"{found.peak_mib:,.0f} MiB"
    )
    is_met = found.ended == found.expected
    return [delay_row(what, found.late_ms), row("their runs", figure, "all", is_met)]


def delay_row(what: str, late_ms: Sequence[float]) -> str:
    """Beside its target."""
    p99 = percentile(late_ms, 0.99)
    return row(what, spread_text(late_ms), f"{MOST_LATE_MS} ms p99", p99 < MOST_LATE_MS)


def spread_text(milliseconds: Sequence[float]) -> str:
    """Median, 99th percentile and last of at least one."""
    p99, last = percentile(milliseconds, 0.99), max(milliseconds)
    return (
        f"median {statistics.median(milliseconds):,.0f} ms, p99 {p99:,.0f} ms, "
        f"last {last:,.0f} ms, of {len(milliseconds):,}"
    )


def percentile(values: Sequence[float], share: float) -> float:
    """Of at least one value."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def measure(crons: int, minutes: int, folder: str | None = None) -> Hour:
    with workspace_folder(folder) as root, own(workspace := Workspace(root)) as owner:
        environment = workspace.settings().environment(ENVIRONMENT)
        watched = _WatchedOwner(workspace, owner)
        for number in range(crons):
            watched.recorder(environment).create(_cron(number))
        with _running(watched, environment) as ends:
            cluster = watched.recorder(environment)
            _settle(cluster, crons)
            return _over(minutes, crons, cluster, ends)


def _over(minutes: int, crons: int, cluster: _Recorder, ends: dict[str, datetime]) -> Hour:
    first = _whole_minute(datetime.now(UTC)) + _MINUTE
    _sleep_until(first - timedelta(seconds=1))
    begun = _cpu()
    for number in range(minutes):
        _sleep_until(first + (number + 1) * _MINUTE - timedelta(seconds=1))
        _tell(first + number * _MINUTE, cluster, ends)
    made = cluster.since(first)
    deadline = time.monotonic() + _DRAINED_S
    while not made.keys() <= ends.keys() and time.monotonic() < deadline:
        time.sleep(_LOOK_AGAIN_S)
    spent = _cpu()
    return Hour(
        late_ms=sorted(late for _, late in made.values()),
        expected=sum(_fires_at(n, first, minutes) for n in range(crons)),
        ended=len(made.keys() & ends.keys()),
        took_ms=sorted(_ms(ends[run] - at) for run, (at, _) in made.items() if run in ends),
        cpu_s=(spent[0] - begun[0], spent[1] - begun[1]),
        peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def _tell(at: datetime, cluster: _Recorder, ends: Mapping[str, datetime]) -> None:
    made = {run: late for run, (tick, late) in cluster.since(at).items() if tick == at}
    ended = sum(run in ends for run in made)
    load = os.getloadavg()[0]
    text = f"{at:%H:%M}: {spread_text([*made.values()])}; {ended} ended; load {load:.1f}"
    print(text, file=sys.stderr, flush=True)


class _Recorder(EmbeddedCluster):
    """Notes when each run of a cron was stored: its tick, and how many milliseconds after it."""

    made: dict[str, tuple[datetime, float]]

    def create_all(self, bodies: Sequence[Body]) -> tuple[Body | ToolkitError, ...]:
        stored = super().create_all(bodies)
        now = datetime.now(UTC)
        for body in bodies:
            at = datetime.fromisoformat(body["metadata"]["annotations"][SCHEDULED_TIME])
            self.made[body["metadata"]["name"]] = at, _ms(now - at)
        return stored

    def since(self, first: datetime) -> dict[str, tuple[datetime, float]]:
        return {run: made for run, made in self.made.copy().items() if made[0] >= first}


class _WatchedOwner(Owner):
    """Its cluster is a recorder, always the same."""

    def __init__(self, workspace: Workspace, owner: Owner) -> None:
        super().__init__(workspace, owner.database, owner.clock)
        self._recorders: dict[str, _Recorder] = {}

    def recorder(self, environment: Environment) -> _Recorder:
        known = self._recorders.get(environment.name)
        return known or self.cluster(environment)

    def cluster(self, environment: Environment, *, log_store: LogStore | None = None) -> _Recorder:
        super().cluster(environment)
        logical = logical_cluster(self.objects, environment.name, self.clock)
        made = _Recorder(logical, log_store=log_store)
        made.made = {}
        self._recorders[environment.name] = made
        return made


@contextmanager
def _running(owner: Owner, environment: Environment) -> Iterator[dict[str, datetime]]:
    """The engine, and when each run Succeeded as the engine tells it."""
    ends: dict[str, datetime] = {}

    def notice(told: object) -> None:
        if isinstance(told, RunNotice) and told.phase == "Succeeded":
            ends[told.name] = datetime.now(UTC)

    with engine.start_engine(
        owner, owner.workspace, [environment], notice=notice, on_error=traceback.print_exception
    ):
        yield ends


def _settle(cluster: EmbeddedCluster, crons: int) -> None:
    """Until every cron has been decided on once, which its annotation tells."""
    while True:
        found = cluster.list(CRON_WORKFLOW, NAMESPACE).items
        noted = sum(LATEST_SCHEDULE in (c["metadata"].get("annotations") or {}) for c in found)
        if noted >= crons:
            return
        time.sleep(_LOOK_AGAIN_S)


def _cron(number: int) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "CronWorkflow",
        "metadata": {"name": f"cron-{number}", "namespace": NAMESPACE},
        "spec": {
            "schedules": [f"{number % 60} * * * *"],
            "workflowSpec": workflow("one", 1)["spec"],
        },
    }


def _fires_at(number: int, first: datetime, minutes: int) -> bool:
    return (number - first.minute) % 60 < minutes


def _whole_minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _sleep_until(at: datetime) -> None:
    while (left_s := (at - datetime.now(UTC)).total_seconds()) > 0:
        time.sleep(min(left_s, _LOOK_AGAIN_S))


def _ms(delta: timedelta) -> float:
    return 1000 * delta.total_seconds()


def _cpu() -> tuple[float, float]:
    """Seconds of this process, and of its children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    engine_s, steps_s = (usage.ru_utime + usage.ru_stime for usage in usages)
    return engine_s, steps_s


if __name__ == "__main__":
    main()
