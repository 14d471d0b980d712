"""``estimatedDuration``: how long the last run of the same cron or template took that succeeded, as
a whole and node by node. Argo's rule: ``workflow/controller/estimation``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from toolkit.resource.resource import Body
from toolkit.workflow.nodes import Row, parse_instant
from toolkit.workflow.run import Run

NOTE: Final = "@estimate"
"""The note's id: ``seconds`` of the whole, and of ``nodes`` by what follows the run's name in
theirs. What took less than a second is not in it.
"""

_GROUP: Final = "workflows.argoproj.io"
_KINDS: Final = ("workflow-template", "cluster-workflow-template", "cron-workflow")


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


def durations_of(run: Run) -> Row:
    """What the note of a later run is to say of this one, which has ended. Linear in the nodes."""
    found = {
        node.name.removeprefix(run.name): seconds
        for node in run.nodes.values()
        if (seconds := _whole_s(node.status.get("startedAt"), node.status.get("finishedAt")))
    }
    return {"seconds": _whole_s(run.row["started"], run.row["finished"]), "nodes": found}


def put_estimates(status: Row, run: Run) -> None:
    """Put what is expected into a run's projected status and its nodes."""
    note = run.notes.get(NOTE)
    if note is None:
        return
    if note["seconds"]:
        status["estimatedDuration"] = note["seconds"]
    expected: Mapping[str, int] = note["nodes"]
    if expected:
        for node in status["nodes"].values():
            if (seconds := expected.get(node["name"].removeprefix(run.name))) is not None:
                node["estimatedDuration"] = seconds


def _whole_s(started: str | None, finished: str | None) -> int:
    if not started or not finished:
        return 0
    ended, began = parse_instant(finished), parse_instant(started)
    return max(0, int(ended.timestamp()) - int(began.timestamp()))
