"""``/metrics`` of the process that owns the state: what was counted, and what there is now."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import toolkit
from toolkit.adapters.meter import Labels, MemoryMeter, Series
from toolkit.adapters.sqlite.counts import Counts, pods_by_phase, workflows_by_phase
from toolkit.adapters.sqlite.database import Database
from toolkit.controllers.loops.event_loop import EventLoop
from toolkit.report.exposition import CONTENT_TYPE, Family, Sample, exposition, gauge
from toolkit.workflow.measures.metrics import PREFIX

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

_PHASES: Final = ("Pending", "Running", "Succeeded", "Failed", "Error")
_ROUTE: Final = "/metrics"

Queues = Mapping[tuple[str, str], EventLoop]
"""By environment and Argo's name of the queue."""


def metrics_route(meter: MemoryMeter, database: Database, queues: Queues) -> Route:
    """Behind the server's token, as everything else."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import Response as Plain
    from starlette.routing import Route

    async def answer(_: Request) -> Response:
        text = await run_in_threadpool(metrics_text, meter, database, queues)
        return Plain(text, media_type=None, headers={"content-type": CONTENT_TYPE})

    return Route(_ROUTE, answer, methods=["GET"])


def metrics_text(meter: MemoryMeter, database: Database, queues: Queues) -> str:
    """All metrics at this moment."""
    workflows, pods = workflows_by_phase(database), pods_by_phase(database)
    return exposition(
        [
            *(_family(series) for series in meter.series()),
            _by_phase("gauge", "Workflows that are in the cluster, by phase", workflows),
            _by_phase("pods_gauge", "Pods that are in the cluster, by phase", pods),
            *_queues(queues),
            gauge(f"{PREFIX}is_leader", "1: whoever owns the state is alone", {(): 1.0}),
            gauge(f"{PREFIX}version", "The version of this program", {_version(): 1.0}),
        ]
    )


def _family(series: Series) -> Family:
    samples = [Sample(labels, value) for labels, value in sorted(series.values.items())]
    for labels, found in sorted(series.distributions.items()):
        bounds = (*series.buckets, float("inf"))
        counts = found.cumulated()
        samples += [
            Sample((*labels, ("le", _bound(bound))), count, "_bucket")
            for bound, count in zip(bounds, counts, strict=True)
        ]
        samples.append(Sample(labels, found.total, "_sum"))
        samples.append(Sample(labels, counts[-1], "_count"))
    return Family(series.name, series.kind, series.help, tuple(samples))


def _bound(bound: float) -> str:
    return "+Inf" if bound == float("inf") else str(bound)


def _by_phase(name: str, help: str, counts: Counts) -> Family:
    """Each phase stands there, with 0 where there is none: a graph has no holes."""
    clusters = sorted({cluster for cluster, _ in counts})
    phases = dict.fromkeys((*_PHASES, *(phase for _, phase in sorted(counts))))
    values: dict[Labels, float] = {
        (("environment", cluster), ("phase", phase)): float(counts.get((cluster, phase), 0))
        for cluster in clusters
        for phase in phases
    }
    return gauge(PREFIX + name, help, values)


def _queues(queues: Queues) -> list[Family]:
    def values(measure: Callable[[EventLoop], int]) -> dict[Labels, float]:
        return {
            (("environment", environment), ("queue_name", name)): float(measure(loop))
            for (environment, name), loop in queues.items()
        }

    depth = values(lambda loop: loop.depth)
    adds = [Sample(labels, n) for labels, n in sorted(values(lambda loop: loop.adds).items())]
    return [
        gauge(f"{PREFIX}queue_depth_gauge", "What waits to be looked at", depth),
        Family(f"{PREFIX}queue_adds_count", "counter", "What came to be looked at", tuple(adds)),
    ]


def _version() -> Labels:
    return (
        ("platform", f"{platform.system().lower()}/{platform.machine()}"),
        ("version", f"gitops-toolkit-{toolkit.__version__}"),
    )
