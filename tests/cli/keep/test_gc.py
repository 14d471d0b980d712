from __future__ import annotations

import json

import pytest

from tests.cli.keep.conftest import Submit
from toolkit.cli.main import run
from toolkit.wiring.clusters import own
from toolkit.wiring.keeping import sweep_route, sweeper
from toolkit.wiring.workspace import Workspace

ARTIFACT = {"artifacts": [{"name": "report", "path": "/tmp/report.txt"}]}


def removed(capfd: pytest.CaptureFixture[str]) -> dict[str, str]:
    document = json.loads(capfd.readouterr().out)
    return {entry["what"]: entry["name"] for entry in document["removed"]}


def test_what_is_over_the_limits_goes_and_the_run_is_archived(
    ran: Submit, workspace: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    ran("hello", "echo hello; echo data > /tmp/report.txt", outputs=ARTIFACT)
    assert run(["gc", "-o", "json"]) == 0
    assert removed(capfd) == {"runs": "data/hello", "logs": "data/hello", "artifacts": "data/hello"}
    run(["list", "-o", "name"])
    assert capfd.readouterr().out == ""
    run(["list", "--archived", "-o", "name"])
    assert capfd.readouterr().out == "workflow/hello\n"
    assert not list((workspace.state / "logs").rglob("*.log"))


def test_a_dry_run_says_it_and_removes_nothing(
    ran: Submit, capfd: pytest.CaptureFixture[str]
) -> None:
    ran("hello", "echo hello")
    assert run(["gc", "--dry-run"]) == 0
    out = capfd.readouterr().out
    assert "staging" in out
    assert "more than 0" in out
    assert "2 would be removed" in out
    assert run(["logs", "hello"]) == 0
    assert "hello" in capfd.readouterr().out


def test_a_second_time_there_is_nothing_to_do(
    ran: Submit, capfd: pytest.CaptureFixture[str]
) -> None:
    ran("hello", "echo hello")
    run(["gc"])
    capfd.readouterr()
    assert run(["gc"]) == 0
    assert capfd.readouterr().out == "nothing is over its limits\n"


def test_only_the_environments_named_are_swept(
    ran: Submit, capfd: pytest.CaptureFixture[str]
) -> None:
    ran("hello", "echo hello")
    assert run(["gc", "production", "-o", "json"]) == 0
    assert removed(capfd) == {}


def test_where_an_owner_serves_it_is_the_owner_who_sweeps(
    ran: Submit, workspace: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    ran("hello", "echo hello")
    environments = tuple(workspace.settings().environments.values())
    with own(workspace) as owner:
        route = sweep_route(sweeper(owner, workspace, environments))
        with owner.serve(environments[:1], routes=[route]):
            assert run(["gc", "-o", "json"]) == 0
    assert removed(capfd) == {"runs": "data/hello", "logs": "data/hello"}


def test_an_unknown_environment_is_refused(
    workspace: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["gc", "nowhere"]) == 2
    assert "nowhere" in capfd.readouterr().err
