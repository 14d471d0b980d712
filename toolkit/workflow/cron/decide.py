"""What a tick of a CronWorkflow does: pure, over the object and its children as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from toolkit.errors import ExpressionError
from toolkit.resource.resource import Body
from toolkit.workflow.cron.after import Upstream
from toolkit.workflow.cron.blackout import BLACKOUT, blackout_at
from toolkit.workflow.cron.catch_up import CatchUp
from toolkit.workflow.cron.due import Due, due_tick, schedule_note
from toolkit.workflow.cron.history import over_history
from toolkit.workflow.cron.occasion import Occasion
from toolkit.workflow.cron.record import Record, Said
from toolkit.workflow.cron.ticks import schedules_of, workflow_of
from toolkit.workflow.cron.waiting import Wait, wait_of
from toolkit.workflow.expressions import evaluate_bool, json_text
from toolkit.workflow.nodes import Row, rfc3339
from toolkit.workflow.substitution.scope import Scope, Values
from toolkit.workflow.substitution.substitute import Strictness, replace
from toolkit.workflow.substitution.when import should_execute

_POLICIES: Final = frozenset({"", "Allow", "Forbid", "Replace"})


@dataclass(frozen=True, slots=True)
class CronDecision:
    """``submit`` is the Workflow to create; ``terminate`` names those to be ended before (Replace);
    ``delete`` those over the history limits. ``status`` takes the place of the object's status
    where it is not None, without its fields that are None; ``annotations`` are merged into its
    annotations. ``held_by`` is the concurrencyPolicy where it kept a run from starting, or ends
    one. ``next_at`` is the next tick: decide again then (and whenever the object or a child
    changes).
    """

    submit: Body | None = None
    terminate: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()
    status: Row | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)
    audit: tuple[Said, ...] = ()
    held_by: str = ""
    next_at: datetime | None = None


def decide(
    cron: Body,
    now: datetime,
    children: Sequence[Body],
    *,
    catch_up: CatchUp = CatchUp.LATEST,
    upstream: Upstream | None = None,
) -> CronDecision:
    """What is to be done at ``now``. ``children`` are all Workflows with the cron's label;
    ``upstream`` knows the crons that this one runs after: decide again also when they change.

    A tick is due where its time has come and ``status.lastScheduledTime`` (or the object's
    creation) is before it. One that is a minute late is missed: ``catch_up`` says which of those
    are run. A cron that is suspended or stopped has no ticks; when it is resumed, those it did
    not have count as missed.
    """
    record = Record(cron)
    try:
        schedules = schedules_of(cron)
    except ExpressionError as error:
        return _broken(record, "SpecError", str(error.message))
    occasion = Occasion(cron, now, schedules)
    record.count(children)
    _stop_where_due(occasion, record)
    rests = bool(occasion.spec.get("suspend")) or _is_stopped(record)
    due = Due() if rests else due_tick(occasion, record, catch_up)
    wait = wait_of(occasion, due.tick, record, upstream) if due.tick else None
    start = _Start()
    if due.tick is not None and wait is None:
        start = _start(occasion, due.tick, children, record)
    return CronDecision(
        submit=start.workflow,
        terminate=start.terminate,
        delete=over_history(occasion.spec, children),
        status=record.change,
        annotations=schedule_note(occasion),
        audit=tuple(record.said),
        held_by=start.held_by,
        next_at=None if rests else _next(occasion, due, wait),
    )


def _broken(record: Record, condition: str, message: str) -> CronDecision:
    if record.has_reported(condition, message):
        return CronDecision()
    record.report(condition, message)
    return CronDecision(status=record.change, audit=tuple(record.said))


def _next(occasion: Occasion, due: Due, wait: Wait | None) -> datetime | None:
    """Now, where another missed tick is to be run after this one."""
    if wait is not None and wait.until is not None:
        return wait.until if due.ahead is None else min(wait.until, due.ahead)
    return occasion.now if due.is_behind else due.ahead


# Stopping for good


def _stop_where_due(occasion: Occasion, record: Record) -> None:
    strategy = occasion.spec.get("stopStrategy") or {}
    expression = strategy.get("expression") or strategy.get("condition")
    if not expression or _is_stopped(record):
        return
    try:
        if evaluate_bool(str(expression), _scope(occasion, record).environment()):
            record.status["phase"] = "Stopped"
            record.say("Stopped", f"stopStrategy: {expression}")
    except ExpressionError as error:
        text = f"failed to check CronWorkflow stopping condition: {error.message}"
        record.report("SpecError", text)


def _is_stopped(record: Record) -> bool:
    return record.status.get("phase") == "Stopped"


# Starting a run


@dataclass(frozen=True, slots=True)
class _Start:
    """As the fields of :class:`CronDecision`."""

    workflow: Body | None = None
    terminate: tuple[str, ...] = ()
    held_by: str = ""


def _start(occasion: Occasion, due: datetime, children: Sequence[Body], record: Record) -> _Start:
    """The run of a due tick, where nothing speaks against it."""
    active, policy = record.active, occasion.policy
    reason = _refusal(occasion, due, record)
    if reason:
        record.skip(due, reason)
        return _Start()
    if policy == "Forbid" and active:
        is_running = f"{', '.join(active)} is still running"
        record.skip(due, f"concurrencyPolicy Forbid, and {is_running}")
        return _Start(held_by=policy)
    workflow = workflow_of(occasion.cron, due)
    name = workflow["metadata"]["name"]
    record.status["phase"] = "Active"
    record.status["lastScheduledTime"] = rfc3339(due)
    record.drop_condition("SubmissionError")
    record.drop_condition("SpecError")
    if any(child["metadata"]["name"] == name for child in children):
        return _Start()  # the tick was run before the status was written
    if policy == "Replace":
        for replaced in active:
            record.say("Replaced", f"{replaced} is terminated: Replace")
        return _Start(workflow, tuple(active), "Replace" if active else "")
    if active:
        record.say("Overlap", f"{name} runs beside {', '.join(active)}")
    return _Start(workflow)


def _refusal(occasion: Occasion, due: datetime, record: Record) -> str:
    """Why a due tick is not run, whatever else runs; "" where it is."""
    blackout, zone = occasion.annotations.get(BLACKOUT), occasion.schedules[0].zone
    try:
        window = blackout_at(str(blackout or ""), zone, due)
        if window:
            return f"it falls into the blackout {window!r}"
        if not _when(occasion, record):
            return f"when '{occasion.spec['when']}' evaluated false"
    except ExpressionError as error:
        record.report("SubmissionError", f"run policy error: {error.message}")
        return error.message
    if occasion.policy not in _POLICIES:
        reason = f"'{occasion.policy}' is not a valid concurrencyPolicy"
        record.report("SpecError", reason)
        return reason
    return ""


def _when(occasion: Occasion, record: Record) -> bool:
    when = occasion.spec.get("when")
    if not when:
        return True
    return should_execute(replace(str(when), _scope(occasion, record), Strictness.ALL))


def _scope(occasion: Occasion, record: Record) -> Scope:
    """What ``when`` and ``stopStrategy`` may refer to."""
    metadata, status = occasion.metadata, record.status
    labels, annotations = metadata.get("labels") or {}, occasion.annotations
    last = status.get("lastScheduledTime")
    values: dict[str, Any] = {
        "cronworkflow.name": str(metadata.get("name") or ""),
        "cronworkflow.namespace": str(metadata.get("namespace") or ""),
        "cronworkflow.labels.json": json_text(labels),
        "cronworkflow.annotations.json": json_text(annotations),
        "cronworkflow.lastScheduledTime": datetime.fromisoformat(str(last)) if last else None,
        "cronworkflow.succeeded": int(status.get("succeeded") or 0),
        "cronworkflow.failed": int(status.get("failed") or 0),
        **{f"cronworkflow.labels.{key}": value for key, value in labels.items()},
        **{f"cronworkflow.annotations.{key}": value for key, value in annotations.items()},
    }
    return Scope(Values(values), now=occasion.now)
