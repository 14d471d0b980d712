from __future__ import annotations

import json

import pytest

from toolkit.cli.main import run
from toolkit.yaml import load_all


def workflow(name, **fields):
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": name, "namespace": "data", **fields.pop("metadata", {})},
        "spec": {
            "entrypoint": "main",
            "arguments": {"parameters": [{"name": "day", "value": "monday"}]},
            "templates": [{"name": "main", "container": {"image": "busybox", "command": ["true"]}}],
        },
        **fields,
    }


FAILED = workflow(
    "broken-1",
    metadata={"labels": {"workflows.argoproj.io/cron-workflow": "broken"}},
    status={
        "phase": "Failed",
        "startedAt": "2024-01-01T00:00:00Z",
        "finishedAt": "2024-01-01T00:01:05Z",
        "message": "child failed",
        "nodes": {
            "broken-1": {
                "id": "broken-1",
                "name": "broken-1",
                "displayName": "broken-1",
                "type": "Pod",
                "phase": "Failed",
                "templateName": "main",
                "startedAt": "2024-01-01T00:00:00Z",
                "finishedAt": "2024-01-01T00:01:05Z",
                "message": "main: Error (exit code 1)",
            }
        },
    },
)


def test_list_shows_each_workflow_and_its_state(write, capsys):
    write(workflow("fresh"), FAILED)
    assert run(["list"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[0][:3] == ["NAME", "STATUS", "AGE"]
    states = {row[0]: row[1] for row in rows[1:]}
    assert states == {"fresh": "Pending", "broken-1": "Failed"}


def test_list_of_an_empty_environment_is_only_the_heading(workspace, capsys):
    assert run(["list"]) == 0
    assert capsys.readouterr().out.startswith("NAME   STATUS")


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--status", "failed"], ["workflow/broken-1"]),
        (["--cron", "broken"], ["workflow/broken-1"]),
        (["-l", "a=b"], []),
        (["--limit", "1", "--status", "Pending"], ["workflow/fresh"]),
        (["--env", "production"], []),
    ],
)
def test_list_can_be_narrowed(write, capsys, options, names):
    write(workflow("fresh"), FAILED)
    assert run(["list", *options, "-o", "name"]) == 0
    assert capsys.readouterr().out.split() == names


def test_list_as_json_and_yaml_holds_whole_objects(write, capsys):
    write(workflow("a"), workflow("b"))
    assert run(["list", "-o", "json"]) == 0
    items = json.loads(capsys.readouterr().out)["items"]
    assert {item["metadata"]["name"] for item in items} == {"a", "b"}
    assert run(["list", "-o", "yaml"]) == 0
    assert len(load_all(capsys.readouterr().out)) == 2


def test_get_shows_state_parameters_tree_and_messages(write, capsys):
    write(FAILED)
    assert run(["get", "broken-1"]) == 0
    shown = capsys.readouterr().out
    assert "Status:              ✖ Failed" in shown
    assert "day: monday" in shown
    assert "Duration:            1m 5s" in shown
    assert "✖ broken-1   main       broken-1   1m 5s      main: Error (exit code 1)" in shown


def test_wide_is_text_with_more_columns(write, capsys):
    write(FAILED)
    assert run(["list", "-o", "wide"]) == 0
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.split()[-4:] == ["PRIORITY", "MESSAGE", "P/R/C", "PARAMETERS"]
    assert row.split()[-2:] == ["0/0/1", "day=monday"]
    assert run(["get", "broken-1", "-o", "wide"]) == 0
    shown = capsys.readouterr().out
    assert "Status:              ✖ Failed" in shown
    columns = shown.splitlines()[-2].split()
    assert columns[-4:] == ["ARTIFACTS", "MESSAGE", "RESOURCESDURATION", "NODENAME"]


def test_get_as_yaml_is_the_object_without_bookkeeping(write, capsys):
    write(FAILED)
    assert run(["get", "@latest", "-o", "yaml"]) == 0
    [body] = load_all(capsys.readouterr().out)
    assert body["status"]["phase"] == "Failed"
    assert "managedFields" not in body["metadata"]


def test_get_of_an_unknown_name_says_what_is_close(write, capsys):
    write(FAILED)
    assert run(["get", "broken-2"]) == 1
    assert "did you mean 'broken-1'?" in capsys.readouterr().err


def test_logs_of_what_has_not_begun_say_so(write, capsys):
    write(workflow("fresh"))
    assert run(["logs", "fresh"]) == 0
    assert capsys.readouterr() == ("", "no step has begun\n")


def test_latest_of_nothing_is_said(workspace, capsys):
    assert run(["get"]) == 1
    assert "there is no Workflow in staging" in capsys.readouterr().err


def test_an_unknown_environment_is_a_usage_error(workspace, capsys):
    assert run(["list", "--env", "stagin"]) == 2
    assert "staging" in capsys.readouterr().err


def test_reading_without_a_state_makes_none_that_lists_runs(workspace, capsys):
    assert run(["cron", "list"]) == 0
    assert run(["template", "list"]) == 0
    assert run(["watch", "x"]) == 1
