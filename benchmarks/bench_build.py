"""gitops build against the real kustomize, in one run, as ratios.

::

    python benchmarks/bench_build.py [--sizes 10,100,1000] [--rounds 5] [--growth] [--save]

Repositories of N CronWorkflows with N/10 WorkflowTemplates, ConfigMaps and generators; the overlay
sets namespace, labels, images and suspends every cron by one patch. Medians of wall time, from cold
and with a render that is kept: nothing changed since, or one cron's file. All print the same bytes,
or the run fails. CPU time is of ours after one change: on a busy machine it says more.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import results
from build_repository import make_repository

OURS = [str(Path(sys.executable).with_name("gitops")), "build"]
HEADING = "Build"
COLUMNS = (
    "overlay, crons",
    "gitops",
    "peak",
    "again",
    "one changed",
    "its CPU",
    "kustomize",
    "peak",
    "ratio",
    "again",
    "one changed",
)
SETTLED_S = 0.1
GROWTH_SIZES = (1_000, 3_000, 10_000, 30_000)


def main() -> None:
    options = _options()
    peer = shutil.which("kustomize") or str(Path.home() / "go/bin/kustomize")
    has_peer = Path(peer).is_file()
    rows = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for size in options.sizes:
            repository = make_repository(root / str(size), size)
            for variant in options.variants:
                target = str(repository / "overlays" / variant)
                name = f"{variant}, {size:,}"
                rows.append(_compared(name, target, peer if has_peer else "", root / "c", options))
                print(rows[-1], flush=True)
        if options.growth:
            rows += ["", _growth(root)]
            print(rows[-1])
    text = "\n".join([*rows, "", f"{_machine()}, {options.rounds} rounds."])
    print(text)
    if options.save:
        results.put(HEADING, text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=_numbers, default=[10, 100, 1000])
    parser.add_argument("--variants", type=lambda text: text.split(","), default=["staging"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--patience", type=float, default=20, help="seconds beyond which the peer runs only once"
    )
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--save", action="store_true", help=f"write {results.RESULTS.name}")
    return parser.parse_args()


def _numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]


def _compared(name: str, target: str, peer: str, cache: Path, options: argparse.Namespace) -> str:
    """One row. The programs take turns, so that a busy machine is unfair to none."""
    cold = Timing([*OURS, target], {"GITOPS_CACHE": "off"})
    warm = Timing([*OURS, target], {"GITOPS_CACHE": str(cache)})
    edited = Timing([*OURS, target], {"GITOPS_CACHE": str(cache)})
    theirs = Timing([peer, "build", target], {})
    file = Path(target).parents[1] / "crons/cron-00007.yaml"
    warm.run(counts=False)
    for number in range(options.rounds + 1):
        _edit(file, number)
        edited.run(counts=number > 0)
        warm.run(counts=number > 0)
        cold.run(counts=number > 0)
        if not cold.output == warm.output == edited.output:
            sys.exit(f"{name}: the outputs differ")
        if peer and (number == 0 or theirs.last < options.patience):
            theirs.run(counts=number > 0)
            if theirs.output != cold.output:
                sys.exit(f"{name}: the outputs differ")
    ours = (
        f"{cold.median:.3f} s | {cold.peak} MiB | {warm.median:.3f} s | {edited.median:.3f} s "
        f"| {edited.cpu_median:.3f} s"
    )
    if not peer:
        return f"| {name} | {ours} | absent | | | | |"
    ratios = " | ".join(
        f"{theirs.median / one.median:.{digits}f}"
        for one, digits in ((cold, 1), (warm, 0), (edited, 0))
    )
    return f"| {name} | {ours} | {theirs.median:.3f} s | {theirs.peak} MiB | {ratios} |"


def _edit(file: Path, number: int) -> None:
    """Another value in a cron's file, which is left alone until it may be kept."""
    lines = file.read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if "backoffLimit" not in line]
    place = next(index for index, line in enumerate(lines) if "concurrencyPolicy" in line)
    lines.insert(place, f"  backoffLimit: {number}")
    file.write_text("\n".join([*lines, ""]), encoding="utf-8")
    time.sleep(SETTLED_S)


class Timing:
    """Wall and CPU times of a command, its output and its peak memory in MiB."""

    def __init__(self, command: Sequence[str], settings: Mapping[str, str]) -> None:
        self.command = command
        self.settings = settings
        self.output = b""
        self.times: list[float] = []
        self.cpu_times: list[float] = []
        self.last = 0.0
        self.peak = 0

    @property
    def median(self) -> float:
        """Of the runs that count; of the only one where the command is too slow for more."""
        return statistics.median(self.times or [self.last])

    @property
    def cpu_median(self) -> float:
        return statistics.median(self.cpu_times)

    def run(self, *, counts: bool) -> None:
        environment = _environment() | self.settings
        start = time.perf_counter()
        with subprocess.Popen(self.command, stdout=subprocess.PIPE, env=environment) as process:
            self.output = process.stdout.read() if process.stdout else b""
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{' '.join(self.command)} failed")
        self.last = time.perf_counter() - start
        self.peak = max(self.peak, usage.ru_maxrss // 1024)
        if counts:
            self.times.append(self.last)
            self.cpu_times.append(usage.ru_utime + usage.ru_stime)


def _environment() -> dict[str, str]:
    """Ours. Python may keep what it compiled, as after an installation."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def _growth(root: Path) -> str:
    """The exponent of CPU time, less start-up, over the sizes."""
    points: list[tuple[float, float]] = []
    floor = _cpu([*OURS, str(make_repository(root / "floor", 1) / "overlays/staging")])
    for size in GROWTH_SIZES:
        target = make_repository(root / f"growth{size}", size) / "overlays/staging"
        points.append((math.log(size), math.log(_cpu([*OURS, str(target)]) - floor)))
    slope = statistics.linear_regression(*zip(*points, strict=True)).slope
    sizes = " to ".join(f"{size:,}" for size in (GROWTH_SIZES[0], GROWTH_SIZES[-1]))
    return f"Growth exponent of CPU time less start-up, from {sizes}: {slope:.2f}"


def _cpu(command: Sequence[str]) -> float:
    spent: list[float] = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        environment = _environment() | {"GITOPS_CACHE": "off"}
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(spent)


def _machine() -> str:
    date = time.strftime("%Y-%m-%d")
    load = os.getloadavg()[0]
    return (
        f"Python {platform.python_version()} (modules compiled), {os.cpu_count()} shared cores of "
        f"{platform.machine()}, {date}, load average {load:.1f} at the end"
    )


if __name__ == "__main__":
    main()
