"""What a CronJob does next: Kubernetes' rules (``batch/v1``), from it and its Jobs as they are.

The Job of a time has a name that follows from the time, so that making it again after a crash
makes no second one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from toolkit.errors import ExpressionError
from toolkit.resource.resource import Body
from toolkit.workflow.batch.jobs import PREFIX, end_of, owner_reference
from toolkit.workflow.cron.schedule import Schedule, zone_of
from toolkit.workflow.nodes import Row, parse_instant, rfc3339

_SCHEDULED: Final = f"{PREFIX}cronjob-scheduled-timestamp"
_LOOK_BACK: Final = tuple(
    timedelta(**{unit: count})
    for unit, count in (("minutes", 2), ("hours", 2), ("days", 2), ("days", 62), ("days", 1900))
)


@dataclass(frozen=True, slots=True)
class CronJobDecision:
    """``create`` and ``delete`` go before ``status`` (None: it stays). ``problem``: why it never
    fires, for people.
    """

    status: Row | None = None
    create: Body | None = None
    delete: tuple[str, ...] = ()
    wake_at: datetime | None = None
    problem: str = ""


def decide(cron: Body, jobs: Sequence[Body], now: datetime) -> CronJobDecision:
    """``jobs``: those it controls."""
    if cron["metadata"].get("deletionTimestamp"):
        return CronJobDecision()
    spec = cron["spec"]
    active = [job for job in jobs if end_of(job) is None]
    status = _status(cron, jobs, active)
    delete = tuple(_outlived(spec, jobs))
    try:
        zone = zone_of(str(spec.get("timeZone") or ""))
        schedule = Schedule.parse(str(spec.get("schedule") or ""), zone)
    except ExpressionError as error:
        return CronJobDecision(_changed(cron, status), delete=delete, problem=error.message)
    if spec.get("suspend"):
        return CronJobDecision(_changed(cron, status), delete=delete)
    tick = _missed(cron, schedule, now)
    policy = spec.get("concurrencyPolicy") or "Allow"
    create = None
    if tick is not None and not (policy == "Forbid" and active):
        create = _job(cron, tick)
        status["lastScheduleTime"] = rfc3339(tick)
        if policy == "Replace":
            own = create["metadata"]["name"]
            delete += tuple(name for job in active if (name := _name(job)) != own)
    return CronJobDecision(_changed(cron, status), create, delete, schedule.next_after(now))


def _missed(cron: Body, schedule: Schedule, now: datetime) -> datetime | None:
    """The latest time that has come and was not served; those before it are let go."""
    last = (cron.get("status") or {}).get("lastScheduleTime")
    earliest = parse_instant(last or cron["metadata"]["creationTimestamp"])
    deadline = cron["spec"].get("startingDeadlineSeconds")
    if deadline is not None:
        earliest = max(earliest, now - timedelta(seconds=int(deadline)))
    for span in _LOOK_BACK:
        found, at = None, max(earliest, now - span)
        while (tick := schedule.next_after(at)) is not None and tick <= now:
            found = at = tick
        if found is not None:
            return found
    return None


def _job(cron: Body, tick: datetime) -> Body:
    metadata, template = cron["metadata"], cron["spec"].get("jobTemplate") or {}
    extra = template.get("metadata") or {}
    annotations = {**(extra.get("annotations") or {}), _SCHEDULED: rfc3339(tick)}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"{metadata['name']}-{int(tick.timestamp()) // 60}",
            "namespace": metadata["namespace"],
            "labels": dict(extra.get("labels") or {}),
            "annotations": annotations,
            "ownerReferences": [owner_reference(cron, "CronJob")],
        },
        "spec": template.get("spec") or {},
    }


def _status(cron: Body, jobs: Sequence[Body], active: Sequence[Body]) -> Row:
    status = dict(cron.get("status") or {})
    status.pop("active", None)
    if active:
        status["active"] = [_reference(job) for job in sorted(active, key=_name)]
    done = [str(job["status"]["completionTime"]) for job in jobs if _has_succeeded(job)]
    known = [*done, *([status["lastSuccessfulTime"]] if "lastSuccessfulTime" in status else ())]
    if known:
        status["lastSuccessfulTime"] = max(known)
    return status


def _reference(job: Body) -> Row:
    metadata = job["metadata"]
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "uid": metadata["uid"],
    }


def _outlived(spec: Row, jobs: Sequence[Body]) -> Iterator[str]:
    """Names of finished Jobs beyond what is kept, the oldest first."""
    ended = sorted((job for job in jobs if end_of(job) is not None), key=_age)
    kept = (("successfulJobsHistoryLimit", 3, True), ("failedJobsHistoryLimit", 1, False))
    for field, default, has_succeeded in kept:
        limit = default if spec.get(field) is None else int(spec[field])
        some = [job for job in ended if _has_succeeded(job) == has_succeeded]
        yield from (_name(job) for job in some[: max(0, len(some) - limit)])


def _has_succeeded(job: Body) -> bool:
    end = end_of(job)
    return end is not None and end["type"] == "Complete"


def _age(job: Body) -> tuple[str, str]:
    return str((job.get("status") or {}).get("startTime")), _name(job)


def _name(job: Body) -> str:
    return str(job["metadata"]["name"])


def _changed(cron: Body, status: Row) -> Row | None:
    return None if status == (cron.get("status") or {}) else status
