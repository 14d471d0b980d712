"""Rules of CronWorkflows: schedules and time zones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from toolkit.errors import ExpressionError
from toolkit.resource.field_path import FieldPath
from toolkit.validate.catalog import Catalog
from toolkit.validate.notes import Notes
from toolkit.validate.shapes import Fields, did_you_mean, fields_of, text_of

_AFTER: Final = "gitops.toolkit/after"
_BLACKOUT: Final = "gitops.toolkit/blackout"
_ANY_DAY: Final = datetime(2024, 1, 1, tzinfo=UTC)


def check_cron(
    body: Mapping[str, Any], catalog: Catalog, notes: Notes, *, zones: frozenset[str] | None
) -> None:
    """The schedule of a CronWorkflow, and the crons that it runs after. ``zones``: the time zones
    that exist, None for any.
    """
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
    _check_annotations(body, catalog, notes)
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


def _check_annotations(body: Mapping[str, Any], catalog: Catalog, notes: Notes) -> None:
    """Ours: times in which it does not fire, and crons that it runs after."""
    annotations = fields_of(fields_of(body.get("metadata")).get("annotations"))
    if not annotations.keys() & {_AFTER, _BLACKOUT}:
        return
    from toolkit.workflow.cron.blackout import blackout_at

    try:
        blackout_at(str(annotations.get(_BLACKOUT) or ""), None, _ANY_DAY)
    except ExpressionError as error:
        notes.add("invalid-schedule", ("metadata", "annotations", _BLACKOUT), error.message)
    path = ("metadata", "annotations", _AFTER)
    try:
        names = _names_after(body)
    except ExpressionError as error:
        notes.add("invalid-schedule", path, error.message)
        return
    for name in names if catalog.is_complete else ():
        if _cron(name, body, catalog) is None:
            hint = did_you_mean(name, catalog.names("CronWorkflow"), otherwise="render it")
            notes.add("unknown-cron", path, f"there is no CronWorkflow {name!r} to run after", hint)
    cycle = _cycle(body, catalog)
    if cycle:
        notes.add("cron-cycle", path, f"these wait for each other: {' -> '.join(cycle)}")


def _cycle(body: Mapping[str, Any], catalog: Catalog) -> tuple[str, ...]:
    """The names from this cron back to itself, () where none leads there."""
    start = text_of(fields_of(body.get("metadata")).get("name"))
    seen: set[str] = set()
    paths: list[tuple[str, ...]] = [(start, name) for name in _names_after(body)]
    while paths:
        path = paths.pop()
        if path[-1] == start:
            return path
        found = _cron(path[-1], body, catalog)
        if found is None or path[-1] in seen:
            continue
        seen.add(path[-1])
        with suppress(ExpressionError):  # said of that cron
            paths += [(*path, name) for name in _names_after(found)]
    return ()


def _names_after(body: Mapping[str, Any]) -> list[str]:
    from toolkit.workflow.cron.after import dependencies_of

    return [dependency.cron for dependency in dependencies_of(dict(body))]


def _cron(name: str, body: Mapping[str, Any], catalog: Catalog) -> Fields | None:
    namespace = text_of(fields_of(body.get("metadata")).get("namespace"))
    return catalog.find("CronWorkflow", name, namespace)


def _check_zone(zone: str, path: FieldPath, zones: frozenset[str], notes: Notes) -> None:
    if zone not in zones:
        hint = did_you_mean(zone, zones, otherwise="an IANA name, like Europe/Berlin")
        notes.add("invalid-timezone", path, f"there is no time zone {zone!r}", hint)
