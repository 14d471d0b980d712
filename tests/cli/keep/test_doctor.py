from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.keep.conftest import Submit
from toolkit.cli.main import run
from toolkit.wiring.workspace import Workspace


def verdicts(capfd: pytest.CaptureFixture[str]) -> dict[str, str]:
    checks = json.loads(capfd.readouterr().out)["checks"]
    return {check["name"]: check["verdict"] for check in checks}


def test_a_machine_that_runs_these_tests_is_fit(
    ran: Submit, capfd: pytest.CaptureFixture[str]
) -> None:
    ran("hello", "true")
    assert run(["doctor", "-o", "json"]) == 0
    found = verdicts(capfd)
    for name in ("python", "system", "git", "gitops.yaml", "state", "clock"):
        assert found[name] == "ok", name


def test_outside_a_repository_the_machine_is_looked_at_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["doctor"]) == 0
    out = capfd.readouterr().out
    assert "none here or above" in out
    assert "hint: gitops init DIR" in out


def test_a_state_that_others_may_read_is_broken(
    workspace: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    workspace.ensure_state().chmod(0o755)
    assert run(["doctor"]) == 1
    assert f"chmod 700 {workspace.state}" in capfd.readouterr().out


def test_broken_settings_are_broken(
    workspace: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    workspace.settings_file.write_text("environments: 7\n")
    assert run(["doctor", "-o", "json"]) == 1
    assert verdicts(capfd)["gitops.yaml"] == "broken"


def test_a_database_that_is_none_is_said(
    workspace: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    (workspace.ensure_state() / "state.db").write_bytes(b"no database at all" * 100)
    run(["doctor", "-o", "json"])
    assert verdicts(capfd)["state"] != "ok"


def test_without_git_it_says_so(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(workspace.root))
    assert run(["doctor", "-o", "json"]) == 1
    assert verdicts(capfd)["git"] == "broken"
