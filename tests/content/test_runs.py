"""The shipped pipelines, run to their end on the embedded engine: real processes, real files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from toolkit.adapters.slack import captured
from toolkit.adapters.starter import commit_starter, write_starter
from toolkit.cli.engine import engine_here
from toolkit.cli.main import run
from toolkit.cli.showing import follow
from toolkit.cli.workflows import now
from toolkit.report.workflow_tree import is_suspended
from toolkit.resource.cluster import ObjectRef
from toolkit.wiring.workspace import Workspace
from toolkit.workflow import verbs
from toolkit.workflow.submission.submission import CRON_WORKFLOW, WORKFLOW, Wishes, fit


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new repository, published and synced."""
    root = tmp_path_factory.mktemp("team")
    write_starter(root)
    commit_starter(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        assert run(["publish", "staging", "production"]) == 0
        assert run(["sync", "staging"]) == 0
        assert run(["sync", "production"]) == 0
    return root


@pytest.fixture
def team(published: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.chdir(published)
    workspace = Workspace(published)
    workspace.captured.unlink(missing_ok=True)
    return workspace


def ended(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """The workflow of ``gitops run … --wait``, as it ended."""
    capsys.readouterr()
    run(["run", *arguments, "--wait", "-o", "json"])
    workflow: dict[str, Any] = json.loads(capsys.readouterr().out)
    return workflow


def phases(workflow: dict[str, Any]) -> dict[str, str]:
    """Without groups and attempts."""
    return {
        node["displayName"]: node["phase"]
        for node in workflow["status"]["nodes"].values()
        if node["type"] not in {"StepGroup", "TaskGroup"}
    }


def message(team: Workspace) -> dict[str, Any]:
    """The one message that was captured."""
    (entry,) = captured(team.captured)
    payload: dict[str, Any] = entry["payload"]
    return payload


def test_hello_cron(team: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    workflow = ended(capsys, "cron/hello-cron")
    name = workflow["metadata"]["name"]
    assert workflow["status"]["phase"] == "Succeeded"
    assert message(team)["channel"] == "#data-staging"
    assert message(team)["text"] == f"Hello from {name}: Succeeded"
    capsys.readouterr()
    run(["logs", name])
    assert "< hello world >" in capsys.readouterr().out


def test_daily_sales_fans_out_over_what_was_extracted(
    team: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    workflow = ended(capsys, "cron/daily-sales", "-p", "day=2024-05-01")
    found = phases(workflow)
    assert workflow["status"]["phase"] == "Succeeded"
    assert found["transform(0:fr)"] == found["transform(1:it)"] == "Succeeded"
    assert message(team)["text"] == "Daily sales: Succeeded"
    capsys.readouterr()
    run(["logs", workflow["metadata"]["name"]])
    assert "2024-05-01: 2 countries loaded" in capsys.readouterr().out


def test_backfill_runs_the_pipeline_for_every_day(
    team: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    file = "workflows/backfill.yaml"
    workflow = ended(capsys, file, "-p", "first=2024-02-28", "-p", "last=2024-02-29")
    found = phases(workflow)
    assert workflow["status"]["phase"] == "Succeeded"
    assert found["day(0:2024-02-28)"] == found["day(1:2024-02-29)"] == "Succeeded"
    assert message(team)["text"] == "Backfill 2024-02-28 to 2024-02-29: Succeeded"


def test_freshness_check_says_nothing_while_all_is_well(
    team: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    workflow = ended(capsys, "cron/freshness-check")
    assert workflow["status"]["phase"] == "Succeeded"
    assert phases(workflow)["slack"] == "Skipped"
    assert captured(team.captured) == []


def test_fire_drill_is_tried_again_then_told_with_its_log(
    team: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    workflow = ended(capsys, "workflows/fire-drill.yaml")
    attempts = [name for name in phases(workflow) if name.startswith("reach-warehouse(")]
    status, failure = (block["text"]["text"] for block in message(team)["attachments"][0]["blocks"])
    assert workflow["status"]["phase"] == "Failed"
    assert sorted(attempts) == [f"reach-warehouse({n})" for n in range(3)]
    assert status.startswith("*Failed*")
    assert failure.startswith("*reach-warehouse*: ")
    assert "exit code 7" in failure
    assert "(3 attempts)" in failure
    log = Path(failure.partition("log: file://")[2])
    assert "attempt 2: connecting to the warehouse" in log.read_text()


def test_weekly_report_waits_for_its_approval_in_production(team: Workspace) -> None:
    environment = team.settings().environment("production")
    with engine_here(team, environment) as cluster:
        cron = cluster.get(ObjectRef(CRON_WORKFLOW, environment.namespace, "weekly-report"))
        assert cron is not None
        body = fit(verbs.from_cron(cron, now()), environment.namespace, Wishes())
        name = cluster.create(body)["metadata"]["name"]
        ref = ObjectRef(WORKFLOW, environment.namespace, name)
        next(state for state in follow(cluster, ref) if is_suspended(state))
        assert captured(team.captured) == []
        assert run(["resume", name, "--env", "production"]) == 0
        (*_, end) = follow(cluster, ref)
    assert end["status"]["phase"] == "Succeeded"
    assert message(team)["channel"] == "#company"
    assert "Sales 20" in message(team)["attachments"][0]["blocks"][1]["text"]["text"]
