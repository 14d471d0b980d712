"""The CI file that we ship: its commands, run as GitHub would, on a real repository."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import git
import pytest
import yaml

from toolkit.adapters.starter import commit_starter, write_starter

JOBS = yaml.safe_load((Path(__file__).parents[2] / ".ci/deploy.yaml").read_bytes())["jobs"]


def commands(job: str) -> list[str]:
    """All but the installation of the toolkit: it is the one under test."""
    scripts = [step["run"] for step in JOBS[job]["steps"] if "run" in step]
    assert scripts[0] == "python -m pip install gitops-toolkit"
    return scripts[1:]


class Checkout:
    """A checkout of a team's repository on a CI machine that has nothing but the toolkit."""

    def __init__(self, root: Path, machine: Path) -> None:
        self.root = root
        self._home = machine / "home"
        self._bin = machine / "bin"
        self._home.mkdir(parents=True)
        self._bin.mkdir()
        gitops = self._bin / "gitops"
        package = Path(__file__).parents[2]
        gitops.write_text(
            f'#!/bin/sh\nPYTHONPATH={package} exec {sys.executable} -P -m toolkit "$@"\n'
        )
        gitops.chmod(0o755)

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """As GitHub runs it: in bash, and the first error ends it."""
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.root,
            env={"PATH": f"{self._bin}:{os.environ['PATH']}", "HOME": str(self._home)},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def deploy(tmp_path: Path) -> Path:
    """A deploy repository somewhere else."""
    git.Repo.init(tmp_path / "deploy.git", bare=True).close()
    return tmp_path / "deploy.git"


@pytest.fixture
def checkout(tmp_path: Path, deploy: Path) -> Checkout:
    root = tmp_path / "team"
    write_starter(root)
    settings = root / "gitops.yaml"
    settings.write_text(settings.read_text().replace(".gitops/deploy.git", str(deploy)))
    assert commit_starter(root)
    return Checkout(root, tmp_path / "machine")


def branches(deploy: Path) -> dict[str, str]:
    with git.Repo(deploy) as repo:
        return {head.name: head.commit.hexsha for head in repo.heads}


def test_jobs_run_for_pull_requests_and_for_main_only() -> None:
    assert {name: job["if"] for name, job in JOBS.items()} == {
        "check": "github.event_name == 'pull_request'",
        "publish": "github.event_name == 'push'",
    }


def test_main_is_published_once(checkout: Checkout, deploy: Path) -> None:
    for script in commands("publish"):
        assert (result := checkout.run(script)).returncode == 0, result.stderr
    published = branches(deploy)
    assert set(published) == {"env/staging", "env/production"}
    for script in commands("publish"):
        assert checkout.run(script).returncode == 0
    assert branches(deploy) == published


def test_pull_request_is_checked_and_planned_and_publishes_nothing(
    checkout: Checkout, deploy: Path
) -> None:
    results = [checkout.run(script) for script in commands("check")]
    assert [result.returncode for result in results] == [0, 0], results[-1].stderr
    assert "hello-cron" in results[-1].stdout
    assert branches(deploy) == {}


def test_broken_pull_request_is_refused_with_the_line(checkout: Checkout, deploy: Path) -> None:
    cron = checkout.root / "crons/base/hello-cron.yaml"
    cron.write_text(cron.read_text().replace("entrypoint:", "entrypiont:"))
    with git.Repo(checkout.root) as repo:
        repo.git(c=["user.name=a", "user.email=a@b"]).commit("--all", "--message", "Break it")
    result = checkout.run(commands("check")[0])
    assert result.returncode == 4
    assert "crons/base/hello-cron.yaml:13:5: error: unknown field 'entrypiont'" in result.stdout
    assert "did you mean 'entrypoint'?" in result.stdout
    assert checkout.run(commands("publish")[0]).returncode == 4
    assert branches(deploy) == {}
