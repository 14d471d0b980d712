from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.keep.conftest import Submit
from toolkit.cli.main import run
from toolkit.wiring.workspace import Workspace

SALES = "echo 'rows: 12'; echo 'ERROR: shop 7 is closed'; echo done"


@pytest.fixture
def kept(ran: Submit, capfd: pytest.CaptureFixture[str]) -> None:
    """Logs of two workflows, the first of which was deleted since."""
    ran("sales-1", SALES)
    ran("stock-1", "echo 'error: none'")
    run(["delete", "sales-1"])
    capfd.readouterr()


def grep(capfd: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert run(["logs", "-o", "json", *arguments]) == 0
    return [json.loads(line) for line in capfd.readouterr().out.splitlines()]


@pytest.mark.usefixtures("kept")
def test_lines_of_all_runs_are_found_also_of_deleted_ones(
    capfd: pytest.CaptureFixture[str],
) -> None:
    found = grep(capfd, "--grep", "error", "-i")
    assert [(one["workflow"], one["text"]) for one in found] == [
        ("sales-1", "ERROR: shop 7 is closed"),
        ("stock-1", "error: none"),
    ]
    assert {key: found[0][key] for key in ("environment", "namespace", "line", "container")} == {
        "environment": "staging",
        "namespace": "data",
        "line": 2,
        "container": "main",
    }
    assert (found[0]["step"], found[0]["template"]) == ("sales-1", "main")
    assert found[0]["time"].endswith("Z")


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (["sales-*", "--grep", "."], 3),
        (["stock-1", "--grep", "."], 1),
        (["*", "main", "--grep", "."], 4),
        (["--grep", "^done$"], 1),
        (["--grep", ".", "--since", "1h"], 4),
        (["--grep", ".", "-c", "main"], 4),
    ],
)
def test_a_search_is_narrowed(
    capfd: pytest.CaptureFixture[str], arguments: list[str], count: int
) -> None:
    assert len(grep(capfd, *arguments)) == count


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    "arguments",
    [
        ["--grep", "nowhere"],
        ["--grep", ".", "--since", "2100-01-01"],
        ["sales", "--grep", "."],
        ["*", "another", "--grep", "."],
        ["--grep", ".", "-c", "sidecar"],
    ],
)
def test_where_nothing_matches_it_ends_with_1(
    capfd: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert run(["logs", *arguments]) == 1
    assert capfd.readouterr().out == ""


@pytest.mark.usefixtures("kept")
def test_people_read_time_workflow_and_step(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["logs", "--grep", "rows"]) == 0
    stamp, place, rest = capfd.readouterr().out.split(" ", 2)
    assert stamp.startswith("20")
    assert (place, rest) == ("sales-1/sales-1:", "rows: 12\n")


def test_a_pattern_that_is_none_is_refused(
    workspace: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["logs", "--grep", "("]) == 2
    assert "is no regular expression" in capfd.readouterr().err
    assert run(["logs", "--grep", ".", "--since", "yesterday"]) == 2
    assert run(["logs", "--since", "2h"]) == 2
    assert "go with --grep" in capfd.readouterr().err


@pytest.mark.usefixtures("kept")
def test_a_step_s_lines_carry_their_times(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["logs", "stock-1", "--timestamps"]) == 0
    assert capfd.readouterr().out.split(" ", 1)[0].count(":") >= 1
