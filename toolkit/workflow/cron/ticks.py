"""A CronWorkflow's schedules, and the Workflow of one tick."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from toolkit.errors import ExpressionError
from toolkit.resource.resource import Body
from toolkit.workflow.cron.schedule import Schedule, zone_of
from toolkit.workflow.nodes import Row, rfc3339
from toolkit.workflow.spec.definition import SCHEDULED_TIME
from toolkit.workflow.status.projection import GROUP

CRON_LABEL: Final = f"{GROUP}/cron-workflow"


def schedules_of(cron: Body) -> tuple[Schedule, ...]:
    """The object's schedules (``schedules``, or the older ``schedule``) in its zone. Raises
    ExpressionError with Argo's texts.
    """
    spec = cron.get("spec") or {}
    texts = [*(spec.get("schedules") or ()), *([spec["schedule"]] if spec.get("schedule") else ())]
    if not texts:
        raise ExpressionError("cron workflow must have at least one schedule")
    zone_name = str(spec.get("timezone") or "")
    try:
        zone = zone_of(zone_name)
    except ExpressionError as error:
        raise ExpressionError(f'invalid timezone "{zone_name}": {error.message}') from error
    return tuple(_parsed(str(text), zone) for text in texts)


@lru_cache(maxsize=10_000)
def _parsed(text: str, zone: ZoneInfo) -> Schedule:
    """Decisions are many, schedules few."""
    try:
        return Schedule.parse(text, zone)
    except ExpressionError as error:
        raise ExpressionError(f"cron schedule {text} is malformed: {error.message}") from error


def next_tick(schedules: Sequence[Schedule], after: datetime) -> datetime | None:
    """The earliest next time of several schedules."""
    ticks = [tick for schedule in schedules if (tick := _next_after(schedule, after)) is not None]
    return min(ticks, default=None)


@lru_cache(maxsize=10_000)
def _next_after(schedule: Schedule, after: datetime) -> datetime | None:
    """Each change of a child asks again."""
    return schedule.next_after(after)


def child_name(cron_name: str, tick: datetime) -> str:
    """``<cron>-<unix seconds>``: the same tick has the same name, so it runs once."""
    return f"{cron_name}-{int(tick.timestamp())}"


def workflow_of(cron: Body, tick: datetime) -> Body:
    """The Workflow of a tick."""
    metadata, spec = cron["metadata"], cron.get("spec") or {}
    extra = spec.get("workflowMetadata") or {}
    labels = {**(extra.get("labels") or {}), CRON_LABEL: str(metadata["name"])}
    annotations = {**(extra.get("annotations") or {}), SCHEDULED_TIME: rfc3339(tick)}
    body: Body = {
        "apiVersion": str(cron.get("apiVersion") or "argoproj.io/v1alpha1"),
        "kind": "Workflow",
        "metadata": {
            "name": child_name(str(metadata["name"]), tick),
            "labels": labels,
            "annotations": annotations,
        },
        "spec": spec.get("workflowSpec") or {},
    }
    if metadata.get("namespace"):
        body["metadata"]["namespace"] = metadata["namespace"]
    if extra.get("finalizers"):
        body["metadata"]["finalizers"] = list(extra["finalizers"])
    if metadata.get("uid"):
        body["metadata"]["ownerReferences"] = [_owner(cron)]
    return body


def _owner(cron: Body) -> Row:
    return {
        "apiVersion": str(cron.get("apiVersion") or "argoproj.io/v1alpha1"),
        "kind": "CronWorkflow",
        "name": cron["metadata"]["name"],
        "uid": cron["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
