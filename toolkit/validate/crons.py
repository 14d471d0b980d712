"""Rules of CronWorkflows: schedules and time zones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from toolkit.errors import ExpressionError
from toolkit.resource.field_path import FieldPath
from toolkit.validate.notes import Notes
from toolkit.validate.shapes import did_you_mean, fields_of, text_of

_AFTER: Final = "gitops.toolkit/after"
_BLACKOUT: Final = "gitops.toolkit/blackout"
_ANY_DAY: Final = datetime(2024, 1, 1, tzinfo=UTC)


def check_cron(body: Mapping[str, Any], notes: Notes, *, zones: frozenset[str] | None) -> None:
    """The schedule of a CronWorkflow. ``zones``: the time zones that exist, None for any."""
    spec = fields_of(body.get("spec"))
    schedules = list(_schedules(spec))
    if not schedules:
        hint = "add schedules: ['0 3 * * *']"
        notes.add("missing-schedule", ("spec",), "this CronWorkflow has no schedule", hint)
    for path, text in schedules:
        _check_schedule(text, path, notes)
    zone = text_of(spec.get("timezone"))
    if zone and zones is not None:
        _check_zone(zone, ("spec", "timezone"), zones, notes)
    _check_annotations(body, notes)
    deadline = spec.get("startingDeadlineSeconds")
    if isinstance(deadline, int) and deadline < 0:
        path = ("spec", "startingDeadlineSeconds")
        notes.add("value-not-allowed", path, "startingDeadlineSeconds is negative")


def _schedules(spec: Mapping[str, Any]) -> Iterator[tuple[FieldPath, str]]:
    if isinstance(spec.get("schedule"), str):
        yield ("spec", "schedule"), spec["schedule"]
    plural = spec.get("schedules")
    for index, text in enumerate(plural if isinstance(plural, list) else []):
        if isinstance(text, str):
            yield ("spec", "schedules", index), text


def _check_schedule(text: str, path: FieldPath, notes: Notes) -> None:
    from toolkit.workflow.cron.schedule import Schedule  # only environments with crons need it

    try:
        schedule = Schedule.parse(text)
    except ExpressionError as error:
        hint = error.hints[0] if error.hints else "minute hour day-of-month month day-of-week"
        notes.add("invalid-schedule", path, f"{text!r}: {error.message}", hint)
        return
    if schedule.next_after(_ANY_DAY) is None:
        hint = "no month has such a day"
        notes.add("invalid-schedule", path, f"{text!r} never comes due", hint)


def _check_annotations(body: Mapping[str, Any], notes: Notes) -> None:
    """Ours: times in which it does not fire, and crons that it runs after."""
    annotations = fields_of(fields_of(body.get("metadata")).get("annotations"))
    if not annotations.keys() & {_AFTER, _BLACKOUT}:
        return
    from toolkit.workflow.cron.after import dependencies_of
    from toolkit.workflow.cron.blackout import blackout_at

    try:
        blackout_at(str(annotations.get(_BLACKOUT) or ""), None, _ANY_DAY)
    except ExpressionError as error:
        notes.add("invalid-schedule", ("metadata", "annotations", _BLACKOUT), error.message)
    try:
        names = [dependency.cron for dependency in dependencies_of(dict(body))]
    except ExpressionError as error:
        notes.add("invalid-schedule", ("metadata", "annotations", _AFTER), error.message)
        return
    if fields_of(body.get("metadata")).get("name") in names:
        path = ("metadata", "annotations", _AFTER)
        notes.add("invalid-schedule", path, "a cron cannot run after itself")


def _check_zone(zone: str, path: FieldPath, zones: frozenset[str], notes: Notes) -> None:
    if zone not in zones:
        hint = did_you_mean(zone, zones, otherwise="an IANA name, like Europe/Berlin")
        notes.add("invalid-timezone", path, f"there is no time zone {zone!r}", hint)
