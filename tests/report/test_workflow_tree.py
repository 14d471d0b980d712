from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from toolkit.report.durations import format_age, format_duration, parse_time, span_s
from toolkit.report.workflow_tree import format_tree, format_workflow, phase_of

NOW = datetime(2024, 1, 1, 1, 0, tzinfo=UTC)


def nodes(*rows):
    """(name, type, phase[, boundary[, message]]): ids are names; each began a minute later."""
    found = {}
    for minute, (name, type, phase, *rest) in enumerate(rows):
        display = name.rsplit(".", 1)[-1]
        found[name] = {
            "id": name,
            "name": name,
            "displayName": display,
            "type": type,
            "phase": phase,
            "templateName": "TEMPLATE",
            "boundaryID": rest[0] if rest else "",
            "message": rest[1] if len(rest) > 1 else "",
            "startedAt": f"2024-01-01T00:{minute:02}:00Z",
            "finishedAt": f"2024-01-01T00:{minute:02}:07Z",
        }
    return {"metadata": {"name": "wf"}, "status": {"nodes": found}}


def tree(*rows) -> list[str]:
    """The first column of each line."""
    lines = format_tree(nodes(*rows), now=NOW).splitlines()[1:]
    return [line.partition("TEMPLATE")[0].rstrip() for line in lines]


def test_steps_stand_under_their_template_and_side_by_side_ones_are_joined():
    assert tree(
        ("wf", "Steps", "Running"),
        ("wf[0]", "StepGroup", "Succeeded", "wf"),
        ("wf[0].a", "Pod", "Succeeded", "wf"),
        ("wf[1]", "StepGroup", "Running", "wf"),
        ("wf[1].b", "Pod", "Failed", "wf"),
        ("wf[1].c", "Pod", "Running", "wf"),
    ) == [" ● wf", " ├─✔ a", " ├─✖ b", " └─·─● c"]


def test_attempts_stand_under_their_retry_and_items_under_their_loop():
    assert tree(
        ("wf", "DAG", "Failed"),
        ("wf.load", "TaskGroup", "Failed", "wf"),
        ("wf.load(0:a)", "Retry", "Failed", "wf"),
        ("wf.load(0:a)(0)", "Pod", "Error", "wf"),
        ("wf.load(0:a)(1)", "Pod", "Failed", "wf"),
        ("wf.load(1:b)", "Pod", "Succeeded", "wf"),
    ) == [
        " ✖ wf",
        " └─✖ load",
        "   ├─✖ load(0:a)",
        "   │ ├─⚠ load(0:a)(0)",
        "   │ └─✖ load(0:a)(1)",
        "   └─✔ load(1:b)",
    ]


def test_attempts_and_tasks_below_a_step_are_not_joined():
    assert tree(
        ("wf", "Steps", "Failed"),
        ("wf[0]", "StepGroup", "Failed", "wf"),
        ("wf[0].day", "DAG", "Succeeded", "wf"),
        ("wf[0].day.extract", "Pod", "Succeeded", "wf[0].day"),
        ("wf[0].day.load", "Pod", "Succeeded", "wf[0].day"),
        ("wf[0].flaky", "Retry", "Failed", "wf"),
        ("wf[0].flaky(0)", "Pod", "Failed", "wf"),
        ("wf[0].flaky(1)", "Pod", "Failed", "wf"),
    ) == [
        " ✖ wf",
        " ├─✔ day",
        " │ ├─✔ extract",
        " │ └─✔ load",
        " └─·─✖ flaky",
        "   ├─✖ flaky(0)",
        "   └─✖ flaky(1)",
    ]


def test_an_item_with_parentheses_in_it_stands_under_its_loop():
    assert tree(
        ("wf", "DAG", "Running"),
        ("wf.x", "TaskGroup", "Running", "wf"),
        ("wf.x(0:f(1))", "Pod", "Running", "wf"),
    ) == [" ● wf", " └─● x", "   └─● x(0:f(1))"]


def test_exit_handlers_are_trees_of_their_own_at_the_end():
    assert tree(
        ("wf.onExit", "Steps", "Succeeded"),
        ("wf.onExit[0]", "StepGroup", "Succeeded", "wf.onExit"),
        ("wf.onExit[0].slack", "Pod", "Succeeded", "wf.onExit"),
        ("wf", "Pod", "Succeeded"),
    ) == [" ✔ wf", " ✔ onExit", " └─✔ slack"]


def test_numbers_in_names_count_as_numbers():
    rows = [(f"wf.x({n}:v)", "Pod", "Skipped", "wf") for n in (10, 9, 1)]
    workflow = nodes(("wf", "DAG", "Running"), *rows)
    for node in workflow["status"]["nodes"].values():
        node["startedAt"] = "2024-01-01T00:00:00Z"
    lines = format_tree(workflow, now=NOW).splitlines()[2:]
    assert [line.split()[1] for line in lines] == ["x(1:v)", "x(9:v)", "x(10:v)"]


