"""The workflow engine: what a step costs beside xargs, and rates beside Luigi, Prefect, Airflow.

::

    python benchmarks/bench_engine.py [--peers FOLDER] [--quick] [--save]

CPU is the engine's and all its children's, by rusage. The least a step can cost, measured in the
same run: ``xargs -P2`` of the same command, plain against private folders, in a mount namespace
with a folder over ``/tmp`` against namespaces. ``--peers``: see ``engine_peers.py``. The crons,
the forecast and the rehearsal are those of ``bench_schedule.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import bench_schedule
import engine_floor
import engine_peers
from engine_latency import through_the_owner

RESULTS = Path(__file__).with_name("RESULTS.md")
HEADING = "## Engine"
RUN = Path(__file__).with_name("engine_run.py")
MOST_OVER_FLOOR_MS = 3.0
LIGHT_STEPS = 40
STEPS = (
    ("fan-out", 1_000, ("namespaces", "folders")),
    ("chain", 1_000, ("namespaces", "folders")),
    ("dag", 10_000, ("namespaces",)),
)
PARTS = ("steps", "latency", "peers", "time")
TIME_TARGETS: tuple[tuple[str, str, str, Callable[[float], bool]], ...] = (
    ("forecast", r"\(([\d,.]+) s of CPU", "60 s of CPU", lambda found: found < 60),
    ("rehearsal", r"\(([\d,.]+) a second of CPU", "1,000/s", lambda found: found >= 1_000),
    ("firing delay, .* over an hour", r"p99 ([\d,.]+) ms", "100 ms p99", lambda found: found < 100),
)
"""What the line begins with, where its figure is, the target. By CPU: others use this machine."""


def main() -> None:
    options = _options()
    lines = ["| measure | figure | target | |", "|---|---|---|---|"]
    rates: dict[str, float] = {}
    for row in _rows(options, rates):
        print(row.text(), file=sys.stderr)
        lines.append(row.text())
    text = "\n".join([*lines, "", _circumstances()])
    print(text)
    if options.save:
        _save(text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--folder", help="where states are kept: its disk is what is measured")
    parser.add_argument("--peers", type=Path, help="the folder of their virtual environments")
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many counts")
    parser.add_argument("--parts", default=",".join(PARTS), help="some of them, with commas")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}")
    return parser.parse_args()


@dataclass(frozen=True)
class Row:
    """``is_met`` None: there is no target."""

    measure: str
    figure: str
    target: str = ""
    is_met: bool | None = None

    def text(self) -> str:
        verdict = {True: "met", False: "missed", None: ""}[self.is_met]
        return f"| {self.measure} | {self.figure} | {self.target} | {verdict} |"


@dataclass(frozen=True)
class Figures:
    """Of one process that ran workflows: seconds of each, CPU milliseconds for each step."""

    walls: list[float]
    cpu_ms: float
    engine_ms: float
    peak_mib: float
    steps: int

    @property
    def rate(self) -> float:
        return self.steps / self.walls[0]


def _rows(options: argparse.Namespace, rates: dict[str, float]) -> Iterator[Row]:
    scale = 10 if options.quick else 1
    if "steps" in options.parts:
        yield from _step_rows(options, scale, rates)
    if "latency" in options.parts:
        yield from _latencies(options, 100 // scale)
    if "peers" in options.parts:
        yield from _beside_peers(options, rates)
    if "time" in options.parts:
        yield from _time_rows(scale)


def _step_rows(options: argparse.Namespace, scale: int, rates: dict[str, float]) -> Iterator[Row]:
    yield _light(options)
    floors = {
        isolation: engine_floor.measure(1_000 // scale, isolated=isolation == "namespaces")
        for isolation in ("folders", "namespaces")
    }
    yield from _floor_rows(floors)
    for shape, steps, isolations in STEPS:
        for isolation in isolations:
            figures = _run(options, shape, steps // scale, isolation)
            rates[shape] = max(rates.get(shape, 0.0), figures.rate)
            yield _step_row(shape, isolation, figures, floors[isolation])


def _light(options: argparse.Namespace) -> Row:
    best = min(
        _run(options, "fan-out", LIGHT_STEPS, "namespaces").walls[0] for _ in range(options.rounds)
    )
    return Row(f"{LIGHT_STEPS} light tasks", f"{best:.2f} s", "1 s", best < 1)


def _floor_rows(floors: dict[str, engine_floor.Floor | None]) -> Iterator[Row]:
    for isolation, floor in floors.items():
        if floor is not None:
            how = "plain" if isolation == "folders" else "with a mount namespace and /tmp"
            yield Row(f"`xargs -P2` of `true`, {how}", f"{floor.cpu_ms:.2f} ms CPU each")


def _step_row(
    shape: str, isolation: str, figures: Figures, floor: engine_floor.Floor | None
) -> Row:
    over = None if floor is None else figures.cpu_ms - floor.cpu_ms
    told = "no xargs to compare with" if over is None else f"{over:+.2f} ms over xargs"
    return Row(
        f"{shape} of {figures.steps:,}, {isolation}",
        f"{figures.rate:,.0f} steps/s, {figures.cpu_ms:.2f} ms CPU each "
        f"({figures.engine_ms:.2f} the engine's), {told}; {figures.peak_mib:,.0f} MiB",
        f"{MOST_OVER_FLOOR_MS:g} ms over",
        None if over is None else over <= MOST_OVER_FLOOR_MS,
    )


def _latencies(options: argparse.Namespace, times: int) -> Iterator[Row]:
    figures = _run(options, "one", 1, "namespaces", times=times)
    found = {
        "in process": 1000 * statistics.median(figures.walls),
        "through the API of `gitops up`": through_the_owner(times, options.folder),
    }
    for how, median in found.items():
        measure = f"a one-step workflow, from submission to Succeeded, {how}"
        yield Row(measure, f"{median:.0f} ms median", "60 ms", median < 60)


def _beside_peers(options: argparse.Namespace, rates: dict[str, float]) -> Iterator[Row]:
    for peer in engine_peers.PEERS if options.peers else ():
        version = engine_peers.version(peer, options.peers)
        for shape in ("fan-out", "chain") if version else ():
            theirs = engine_peers.rate(peer, options.peers, shape)
            if theirs is not None:
                times = rates[shape] / theirs
                figure = f"{theirs:,.1f} steps/s; the engine {times:,.1f} times that"
                measure = f"{peer.name} {version}, {shape} of {peer.steps:,}"
                yield Row(measure, figure, f"{peer.times} times", times >= peer.times)


def _time_rows(scale: int) -> Iterator[Row]:
    """The lines of the other benchmark, each ``| what | figure |``."""
    lines = [
        *bench_schedule.forecasts(1_000 // scale),
        *bench_schedule.rehearsals(2_000 // scale),
        *bench_schedule.firing(10_000 // scale, minutes=2 if scale > 1 else 10),
    ]
    for line in lines:
        _, what, figure, _ = (part.strip() for part in line.split("|"))
        yield _time_row(what, figure)


def _time_row(what: str, figure: str) -> Row:
    for begins, where, target, is_met in TIME_TARGETS:
        found = re.search(where, figure) if re.match(begins, what) else None
        if found:
            return Row(what, figure, target, is_met(float(found[1].replace(",", ""))))
    return Row(what, figure)


def _run(
    options: argparse.Namespace, shape: str, steps: int, isolation: str, *, times: int = 1
) -> Figures:
    words = [sys.executable, str(RUN), shape, str(steps), "--isolation", isolation]
    words += ["--times", str(times)]
    words += ["--folder", options.folder] if options.folder else []
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(done.stdout)
    each = 1000 / (steps * times)
    return Figures(
        found["walls"],
        each * (found["cpu_engine"] + found["cpu_steps"]),
        each * found["cpu_engine"],
        found["peak_mib"],
        steps,
    )


def _circumstances() -> str:
    return (
        f"{time.strftime('%Y-%m-%d')}, Python {platform.python_version()}, {os.cpu_count()} cores "
        f"of {platform.machine()}, load average {os.getloadavg()[0]:.1f} at the end (others' work "
        f"included); `python benchmarks/bench_engine.py {' '.join(_shown(sys.argv[1:]))}`. CPU is "
        "what the kernel counts for the engine and all its children. Crons: on the machine's "
        "clock, moved to two seconds before each minute sampled."
    )


def _shown(arguments: list[str]) -> list[str]:
    """Without this machine's paths."""
    hidden = {arguments.index(name) + 1 for name in ("--peers", "--folder") if name in arguments}
    return ["…" if number in hidden else word for number, word in enumerate(arguments)]


def _save(text: str) -> None:
    """In place of what stands under the heading."""
    known = RESULTS.read_text("utf-8") if RESULTS.exists() else "# Benchmarks\n"
    before, found, after = known.partition(f"{HEADING}\n")
    rest = after.partition("\n## ")
    tail = f"\n## {rest[2]}" if found and rest[1] else ""
    RESULTS.write_text(f"{before.rstrip()}\n\n{HEADING}\n\n{text}\n{tail}", "utf-8")


if __name__ == "__main__":
    main()
