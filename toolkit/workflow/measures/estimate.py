"""``estimatedDuration``: how long the last run of the same cron or template took that succeeded, as
a whole and node by node. Argo's rule: ``workflow/controller/estimation``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from toolkit.resource.resource import Body
from toolkit.workflow.nodes import Row, parse_instant
from toolkit.workflow.run import Run
from toolkit.workflow.step.draft import Draft

NOTE: Final = "@estimate"
"""The note's id: seconds by what follows the run's name in its nodes' names. What took less than
a second is not in it. The whole's stand in the run's row.
"""

_GROUP: Final = "workflows.argoproj.io"
_KINDS: Final = ("workflow-template", "cluster-workflow-template", "cron-workflow")
SOURCES: Final = tuple(f"{_GROUP}/{kind}" for kind in _KINDS)
"""The labels that name a run's origin."""


def source_of(workflow: Body) -> tuple[str, str] | None:
    """The label, key and value, that runs of one origin share; None for one of its own."""
    labels: Mapping[str, Any] = workflow["metadata"].get("labels") or {}
    spec: Any = workflow.get("spec")
    reference = spec.get("workflowTemplateRef") if isinstance(spec, dict) else None
    if isinstance(reference, dict) and reference.get("name"):
        return f"{_GROUP}/{_KINDS[bool(reference.get('clusterScope'))]}", str(reference["name"])
    for kind in _KINDS:
        if labels.get(f"{_GROUP}/{kind}"):
            return f"{_GROUP}/{kind}", str(labels[f"{_GROUP}/{kind}"])
    return None


@dataclass(frozen=True, slots=True)
class Estimate:
    """Whole seconds: of a run, and of its nodes as the note has them."""

    seconds: int
    nodes: Mapping[str, int]


def durations_of(run: Run) -> Estimate:
    """What a run, which has ended, lets expect of a later one. Linear in the nodes."""
    found = {
        node.name.removeprefix(run.name): seconds
        for node in run.nodes.values()
        if (seconds := _whole_s(node.status.get("startedAt"), node.status.get("finishedAt")))
    }
    return Estimate(_whole_s(run.row["started"], run.row["finished"]), found)


def put_estimate(draft: Draft, estimate: Estimate) -> None:
    """Note down what is expected of the run that begins."""
    if estimate.seconds:
        draft.edit_run()["estimated"] = estimate.seconds
    if estimate.nodes:
        draft.put_note(NOTE, dict(estimate.nodes))


def put_estimates(nodes: Mapping[str, Row], run: Run) -> None:
    """Put what is expected into a run's projected nodes."""
    expected = run.notes.get(NOTE)
    if expected is None:
        return
    for node in nodes.values():
        if (seconds := expected.get(node["name"].removeprefix(run.name))) is not None:
            node["estimatedDuration"] = seconds


def _whole_s(started: str | None, finished: str | None) -> int:
    if not started or not finished:
        return 0
    ended, began = parse_instant(finished), parse_instant(started)
    return max(0, int(ended.timestamp()) - int(began.timestamp()))
