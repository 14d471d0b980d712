"""One workflow through the whole engine, in a process of its own: prints its figures as JSON.

::

    python benchmarks/engine_run.py fan-out 1000 [--isolation folders] [--times 1]

A process of its own, so that what the kernel counts for it and its children is this run's alone:
every step's processes end before the run does, and are waited for by the engine.
"""

from __future__ import annotations

import argparse
import json
import queue
import resource
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine_workspace import ENVIRONMENT, NAMESPACE, SHAPES, workflow, workspace_folder

from toolkit.adapters.embedded import EmbeddedCluster
from toolkit.adapters.process.isolation import NONE
from toolkit.controllers.runs.active_run import RunNotice
from toolkit.controllers.runs.projecting import WORKFLOW
from toolkit.resource.cluster import ObjectRef
from toolkit.wiring import engine, runtimes
from toolkit.wiring.clusters import own
from toolkit.wiring.workspace import Workspace

_LOOK_AGAIN_S = 0.01
_ENDS = ("Succeeded", "Failed", "Error")


def main() -> None:
    options = _options()
    if options.isolation == "folders":
        runtimes.probe = lambda _: NONE  # type: ignore[assignment]  # a machine without namespaces
    with workspace_folder(options.folder) as folder, _running(folder) as (cluster, ended):
        begun = _cpu()
        walls = [
            _run(cluster, workflow(options.shape, options.steps, f"run-{number}"), ended)
            for number in range(options.times)
        ]
        spent = _cpu()
        if options.threads:
            _print_threads()
    figures = {
        "walls": walls,
        "cpu_engine": spent[0] - begun[0],
        "cpu_steps": spent[1] - begun[1],
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(figures))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("steps", type=int)
    parser.add_argument("--isolation", choices=("namespaces", "folders"), default="namespaces")
    parser.add_argument("--times", type=int, default=1, help="one after another")
    parser.add_argument("--folder", help="where the state is kept, and left")
    parser.add_argument("--threads", action="store_true", help="what each thread spent, on stderr")
    return parser.parse_args()


@contextmanager
def _running(folder: Path) -> Iterator[tuple[EmbeddedCluster, queue.SimpleQueue[RunNotice]]]:
    """An engine as ``gitops up`` has it, and the ends of runs as it tells them."""
    workspace = Workspace(folder)
    ended: queue.SimpleQueue[RunNotice] = queue.SimpleQueue()

    def notice(told: object) -> None:
        if isinstance(told, RunNotice) and told.phase in _ENDS:
            ended.put(told)

    environment = workspace.settings().environment(ENVIRONMENT)
    with (
        own(workspace) as owner,
        engine.start_engine(
            owner, workspace, [environment], notice=notice, on_error=traceback.print_exception
        ) as running,
    ):
        cluster = running.clusters[ENVIRONMENT]
        _run(cluster, workflow("one", 1, "warm-up"), ended)
        yield cluster, ended


def _run(
    cluster: EmbeddedCluster, body: dict[str, Any], ended: queue.SimpleQueue[RunNotice]
) -> float:
    """Seconds from its submission to its end, as the engine tells it. Returns when the cluster
    shows it: what that costs counts too.
    """
    began = time.perf_counter()
    cluster.create(body)
    told = ended.get()
    took = time.perf_counter() - began
    if told.phase != "Succeeded":
        sys.exit(f"{told.name} ended {told.phase}: {told.message}")
    ref = ObjectRef(WORKFLOW, NAMESPACE, body["metadata"]["name"])
    while ((cluster.get(ref) or {}).get("status") or {}).get("phase") != "Succeeded":
        time.sleep(_LOOK_AGAIN_S)
    return took


def _cpu() -> tuple[float, float]:
    """Seconds of this process, and of its children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    engine_s, steps_s = (usage.ru_utime + usage.ru_stime for usage in usages)
    return engine_s, steps_s


def _print_threads() -> None:
    for thread in threading.enumerate():
        text = Path(f"/proc/self/task/{thread.native_id}/stat").read_text()
        fields = text.rpartition(")")[2].split()
        print(f"{thread.name:25} {fields[11]:>6} {fields[12]:>6} ticks", file=sys.stderr)


if __name__ == "__main__":
    main()
