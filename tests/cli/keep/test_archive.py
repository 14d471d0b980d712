from __future__ import annotations

import json

import pytest

from tests.cli.keep.conftest import Submit
from toolkit.cli.main import run
from toolkit.wiring.workspace import Workspace
from toolkit.workflow.templates.pod_answers import HOST_NAME


@pytest.fixture
def gone(ran: Submit, capfd: pytest.CaptureFixture[str]) -> None:
    """A workflow that failed, and was deleted."""
    ran("broken", "exit 3")
    run(["delete", "broken"])
    capfd.readouterr()


@pytest.mark.usefixtures("gone")
def test_a_deleted_workflow_is_listed_with_its_uid(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["archive", "list"]) == 0
    heading, row = capfd.readouterr().out.splitlines()
    assert heading.split()[-1] == "UID"
    assert row.split()[:2] == ["broken", "Failed"]


@pytest.mark.usefixtures("gone")
def test_it_is_shown_with_its_steps(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["archive", "get", "broken"]) == 0
    assert "exit code 3" in capfd.readouterr().out


def test_wide_has_parameters_and_where_it_ran(
    ran: Submit, capfd: pytest.CaptureFixture[str]
) -> None:
    ran("fine", "true", day="monday")
    capfd.readouterr()
    assert run(["archive", "list", "-o", "wide"]) == 0
    heading, row = capfd.readouterr().out.splitlines()
    assert heading.split()[-3:] == ["PRIORITY", "PARAMETERS", "UID"]
    assert "day=monday" in row
    assert run(["archive", "get", "fine", "-o", "wide"]) == 0
    heading, row = capfd.readouterr().out.splitlines()[-2:]
    assert heading.split()[-2:] == ["RESOURCESDURATION", "NODENAME"]
    assert row.split()[-1] == HOST_NAME


@pytest.mark.usefixtures("gone")
def test_it_is_found_by_its_uid(capfd: pytest.CaptureFixture[str]) -> None:
    run(["archive", "list", "-o", "json"])
    (item,) = json.loads(capfd.readouterr().out)["items"]
    assert run(["archive", "get", item["metadata"]["uid"], "-o", "json"]) == 0
    assert json.loads(capfd.readouterr().out)["status"]["phase"] == "Failed"


@pytest.mark.usefixtures("gone")
def test_it_is_retried_and_is_there_again(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["archive", "retry", "broken", "--wait"]) == 1
    capfd.readouterr()
    assert run(["list", "-o", "name"]) == 0
    assert capfd.readouterr().out == "workflow/broken\n"


@pytest.mark.usefixtures("gone")
def test_it_is_submitted_anew(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["archive", "resubmit", "broken", "--wait"]) == 1
    assert "workflow/broken-" in capfd.readouterr().out


@pytest.mark.usefixtures("gone")
def test_it_is_deleted_for_good(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["archive", "delete", "broken"]) == 0
    assert "deleted from the archive" in capfd.readouterr().out
    run(["archive", "list", "-o", "name"])
    assert capfd.readouterr().out == ""


@pytest.mark.usefixtures("gone")
def test_a_close_name_is_suggested(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["archive", "get", "brokem"]) == 1
    assert "did you mean 'broken'?" in capfd.readouterr().err


@pytest.mark.usefixtures("gone")
def test_nothing_is_started_where_nobody_would_run_it(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["archive", "retry", "broken"]) == 1
    assert "no engine is running" in capfd.readouterr().err


def test_an_archive_of_nothing_is_empty(
    workspace: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["archive", "list"]) == 0
    assert len(capfd.readouterr().out.splitlines()) == 1
