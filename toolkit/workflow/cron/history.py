"""Which children of a CronWorkflow are kept."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.resource.resource import Body
from toolkit.workflow.nodes import FINISHED, SUCCEEDED, Row
from toolkit.workflow.status.projection import PHASE_LABEL


def over_history(spec: Row, children: Sequence[Body]) -> tuple[str, ...]:
    """The names of finished children over ``successfulJobsHistoryLimit`` (3) and
    ``failedJobsHistoryLimit`` (1), the oldest.
    """
    good = [child for child in children if phase_of(child) == SUCCEEDED]
    bad = [child for child in children if phase_of(child) in FINISHED - {SUCCEEDED}]
    most_good = spec.get("successfulJobsHistoryLimit")
    most_bad = spec.get("failedJobsHistoryLimit")
    return (
        *_oldest(good, 3 if most_good is None else int(most_good)),
        *_oldest(bad, 1 if most_bad is None else int(most_bad)),
    )


def phase_of(workflow: Body) -> str:
    """The Workflow's phase, from its status or its label."""
    status = workflow.get("status") or {}
    labels = (workflow.get("metadata") or {}).get("labels") or {}
    return str(status.get("phase") or labels.get(PHASE_LABEL) or "")


def _oldest(children: Sequence[Body], most: int) -> tuple[str, ...]:
    """The names of all but the ``most`` that finished last."""
    if len(children) <= most:
        return ()
    ordered = sorted(
        children,
        key=lambda child: (
            str((child.get("status") or {}).get("finishedAt") or ""),
            str(child["metadata"]["name"]),
        ),
    )
    return tuple(str(child["metadata"]["name"]) for child in ordered[: len(ordered) - most])
