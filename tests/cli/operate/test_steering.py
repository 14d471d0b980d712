"""Steering without an engine: wishes are written down, and said to wait."""

from __future__ import annotations

import pytest

from toolkit.cli.main import run

LATER = "takes effect with the next `gitops up`"


def workflow(**spec):
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "wf", "namespace": "data"},
        "spec": {
            "entrypoint": "main",
            "templates": [{"name": "main", "container": {"image": "busybox"}}],
            **spec,
        },
    }


@pytest.mark.parametrize(
    ("verb", "before", "field", "after"),
    [
        ("suspend", {}, "suspend", True),
        ("resume", {"suspend": True}, "suspend", None),
        ("stop", {}, "shutdown", "Stop"),
        ("terminate", {}, "shutdown", "Terminate"),
    ],
)
def test_a_wish_is_written_into_the_workflow(write, read, capsys, verb, before, field, after):
    write(workflow(**before))
    assert run([verb, "wf"]) == 0
    assert read("Workflow", "wf")["spec"].get(field) == after
    assert LATER in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["suspend", "stop", "terminate"])
def test_a_dry_run_of_a_wish_changes_nothing(write, read, capsys, verb):
    write(workflow())
    before = read("Workflow", "wf")
    assert run([verb, "wf", "--dry-run"]) == 0
    assert "workflow/wf would be" in capsys.readouterr().out
    assert read("Workflow", "wf") == before


def test_the_reason_for_a_stop_is_shown_with_the_workflow(write, capsys):
    write(workflow())
    assert run(["stop", "wf", "--message", "wrong day"]) == 0
    assert run(["get", "wf"]) == 0
    assert "Stopped:             wrong day" in capsys.readouterr().out


def test_nothing_to_resume_is_refused(write, capsys):
    write(workflow())
    assert run(["resume", "wf"]) == 1
    assert "nothing to resume" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["retry", "resubmit"])
def test_new_work_without_an_engine_is_refused(write, capsys, verb):
    write(workflow())
    assert run([verb, "wf"]) == 1
    assert "no engine is running" in capsys.readouterr().err


def test_several_are_steered_in_one_go_and_an_unknown_one_stops_it(write, read, capsys):
    write(workflow())
    assert run(["suspend", "wf", "nope"]) == 1
    assert read("Workflow", "wf")["spec"]["suspend"] is True
    assert '"nope" not found' in capsys.readouterr().err