@pytest.mark.parametrize(
    ("phase", "icon"),
    [
        ("Succeeded", "✔"),
        ("Failed", "✖"),
        ("Error", "⚠"),
        ("Running", "●"),
        ("Pending", "◷"),
        ("Skipped", "○"),
        ("Omitted", "○"),
        ("", "?"),
    ],
)
def test_the_icon_tells_the_phase_without_colour(phase, icon):
    assert tree(("wf", "Pod", phase)) == [f" {icon} wf"]


def test_a_step_that_waits_for_approval_has_its_own_icon():
    rows = [("wf", "Suspend", "Running")]
    assert tree(*rows) == [" ǁ wf"]
    workflow = nodes(*rows)
    workflow["status"]["phase"] = "Running"
    assert phase_of(workflow) == "Suspended"
    assert "Waits for:           gitops resume wf" in format_workflow(workflow, now=NOW)


def test_pods_durations_and_messages_stand_beside_the_step():
    workflow = nodes(("wf", "Pod", "Failed", "", "main: Error\n(exit code 1)"))
    line = format_tree(workflow, now=NOW, pods={"wf": "wf-pod"}).splitlines()[1]
    assert line.split(maxsplit=5) == [
        *("✖", "wf", "TEMPLATE", "wf-pod", "7s"),
        "main: Error (exit code 1)",
    ]


def test_what_a_program_wrote_cannot_move_the_cursor():
    workflow = nodes(("wf", "Pod", "Failed", "", "\x1b[2Jgone"))
    assert "\x1b" not in format_tree(workflow, now=NOW)


def test_colours_change_nothing_but_colours():
    workflow = nodes(("wf", "DAG", "Failed"), ("wf.a", "Pod", "Failed", "wf"))
    coloured = format_tree(workflow, now=NOW, coloured=True)
    plain = coloured
    for code in ("1", "31", "0"):
        plain = plain.replace(f"\x1b[{code}m", "")
    assert coloured != plain
    assert plain == format_tree(workflow, now=NOW)


def test_a_workflow_that_calls_itself_a_thousand_times_is_drawn():
    rows = [("wf", "Steps", "Running")]
    name = "wf"
    for _ in range(1500):
        rows.append((f"{name}.x", "Steps", "Running", name))
        name += ".x"
    workflow = {"status": {"nodes": nodes(*rows[:60])["status"]["nodes"]}}
    deep = {
        row[0]: {"id": row[0], "name": row[0], "boundaryID": row[3] if row[3:] else ""}
        for row in rows
    }
    workflow["status"]["nodes"] = deep
    assert len(format_tree(workflow, now=NOW).splitlines()) == 1502


def test_a_workflow_without_nodes_is_only_its_state():
    text = format_workflow({"metadata": {"name": "x"}, "spec": {}}, now=NOW)
    assert text == "Name:                x\nStatus:              ◷ Pending"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0s"), (0.4, "0s"), (59, "59s"), (200, "3m 20s"), (7200, "2h"), (97200, "1d 3h")],
)
def test_durations_have_the_two_largest_units(seconds, text):
    assert format_duration(seconds) == text


def test_ages_have_one_unit():
    assert format_age(datetime(2023, 12, 29, 22, 0, tzinfo=UTC), NOW) == "2d"
    assert format_age(None, NOW) == "-"


def test_what_is_no_time_is_none():
    assert parse_time("yesterday") is None
    assert parse_time(None) is None
    assert span_s("2024-01-01T00:59:00Z", None, NOW) == 60


def summary(**status: Any) -> list[str]:
    body = {"metadata": {"name": "x"}, "status": status}
    return format_workflow(body, now=NOW).splitlines()


def test_what_was_used_is_written_as_argo_writes_it() -> None:
    used = {"memory": 1800, "cpu": 360, "nvidia.com/gpu": 7203, "ephemeral-storage": 0}
    *_, progress, shown = summary(phase="Succeeded", resourcesDuration=used, progress="2/3")
    assert progress == "Progress:            2/3"
    amounts = shown.removeprefix("ResourcesDuration:   ").split(",")
    assert amounts == [
        "6m0s*(1 cpu)",
        "0s*(10Gi ephemeral-storage)",
        "30m0s*(100Mi memory)",
        "2h0m3s*(1 nvidia.com/gpu)",
    ]


def test_an_estimate_stands_there_while_it_runs() -> None:
    assert "EstimatedDuration:   1m 5s" in summary(phase="Running", estimatedDuration=65)
    assert not any("Estimated" in line for line in summary(phase="Failed", estimatedDuration=65))


def test_a_condition_that_says_something_is_shown() -> None:
    conditions = [
        {"type": "Completed", "status": "True"},
        {"type": "MetricsError", "status": "True", "message": "no\nnumber"},
    ]
    shown = summary(phase="Succeeded", conditions=conditions)
    assert "MetricsError:        no number" in shown
    assert not any("Completed" in line for line in shown)
