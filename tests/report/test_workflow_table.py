from __future__ import annotations

from datetime import UTC, datetime, timedelta

from toolkit.report.workflow_table import (
    format_crons,
    format_templates,
    format_workflows,
    newest_first,
)

NOW = datetime(2024, 1, 1, 1, 0, tzinfo=UTC)


def body(name, **fields):
    metadata = {"name": name, "creationTimestamp": fields.pop("created", "2024-01-01T00:00:00Z")}
    return {"metadata": metadata, **fields}


def test_workflows_have_state_age_duration_progress_and_message():
    status = {
        "phase": "Running",
        "startedAt": "2024-01-01T00:58:00Z",
        "progress": "1/3",
        "message": "x\ny",
    }
    lines = format_workflows([body("a", status=status), body("b")], now=NOW).splitlines()
    assert lines[1].split() == ["a", "Running", "1h", "2m", "1/3", "x", "y"]
    assert lines[2].split() == ["b", "Pending", "1h", "-", "-"]


def test_a_workflow_asked_to_wait_is_suspended():
    text = format_workflows([body("a", spec={"suspend": True})], now=NOW)
    assert "Suspended" in text


def test_crons_have_schedules_zone_and_both_runs():
    spec = {"schedules": ["0 1 * * *", "0 2 * * *"], "timezone": "Europe/Rome"}
    status = {"lastScheduledTime": "2024-01-01T00:50:00Z", "active": [{}]}
    line = format_crons(
        [body("a", spec=spec, status=status)],
        now=NOW,
        next_runs={"a": NOW + timedelta(hours=2)},
    ).splitlines()[1]
    assert line == (
        "a      0 1 * * *, 0 2 * * *   Europe/Rome   no          1        10m ago    in 2h"
    )


def test_the_old_form_of_a_schedule_is_shown_too():
    line = format_crons([body("a", spec={"schedule": "@daily"})], now=NOW, next_runs={})
    assert "@daily" in line


def test_templates_list_what_is_in_them():
    spec = {"templates": [{"name": "x"}, {"name": "y"}]}
    line = format_templates([body("a", spec=spec)], now=NOW).splitlines()[1]
    assert line.split() == ["a", "-", "x,", "y", "1h"]


def test_the_newest_come_first_and_of_one_second_the_last_that_changed():
    old, changed = body("b"), body("a")
    changed["metadata"]["resourceVersion"] = "10"
    old["metadata"]["resourceVersion"] = "9"
    found = newest_first([old, changed, body("new", created="2024-01-01T00:00:01Z")])
    assert [one["metadata"]["name"] for one in found] == ["new", "a", "b"]
