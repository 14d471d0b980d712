"""An environment's crons, ready to be forecast."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from toolkit.errors import ExpressionError, UsageError
from toolkit.report.schedule import Calendar
from toolkit.wiring.experience import past
from toolkit.wiring.render import render
from toolkit.wiring.workspace import find_workspace
from toolkit.workflow.cron.clock_changes import clock_changes
from toolkit.workflow.cron.forecast import Planned, planned


def open_calendar(
    env: str | None, start: datetime, end: datetime, *, durations: str, with_suspended: bool
) -> Calendar:
    """The crons that the environment's files render to, in order of their names.

    Raises UsageError for an unknown environment, what a build raises, and ExpressionError for a
    schedule that cannot be read.
    """
    workspace = find_workspace()
    environment = workspace.settings().environment(env)
    known = past(workspace, environment, durations)
    rendered = render(workspace, environment.name)
    bodies = [r.body for r in rendered.result.resources if r.body.get("kind") == "CronWorkflow"]
    crons = [_planned(body, known.expected_run_s, environment.name) for body in bodies]
    firing = sorted(
        (cron for cron in crons if with_suspended or not cron.is_suspended),
        key=lambda cron: cron.name,
    )
    resting = sorted(cron.name for cron in crons if cron.is_suspended and not with_suspended)
    try:
        changes = clock_changes(firing, start, end)
    except OverflowError as error:
        raise UsageError("the calendar ends with the year 9999") from error
    return Calendar(environment.name, start, end, firing, changes, resting)


def _planned(body: Mapping[str, Any], expected: Any, environment: str) -> Planned:
    name = str(body["metadata"]["name"])
    try:
        return planned(dict(body), expected(name))
    except ExpressionError as error:
        hint = f"find the place: gitops validate {environment}"
        raise ExpressionError(f"CronWorkflow {name}: {error.message}", hints=(hint,)) from error
