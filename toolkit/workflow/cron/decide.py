"""What a tick of a CronWorkflow does: pure, over the object and its children as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from toolkit.errors import ExpressionError
from toolkit.resource.resource import Body
from toolkit.workflow.cron.after import Upstream, dependencies_of, unmet
from toolkit.workflow.cron.blackout import BLACKOUT, blackout_at
from toolkit.workflow.cron.catch_up import CatchUp
from toolkit.workflow.cron.history import over_history, phase_of
from toolkit.workflow.cron.schedule import Schedule
from toolkit.workflow.cron.ticks import next_tick, schedules_of, workflow_of
from toolkit.workflow.expressions import evaluate_bool, json_text
from toolkit.workflow.nodes import FINISHED, SUCCEEDED, Row, rfc3339
from toolkit.workflow.projection import GROUP
from toolkit.workflow.scope import Scope, Values
from toolkit.workflow.spans import human
from toolkit.workflow.substitute import Strictness, replace
from toolkit.workflow.when import should_execute

LATEST_SCHEDULE: Final = f"cronworkflows.{GROUP}/last-used-schedule"
_POLICIES: Final = frozenset({"", "Allow", "Forbid", "Replace"})
_MOST_MISSED: Final = 100_000
_LATE: Final = timedelta(minutes=1)
_WAITS_AT_MOST: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class CronDecision:
    """``submit`` is the Workflow to create; ``terminate`` names those to be ended before (Replace);
    ``delete`` those over the history limits. ``status`` is merged into the object's status where it
    is not None, ``annotations`` into its annotations. ``held_by`` is the concurrencyPolicy where it
    kept a run from starting, or ends one. ``next_at`` is the next tick: decide again
    then (and whenever the object or a child changes).
    """

    submit: Body | None = None
    terminate: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()
    status: Row | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)
    audit: tuple[tuple[Literal["Normal", "Warning"], str, str], ...] = ()
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
    try:
        schedules = schedules_of(cron)
    except ExpressionError as error:
        return _broken(cron, "SpecError", str(error.message))
    tick = _Tick(cron, now, children, schedules, catch_up, upstream)
    return tick.decide()


def _broken(cron: Body, condition: str, message: str) -> CronDecision:
    status = dict(cron.get("status") or {})
    kept = [entry for entry in status.get("conditions") or () if entry.get("type") != condition]
    wanted = {"type": condition, "status": "True", "message": message}
    if wanted in (status.get("conditions") or ()):
        return CronDecision()
    status["conditions"] = [*kept, wanted]
    return CronDecision(status=status, audit=(("Warning", condition, message),))


class _Tick:
    """One decision under way."""

    def __init__(
        self,
        cron: Body,
        now: datetime,
        children: Sequence[Body],
        schedules: tuple[Schedule, ...],
        catch_up: CatchUp,
        upstream: Upstream | None,
    ) -> None:
        self._cron = cron
        self._spec: Row = cron.get("spec") or {}
        self._old: Row = cron.get("status") or {}
        self._status: Row = dict(self._old)
        self._now = now
        self._children = children
        self._schedules = schedules
        self._catch_up = catch_up
        self._upstream = upstream
        self._waits_until: datetime | None = None
        self._is_behind = False
        self._held_by = ""
        self._ahead: datetime | None = None
        self._audit: list[tuple[Literal["Normal", "Warning"], str, str]] = []

    def decide(self) -> CronDecision:
        self._count_children()
        self._stop_where_due()
        rests = bool(self._spec.get("suspend")) or self._is_stopped()
        due = None if rests else self._due()
        submit: Body | None = None
        terminate: tuple[str, ...] = ()
        if due is not None and not self._waits(due):
            submit, terminate = self._submit(due)
        return CronDecision(
            submit=submit,
            terminate=terminate,
            delete=over_history(self._spec, self._children),
            status=None if self._status == self._old else self._status,
            annotations=self._schedule_note(),
            audit=tuple(self._audit),
            held_by=self._held_by,
            next_at=None if rests else self._next(),
        )

    # Counting

    def _count_children(self) -> None:
        """``active``, ``succeeded`` and ``failed`` as Argo keeps them: a child counts when it
        leaves ``active``.
        """
        known = {str(entry.get("name")) for entry in self._old.get("active") or ()}
        active = [child for child in self._children if phase_of(child) not in FINISHED]
        for child in self._children:
            if str(child["metadata"]["name"]) in known and phase_of(child) in FINISHED:
                counter = "succeeded" if phase_of(child) == SUCCEEDED else "failed"
                self._status[counter] = int(self._status.get(counter) or 0) + 1
        references = [_reference(child) for child in active]
        if references or self._old.get("active"):
            self._status["active"] = references

    def _stop_where_due(self) -> None:
        expression = (self._spec.get("stopStrategy") or {}).get("expression") or (
            self._spec.get("stopStrategy") or {}
        ).get("condition")
        if not expression or self._is_stopped():
            return
        try:
            if evaluate_bool(str(expression), self._scope().environment()):
                self._status["phase"] = "Stopped"
                self._audit.append(("Normal", "Stopped", f"stopStrategy: {expression}"))
        except ExpressionError as error:
            text = f"failed to check CronWorkflow stopping condition: {error.message}"
            self._report("SpecError", text)

    def _is_stopped(self) -> bool:
        return self._status.get("phase") == "Stopped"

    # The tick

    def _due(self) -> datetime | None:
        """The tick to run now, of those since the last one."""
        ticks = self._ticks()
        if not ticks:
            return None
        latest = ticks[-1]
        waiting = self._waiting()
        if self._catch_up is CatchUp.ALL and self._policy() != "Replace":
            return self._oldest(ticks)
        if latest == waiting:
            return latest
        if waiting in ticks:
            self._end_waiting()
        if self._now - latest >= _LATE:
            reason = self._too_late(latest)
            if reason:
                self._skip(latest, reason)
                return None
        if len(ticks) > 1:
            self._tell_missed(len(ticks) - 1, "only the latest is made up for")
        return latest

    def _ticks(self) -> list[datetime]:
        ticks: list[datetime] = []
        at = next_tick(self._schedules, self._since())
        while at is not None and at <= self._now and len(ticks) < _MOST_MISSED:
            ticks.append(at)
            at = next_tick(self._schedules, at)
        if at is not None and at > self._now:
            self._ahead = at
        return ticks

    def _oldest(self, ticks: list[datetime]) -> datetime | None:
        """The oldest tick that is not too late. One that was missed waits while another run is
        active and the policy is Forbid: the end of that run decides again.
        """
        has_deadline = self._spec.get("startingDeadlineSeconds") is not None
        late = [at for at in ticks if self._now - at >= _LATE and at != self._waiting()]
        over = [at for at in late if has_deadline and not self._within_deadline(at)]
        rest = ticks[len(over) :]
        if over:
            self._skip(over[-1], self._too_late(over[-1]))
            self._tell_missed(len(over) - 1, "startingDeadlineSeconds is over")
        if not rest:
            return None
        if rest[0] in late and self._policy() == "Forbid" and self._status.get("active"):
            return None
        self._is_behind = len(rest) > 1
        return rest[0]

    def _next(self) -> datetime | None:
        """Now, where another missed tick is to be run after this one."""
        ahead = self._ahead or next_tick(self._schedules, self._now)
        if self._waits_until is not None:
            return self._waits_until if ahead is None else min(self._waits_until, ahead)
        return self._now if self._is_behind else ahead

    # Waiting for other crons

    def _waits(self, due: datetime) -> bool:
        """Whether a due tick is not to be run now, because of those it runs after."""
        try:
            wanted = dependencies_of(self._cron) if self._upstream else ()
            missing = unmet(wanted, due, self._upstream) if self._upstream else None
        except ExpressionError as error:
            self._report("SpecError", error.message)
            self._skip(due, error.message)
            return True
        since = self._waiting_since(due)
        if missing is None:
            self._end_waiting()
            return False
        patience = missing.patience or self._until_next(due)
        if self._now >= since + patience:
            self._end_waiting()
            self._skip(due, f"it waited {human(patience)}: {missing.reason}")
            return True
        self._waits_until = since + patience
        self._wait(due, since, missing.reason)
        return True

    def _wait(self, due: datetime, since: datetime, reason: str) -> None:
        noted = {"tick": rfc3339(due), "since": rfc3339(since), "reason": reason}
        if self._status.get(WAITING) != noted:
            self._status[WAITING] = noted
            self._audit.append(("Normal", "Waiting", f"tick {rfc3339(due)} waits: {reason}"))

    def _waiting(self) -> datetime | None:
        """The tick that waits, as the status says it."""
        noted = self._status.get(WAITING) or {}
        return datetime.fromisoformat(noted["tick"]) if noted.get("tick") else None

    def _waiting_since(self, due: datetime) -> datetime:
        if self._waiting() != due:
            return self._now
        return datetime.fromisoformat(self._status[WAITING]["since"])

    def _end_waiting(self) -> None:
        if self._status.get(WAITING):
            self._status[WAITING] = None

    def _until_next(self, due: datetime) -> timedelta:
        following = next_tick(self._schedules, due)
        return _WAITS_AT_MOST if following is None else following - due

    def _too_late(self, tick: datetime) -> str:
        if self._catch_up is CatchUp.NONE:
            return "it was missed, and crons.catchUp is none"
        if self._within_deadline(tick):
            return ""
        return "it was missed, and startingDeadlineSeconds is over"

    def _tell_missed(self, count: int, reason: str) -> None:
        if count:
            ticks = "tick" if count == 1 else "ticks"
            self._audit.append(("Normal", "Missed", f"{count} earlier {ticks} missed: {reason}"))

    def _policy(self) -> str:
        return str(self._spec.get("concurrencyPolicy") or "")

    def _since(self) -> datetime:
        if self._uses_new_schedule():
            return self._now - timedelta(minutes=1)
        last = self._status.get("lastScheduledTime")
        skipped = self._status.get(SKIPPED_UNTIL)
        created = (self._cron.get("metadata") or {}).get("creationTimestamp")
        stamps = [datetime.fromisoformat(str(text)) for text in (last, skipped, created) if text]
        return max(stamps, default=self._now).astimezone(UTC)

    def _within_deadline(self, tick: datetime) -> bool:
        seconds = self._spec.get("startingDeadlineSeconds")
        return seconds is not None and self._now < tick + timedelta(seconds=int(seconds))

    def _uses_new_schedule(self) -> bool:
        noted = self._annotations().get(LATEST_SCHEDULE)
        return noted is not None and noted != self._schedule_text()

    def _schedule_note(self) -> Mapping[str, str]:
        if self._annotations().get(LATEST_SCHEDULE) == self._schedule_text():
            return {}
        return {LATEST_SCHEDULE: self._schedule_text()}

    def _schedule_text(self) -> str:
        zone = str(self._spec.get("timezone") or "")
        prefix = f"CRON_TZ={zone} " if zone else ""
        return ",".join(f"{prefix}{schedule.text}" for schedule in self._schedules)

    def _annotations(self) -> Mapping[str, str]:
        return (self._cron.get("metadata") or {}).get("annotations") or {}

    def _submit(self, due: datetime) -> tuple[Body | None, tuple[str, ...]]:
        reason = self._refusal(due)
        if reason:
            self._skip(due, reason)
            return None, ()
        policy = self._policy()
        active = [str(entry["name"]) for entry in self._status.get("active") or ()]
        terminate = tuple(active) if policy == "Replace" else ()
        workflow = workflow_of(self._cron, due)
        self._status["phase"] = "Active"
        self._status["lastScheduledTime"] = rfc3339(due)
        self._drop_condition("SubmissionError")
        self._drop_condition("SpecError")
        if any(child["metadata"]["name"] == workflow["metadata"]["name"]
               for child in self._children):  # fmt: skip
            return None, ()  # the tick was run before the status was written
        if active and policy != "Replace":
            names = ", ".join(active)
            self._audit.append(
                ("Normal", "Overlap", f"{workflow['metadata']['name']} runs beside {names}")
            )
        self._held_by = "Replace" if terminate else ""
        for name in terminate:
            self._audit.append(("Normal", "Replaced", f"{name} is terminated: Replace"))
        return workflow, terminate

    def _refusal(self, due: datetime) -> str:
        """Why a due tick is not run, "" where it is."""
        try:
            window = blackout_at(
                str(self._annotations().get(BLACKOUT) or ""), self._schedules[0].zone, due
            )
            if window:
                return f"it falls into the blackout {window!r}"
            if not self._when():
                return f"when '{self._spec['when']}' evaluated false"
        except ExpressionError as error:
            self._report("SubmissionError", f"run policy error: {error.message}")
            return error.message
        policy = self._policy()
        if policy not in _POLICIES:
            self._report("SpecError", f"'{policy}' is not a valid concurrencyPolicy")
            return f"'{policy}' is not a valid concurrencyPolicy"
        if policy == "Forbid" and self._status.get("active"):
            self._held_by = policy
            names = ", ".join(str(entry["name"]) for entry in self._status["active"])
            return f"concurrencyPolicy Forbid, and {names} is still running"
        return ""

    def _when(self) -> bool:
        when = self._spec.get("when")
        if not when:
            return True
        return should_execute(replace(str(when), self._scope(), Strictness.ALL))

    def _scope(self) -> Scope:
        metadata = self._cron.get("metadata") or {}
        labels = metadata.get("labels") or {}
        annotations = metadata.get("annotations") or {}
        last = self._status.get("lastScheduledTime")
        values: dict[str, Any] = {
            "cronworkflow.name": str(metadata.get("name") or ""),
            "cronworkflow.namespace": str(metadata.get("namespace") or ""),
            "cronworkflow.labels.json": json_text(labels),
            "cronworkflow.annotations.json": json_text(annotations),
            "cronworkflow.lastScheduledTime": datetime.fromisoformat(str(last)) if last else None,
            "cronworkflow.succeeded": int(self._status.get("succeeded") or 0),
            "cronworkflow.failed": int(self._status.get("failed") or 0),
            **{f"cronworkflow.labels.{key}": value for key, value in labels.items()},
            **{f"cronworkflow.annotations.{key}": value for key, value in annotations.items()},
        }
        return Scope(Values(values), now=self._now)

    def _skip(self, tick: datetime, reason: str) -> None:
        """A tick that is not run still counts as seen, so that it is not looked at again."""
        self._status[SKIPPED_UNTIL] = rfc3339(tick)
        self._audit.append(("Normal", "Skipped", f"tick {rfc3339(tick)} was not run: {reason}"))

    def _report(self, condition: str, message: str) -> None:
        kept = [
            entry
            for entry in self._status.get("conditions") or ()
            if entry.get("type") != condition
        ]
        wanted = {"type": condition, "status": "True", "message": message}
        self._status["conditions"] = [*kept, wanted]
        self._audit.append(("Warning", condition, message))

    def _drop_condition(self, condition: str) -> None:
        known = self._status.get("conditions")
        if known:
            self._status["conditions"] = [
                entry for entry in known if entry.get("type") != condition
            ]


WAITING: Final = "waitingFor"
"""The status field, ours, of a tick that waits for other crons: which, since when, and why."""

SKIPPED_UNTIL: Final = "lastSkippedTime"
"""The status field, ours, with the latest tick that was decided not to run."""


def _reference(child: Body) -> Row:
    metadata = child["metadata"]
    reference: Row = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "name": metadata["name"],
    }
    for key in ("namespace", "uid"):
        if metadata.get(key):
            reference[key] = metadata[key]
    return reference
