"""The engine's own metrics, under Argo's names where it has them, with the environment beside.

What is counted is counted here, as it is decided; what is only looked at when somebody asks
(how many objects there are, how long queues are) is wiring's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from toolkit.workflow.cron.decide import CronDecision
from toolkit.workflow.measures.metrics import PREFIX, Kind, Measure, Meter, running_gauges
from toolkit.workflow.nodes import POD, parse_instant
from toolkit.workflow.run import NOTE_MARK, Run, Transition

_SECONDS: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 180.0)
_RUNTIMES: Final = (1.0, 10.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0)
_FAMILIES: Final[dict[str, tuple[Kind, str, tuple[float, ...]]]] = {
    "total_count": ("counter", "Workflows that have entered each phase", ()),
    "pods_total_count": ("counter", "Pods that have entered each phase", ()),
    "operation_duration_seconds": ("histogram", "Time to decide what follows an event", _SECONDS),
    "workflowtemplate_triggered_total": (
        "counter", "Workflows of workflowTemplateRef that have entered each phase", ()
    ),
    "workflowtemplate_runtime": (
        "histogram", "Run time of workflows of workflowTemplateRef", _RUNTIMES
    ),
    "cronworkflows_triggered_total": ("counter", "Runs that CronWorkflows have started", ()),
    "cronworkflows_concurrencypolicy_triggered": (
        "counter", "Times that a CronWorkflow's concurrencyPolicy has held", ()
    ),
    "error_count": ("counter", "Certain errors by cause", ()),
}  # fmt: skip

_CRON_ERRORS: Final = frozenset({"SpecError", "SubmissionError"})


class EngineMeter:
    """A RunWatcher and a CronWatcher that counts for one environment. ``on_problem`` hears of
    custom metrics that contradict others.
    """

    def __init__(
        self, environment: str, meter: Meter, *, on_problem: Callable[[str], None]
    ) -> None:
        self._environment = environment
        self._meter = meter
        self._on_problem = on_problem

    def decided(self, run: Run, transition: Transition, took: timedelta) -> None:
        self._record("operation_duration_seconds", max(0.0, took.total_seconds()))
        if transition.run is not None and transition.run["phase"] != run.phase:
            self._entered(run, transition)
        for id, row in transition.nodes:
            if not id.startswith(NOTE_MARK):
                self._pod(run, id, row)
        for measure in transition.measures:
            problem = self._meter.measure(measure)
            if problem:
                self._on_problem(f"{run.namespace}/{run.name}: could not emit metric: {problem}")

    def ended(self, run: Run) -> None:
        self._meter.release(run.uid)

    def recovered(self, run: Run) -> None:
        for measure in running_gauges(run, parse_instant(run.row["started"])):
            self._meter.measure(measure)

    def fired(self, namespace: str, cron: str) -> None:
        self._record("cronworkflows_triggered_total", name=cron, namespace=namespace)

    def concluded(self, namespace: str, cron: str, decision: CronDecision) -> None:
        if decision.held_by:
            self._record(
                "cronworkflows_concurrencypolicy_triggered",
                name=cron,
                namespace=namespace,
                concurrency_policy=decision.held_by,
            )
        for _, reason, _ in decision.audit:
            if reason in _CRON_ERRORS:
                self._record("error_count", cause=f"CronWorkflow{reason}")

    def failed(self) -> None:
        """An exception that nobody meant: a bug in us."""
        self._record("error_count", cause="OperationPanic")

    def _entered(self, run: Run, transition: Transition) -> None:
        row = transition.run or {}
        phase = str(row["phase"])
        self._record("total_count", phase=phase, namespace=run.namespace)
        definition = dict(transition.nodes).get("@definition") or run.notes.get("@definition")
        reference = ((definition or {}).get("spec") or {}).get("workflowTemplateRef")
        if not reference:
            return
        labels = {
            "name": str(reference.get("name")),
            "namespace": run.namespace,
            "cluster_scope": "true" if reference.get("clusterScope") else "false",
        }
        self._record("workflowtemplate_triggered_total", phase=phase, **labels)
        if row["stage"] == "done":
            span = parse_instant(row["finished"]) - parse_instant(row["started"])
            self._record("workflowtemplate_runtime", span.total_seconds(), **labels)

    def _pod(self, run: Run, id: str, row: dict[str, dict[str, object]]) -> None:
        status = row.get("status") or {}
        if status.get("type") != POD:
            return
        before = run.nodes.get(id)
        if before is None or before.phase != status["phase"]:
            self._record("pods_total_count", phase=str(status["phase"]), namespace=run.namespace)

    def _record(self, family: str, value: float = 1.0, /, **labels: str) -> None:
        kind, help, buckets = _FAMILIES[family]
        named = tuple(sorted({**labels, "environment": self._environment}.items()))
        self._meter.measure(Measure(PREFIX + family, help, kind, named, value, buckets=buckets))
