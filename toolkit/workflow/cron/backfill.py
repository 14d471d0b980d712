"""Runs of a cron for times that have passed, or were never scheduled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from toolkit.errors import RefusedError
from toolkit.resource.resource import Body
from toolkit.workflow.cron.ticks import CRON_LABEL, next_tick, schedules_of, workflow_of

BACKFILL_LABEL: Final = "gitops.toolkit/backfill"
"""On the runs, instead of the cron's own label: they do not count as its active runs, and its
history limits leave them alone, so that what was made once is not made again.
"""


def backfill_ticks(cron: Body, start: datetime, end: datetime) -> Iterator[datetime]:
    """The scheduled times from ``start`` to before ``end``, in order, each once. Raises
    ExpressionError for a broken schedule, RefusedError for ``@every``, which has no times.
    """
    schedules = schedules_of(cron)
    for schedule in schedules:
        if schedule.every is not None:
            text = f"{schedule.text} counts from when it last ran: there is no time to go back to"
            raise RefusedError(text)
    tick = next_tick(schedules, start - timedelta(microseconds=1))
    while tick is not None and tick < end:
        yield tick
        tick = next_tick(schedules, tick)


def backfill_workflow(cron: Body, tick: datetime) -> Body:
    """The run of a tick: named as the cron's own would be, with its scheduled time."""
    workflow = workflow_of(cron, tick)
    labels = workflow["metadata"]["labels"]
    labels[BACKFILL_LABEL] = labels.pop(CRON_LABEL)
    return workflow
