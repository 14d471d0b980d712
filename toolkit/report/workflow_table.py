"""Workflows, crons and templates as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from toolkit.report.durations import format_age, format_duration, parse_time, span_s
from toolkit.report.table import format_table
from toolkit.report.workflow_tree import phase_of

_WORKFLOWS = ("NAME", "STATUS", "AGE", "DURATION", "PROGRESS", "MESSAGE")
_CRONS = ("NAME", "SCHEDULE", "TIMEZONE", "SUSPENDED", "ACTIVE", "LAST RUN", "NEXT RUN")
_TEMPLATES = ("NAME", "ENTRYPOINT", "TEMPLATES", "AGE")

Body = Mapping[str, Any]


def format_workflows(workflows: Sequence[Body], *, now: datetime) -> str:
    """One line a workflow, in the order given."""
    return format_table([_WORKFLOWS, *(_workflow(one, now) for one in workflows)])


def format_archive(workflows: Sequence[Body], *, now: datetime) -> str:
    """One line a workflow of the archive, in the order given, with the uid it is asked for by."""
    heading = (*_WORKFLOWS[:-1], "UID")
    rows = [(*_workflow(one, now)[:-1], str(one["metadata"].get("uid", ""))) for one in workflows]
    return format_table([heading, *rows])


def format_crons(
    crons: Sequence[Body], *, now: datetime, next_runs: Mapping[str, datetime | None]
) -> str:
    """One line a cron. ``next_runs``: by name; None, or no entry, is a cron that will not run."""
    rows = [_cron(one, now, next_runs.get(_name(one))) for one in crons]
    return format_table([_CRONS, *rows])


def format_templates(templates: Sequence[Body], *, now: datetime) -> str:
    """One line a WorkflowTemplate, with the names of its templates."""
    return format_table([_TEMPLATES, *(_template(one, now) for one in templates)])


def newest_first(bodies: Sequence[Body]) -> list[Body]:
    """By creation, the newest first; of one second, the one that changed last."""
    return sorted(bodies, key=_creation, reverse=True)


def schedules_of(cron: Body) -> list[str]:
    """All schedules, whether the spec holds one or several."""
    spec = cron.get("spec") or {}
    many = [str(one) for one in spec.get("schedules") or ()]
    return many or [str(spec["schedule"])] * bool(spec.get("schedule"))


def _workflow(body: Body, now: datetime) -> tuple[str, ...]:
    status = body.get("status") or {}
    took = span_s(status.get("startedAt"), status.get("finishedAt"), now)
    return (
        _name(body),
        phase_of(body),
        _age(body, now),
        format_duration(took) if took is not None else "-",
        str(status.get("progress") or "-"),
        " ".join(str(status.get("message") or "").split()),
    )


def _cron(body: Body, now: datetime, next_run: datetime | None) -> tuple[str, ...]:
    spec, status = body.get("spec") or {}, body.get("status") or {}
    last = parse_time(status.get("lastScheduledTime"))
    return (
        _name(body),
        ", ".join(schedules_of(body)),
        str(spec.get("timezone") or "-"),
        "yes" if spec.get("suspend") else "no",
        str(len(status.get("active") or ())),
        f"{format_duration((now - last).total_seconds())} ago" if last else "-",
        f"in {format_duration((next_run - now).total_seconds())}" if next_run else "-",
    )


def _template(body: Body, now: datetime) -> tuple[str, ...]:
    spec = body.get("spec") or {}
    names = ", ".join(str(one.get("name")) for one in spec.get("templates") or ())
    return (_name(body), str(spec.get("entrypoint") or "-"), names or "-", _age(body, now))


def _creation(body: Body) -> tuple[str, int, str]:
    metadata = _metadata(body)
    version = str(metadata.get("resourceVersion") or "")
    created = str(metadata.get("creationTimestamp"))
    return created, int(version) if version.isdecimal() else 0, _name(body)


def _age(body: Body, now: datetime) -> str:
    return format_age(parse_time(_metadata(body).get("creationTimestamp")), now)


def _name(body: Body) -> str:
    return str(_metadata(body).get("name", ""))


def _metadata(body: Body) -> Mapping[str, Any]:
    return body.get("metadata") or {}
