"""Workflows, crons and templates as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from toolkit.report.durations import format_age, format_duration, parse_time, span_s
from toolkit.report.table import format_table
from toolkit.report.workflow_tree import phase_of
from toolkit.workflow.nodes import FINISHED, PENDING, POD, RUNNING, SUCCEEDED

_WORKFLOWS = ("NAME", "STATUS", "AGE", "DURATION", "PROGRESS", "MESSAGE")
_WIDE = (*_WORKFLOWS[:-1], "PRIORITY", "MESSAGE", "P/R/C", "PARAMETERS")
_CRONS = ("NAME", "SCHEDULE", "TIMEZONE", "SUSPENDED", "ACTIVE", "LAST RUN", "NEXT RUN")
_TEMPLATES = ("NAME", "ENTRYPOINT", "TEMPLATES", "AGE")
_LONGEST, _END = 50, 15
"""Characters of a parameter that are shown, and how many of them are its last ones."""

Body = Mapping[str, Any]


def format_workflows(workflows: Sequence[Body], *, now: datetime, is_wide: bool = False) -> str:
    """One line a workflow, in the order given. Wide as ``argo list`` has it: with the priority, how
    many pods are pending, running and completed, and the parameters.
    """
    if is_wide:
        return format_table([_WIDE, *(_wide_workflow(one, now) for one in workflows)])
    return format_table([_WORKFLOWS, *(_workflow(one, now) for one in workflows)])


def format_archive(workflows: Sequence[Body], *, now: datetime, is_wide: bool = False) -> str:
    """One line a workflow of the archive, in the order given, with the uid it is asked for by. Wide
    with the priority and the parameters, which are in the spec.
    """
    more = ("PRIORITY", "PARAMETERS") if is_wide else ()
    heading = (*_WORKFLOWS[:-1], *more, "UID")
    return format_table([heading, *(_archived(one, now, is_wide=is_wide) for one in workflows)])


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


def _wide_workflow(body: Body, now: datetime) -> tuple[str, ...]:
    *first, message = _workflow(body, now)
    return (*first, _priority(body), message, _pods(body), _parameters(body))


def _archived(body: Body, now: datetime, *, is_wide: bool) -> tuple[str, ...]:
    more = (_priority(body), _parameters(body)) if is_wide else ()
    return (*_workflow(body, now)[:-1], *more, str(_metadata(body).get("uid", "")))


def _priority(body: Body) -> str:
    return str((body.get("spec") or {}).get("priority") or 0)


def _pods(body: Body) -> str:
    """Pending, running, completed: a daemon that is up is completed, as in Argo."""
    nodes = ((body.get("status") or {}).get("nodes") or {}).values()
    counts = Counter(_stage(node) for node in nodes if node.get("type") == POD)
    return "/".join(str(counts[stage]) for stage in (PENDING, RUNNING, SUCCEEDED))


def _stage(node: Body) -> str:
    phase = str(node.get("phase") or PENDING)
    if phase in FINISHED or (node.get("daemoned") and phase != PENDING):
        return SUCCEEDED
    return RUNNING if phase == RUNNING else PENDING


def _parameters(body: Body) -> str:
    """``name=value`` of those with a value, each cut in its middle where it is long."""
    arguments = (body.get("spec") or {}).get("arguments") or {}
    return ",".join(
        f"{one.get('name')}={_cut(str(one['value']))}"
        for one in arguments.get("parameters") or ()
        if one.get("value") is not None
    )


def _cut(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST - 3 - _END]}...{text[-_END:]}"


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
