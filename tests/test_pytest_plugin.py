"""The pytest plugin, in a pytest of its own over a repository of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from toolkit.adapters.starter import write_starter

PASSES = """\
def test_hello_says_so(workflows):
    trial = workflows.run("cron/hello-cron")
    assert trial.phase == "Succeeded"
    assert trial.order
"""
FAILS = """\
def test_a_mock_that_is_not_used(workflows):
    workflows.run("cron/hello-cron", mocks=[workflows.mock("nowhere")])


def test_an_unknown_cron(workflows):
    workflows.run("cron/helo-cron")
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    write_starter(tmp_path / "repository")
    return tmp_path / "repository"


def run(repository: Path, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    (repository / "test_flows.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-p", "toolkit.pytest_plugin", "-q"]
    command += ["-p", "no:cacheprovider", "--rootdir", ".", "test_flows.py", *options]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)


def test_a_workflow_of_the_repository_is_played(repository: Path) -> None:
    done = run(repository, PASSES, "--workflow-coverage")
    assert done.returncode == 0, done.stdout
    assert "workflow coverage" in done.stdout
    assert "templates" in done.stdout


def test_without_the_option_nothing_is_said_of_coverage(repository: Path) -> None:
    assert "coverage" not in run(repository, PASSES).stdout


def test_what_is_wrong_fails_the_test_and_says_why(repository: Path) -> None:
    done = run(repository, FAILS)
    assert done.returncode == 1
    assert "mocked steps did not start: nowhere; started: " in done.stdout
    assert "did you mean 'hello-cron'?" in done.stdout or "helo-cron" in done.stdout
