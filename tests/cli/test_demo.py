"""``gitops demo`` as a newcomer runs it: twice, on a new repository."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import git
import pytest

from toolkit.adapters.starter import commit_starter, write_starter
from toolkit.cli.main import run
from toolkit.wiring.clusters import own
from toolkit.wiring.workspace import Workspace

PACKAGE = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("team")
    write_starter(root)
    assert commit_starter(root)
    return root


def demo(root: Path) -> str:
    """Its output. It must succeed, and have nothing to complain of."""
    result = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-m", "toolkit", "demo"],
        cwd=root,
        env={"PATH": os.environ["PATH"], "HOME": str(root.parent), "PYTHONPATH": str(PACKAGE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr == ""
    return result.stdout


@pytest.fixture(scope="module")
def outputs(team: Path) -> tuple[str, str, list[str]]:
    """What the first and the second demo print, and the deploy commits after each."""
    first = demo(team)
    before = commits(team)
    second = demo(team)
    assert commits(team) == before
    return first, second, before


def commits(root: Path) -> list[str]:
    with git.Repo(root / ".gitops" / "deploy.git") as repo:
        return sorted(commit.hexsha for commit in repo.iter_commits("--all"))


Outputs = tuple[str, str, list[str]]


def test_deploy_commits_are_shown(outputs: Outputs) -> None:
    first, _, made = outputs
    assert len(made) == 2
    assert all(sha[:12] in first for sha in made)


def test_all_crons_of_staging_are_suspended_and_none_of_production(outputs: Outputs) -> None:
    first, _, _ = outputs
    assert "in staging all 4 are suspended; in production none of 4 is suspended." in first


def test_hello_cron_runs_and_its_message_is_shown(outputs: Outputs) -> None:
    first, _, _ = outputs
    assert re.search(r"✔ hello-cron-\S+ +hello ", first)
    assert (
        "channel  #data-staging\nicon     :gear:\ntitle    :gear: Hello from hello-cron-" in first
    )
    assert "| *Succeeded* `hello-cron-" in first


def test_failure_is_tried_again_and_told_with_its_log(outputs: Outputs) -> None:
    first, _, _ = outputs
    assert "reach-warehouse was tried 3 times." in first
    assert "| *reach-warehouse*: main: Error (exit code 7) (3 attempts)" in first
    (link,) = re.findall(r"\| log: file://(\S+)", first)
    assert "connecting to the warehouse" in Path(link).read_text()


def test_second_demo_writes_nothing_and_says_so(outputs: Outputs) -> None:
    _, second, _ = outputs
    assert second.count("published already, so no new commit") == 2
    assert second.count("all 14 objects are as published, no object was written") == 2


def test_webhook_is_put_back(
    team: Path, outputs: Outputs, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outputs
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(team)
        assert run(["notify", "test"]) == 0
    assert capsys.readouterr().out == "kept, not sent: gitops notify captured\n"


def test_beside_a_running_gitops_it_does_nothing(
    team: Path,
    outputs: Outputs,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(team)
    workspace = Workspace(team)
    with own(workspace) as owner, owner.serve([workspace.settings().environment()]):
        assert run(["demo"]) == 1
    shown = capsys.readouterr()
    assert "a `gitops up` is running here" in shown.err
    assert shown.out == ""


def test_broken_repository_is_told_once_and_goes_no_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_starter(tmp_path)
    cron = tmp_path / "crons/base/hello-cron.yaml"
    cron.write_text(cron.read_text().replace("onExit:", "onExti:"))
    monkeypatch.chdir(tmp_path)
    assert run(["demo"]) == 4
    assert capsys.readouterr().err.count("did you mean 'onExit'?") == 1
    assert not (tmp_path / ".gitops").exists()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("destination: embedded", "destination: prod-cluster"),
        ("repository: .gitops/deploy.git", "repository: git@example.com:deploy.git"),
    ],
)
def test_real_environments_are_left_alone(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    old: str,
    new: str,
) -> None:
    write_starter(tmp_path)
    settings = tmp_path / "gitops.yaml"
    settings.write_text(settings.read_text().replace(old, new))
    monkeypatch.chdir(tmp_path)
    assert run(["demo"]) == 1
    assert "the demo leaves it alone" in capsys.readouterr().err
    assert not (tmp_path / ".gitops").exists()
