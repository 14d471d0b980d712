"""The workflow engine: what a step costs beside xargs, and rates beside Luigi, Prefect, Airflow.

::

    python benchmarks/bench_engine.py [--peers FOLDER] [--quick] [--save]

CPU is the engine's and all its children's, by rusage. The least a step can cost, measured in the
same run: ``xargs -P2`` of the same command, plain against private folders, in a mount namespace
with a folder over ``/tmp`` against namespaces. ``--peers``: see ``engine_peers.py``; beside each
peer the engine runs the same, as many steps, as it does for its users; and ``xargs`` without any
isolation, one after another or two at once: what no engine with a process for each step can pass.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import engine_floor
import engine_peers
import results
from engine_latency import through_the_owner
from engine_workspace import scratch_folder

RUN = Path(__file__).with_name("engine_run.py")
MOST_OVER_FLOOR_MS = 3.0
LIGHT_STEPS = 40
STEPS = (
    ("fan-out", 1_000, ("namespaces", "folders")),
    ("chain", 1_000, ("namespaces", "folders")),
    ("dag", 10_000, ("namespaces",)),
)
SECTIONS = {"Engine": ("steps", "latency"), "Engine peers": ("peers",)}
"""Of the results: what is in each."""


def main() -> None:
    options = _options()
    with scratch_folder(options.folder) as folder:
        options.folder = str(folder)
        for heading, parts in SECTIONS.items():
            _measure(heading, parts, options)


def _measure(heading: str, parts: Sequence[str], options: argparse.Namespace) -> None:
    """A section of the results."""
    lines = []
    for row in _rows(options, [part for part in parts if part in options.parts]):
        print(row.text(), file=sys.stderr)
        lines.append(row.text())
    if lines:
        text = "\n".join([*results.table(lines), "", results.circumstances()])
        print(text)
        if options.save:
            results.put(heading, text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--folder", help="where states are kept: its disk is what is measured")
    parser.add_argument("--peers", type=Path, help="the folder of their virtual environments")
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many counts")
    parser.add_argument("--parts", default="steps,latency,peers", help="some of them")
    parser.add_argument("--save", action="store_true", help=f"write {results.RESULTS.name}")
    return parser.parse_args()


@dataclass(frozen=True)
class Row:
    """``is_met`` None: there is no target."""

    measure: str
    figure: str
    target: str = ""
    is_met: bool | None = None

    def text(self) -> str:
        return results.row(self.measure, self.figure, self.target, self.is_met)


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


def _rows(options: argparse.Namespace, parts: Sequence[str]) -> Iterator[Row]:
    scale = 10 if options.quick else 1
    if "steps" in parts:
        yield from _step_rows(options, scale)
    if "latency" in parts:
        yield from _latencies(options, 100 // scale)
    if "peers" in parts:
        yield from _beside_peers(options)


def _step_rows(options: argparse.Namespace, scale: int) -> Iterator[Row]:
    yield _light(options)
    floors = {
        isolation: engine_floor.measure(
            1_000 // scale, Path(options.folder), isolated=isolation == "namespaces"
        )
        for isolation in ("folders", "namespaces")
    }
    yield from _floor_rows(floors)
    for shape, steps, isolations in STEPS:
        for isolation in isolations:
            figures = _run(options, shape, steps // scale, isolation)
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


def _beside_peers(options: argparse.Namespace) -> Iterator[Row]:
    for peer in engine_peers.PEERS if options.peers else ():
        version = engine_peers.version(peer, options.peers)
        for shape in engine_peers.SHAPES if version else ():
            ours = _run(options, shape, peer.steps, "namespaces").rate
            bare = engine_floor.measure(
                peer.steps, Path(options.folder), at_once=2 if shape == "fan-out" else 1
            )
            for moment, theirs in engine_peers.rates(peer, options.peers, shape).items():
                times = ours / theirs
                most = f"; bare xargs {peer.steps / bare.wall_s / theirs:,.1f}" if bare else ""
                yield Row(
                    f"{peer.name} {version}, {shape} of {peer.steps:,}{moment}",
                    f"{theirs:,.1f} steps/s; the engine {ours:,.0f}, {times:,.1f} times that{most}",
                    f"{peer.times} times",
                    times >= peer.times,
                )


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


if __name__ == "__main__":
    main()
