"""The shipped repository under ``gitops up``: every verb a process, as people use it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

TIMEOUT_S = 60.0

TEMPLATE = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata:
  name: by-hand-greeter
spec:
  templates:
  - name: greet
    container:
      image: alpine:3.20.3
      command: [sh, -c]
      args: ["echo greetings from a template made by hand"]
"""

CRON = """\
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata:
  name: by-hand
spec:
  schedules: ["@every 1s"]
  concurrencyPolicy: Forbid
  workflowSpec:
    entrypoint: main
    templates:
    - name: main
      steps:
      - - name: call
          templateRef: {name: by-hand-greeter, template: greet}
"""

Gitops = Callable[..., str]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A new repository like the one shipped, committed."""
    root = tmp_path / "repository"
    _run(tmp_path, "init", str(root))
    if not (root / ".git").exists():
        _git(root, "init", "-q", "-b", "main")
    _git(root, "add", "--all")
    _git(root, "commit", "-q", "--allow-empty", "-m", "Begin")
    return root


@pytest.fixture
def gitops(repository: Path) -> Gitops:
    """Runs one verb in the repository; its standard output."""
    return lambda *arguments: _run(repository, *arguments)


@pytest.fixture
def up(repository: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "toolkit", "up"]
    with subprocess.Popen(command, cwd=repository, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it serves once it has said so
        yield process
        process.terminate()
        process.communicate(timeout=TIMEOUT_S)


@pytest.mark.usefixtures("up")
def test_a_template_and_a_cron_made_by_command_fire_and_survive_the_next_sync(
    gitops: Gitops, repository: Path, tmp_path: Path
) -> None:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "cron.yaml").write_text(CRON)
    gitops("publish", "staging")
    gitops("sync", "staging")

    gitops("template", "create", str(tmp_path / "template.yaml"))
    gitops("cron", "create", str(tmp_path / "cron.yaml"))
    fired = _await(lambda: [name for name in _succeeded(gitops) if name.startswith("by-hand-")])
    assert "greetings from a template made by hand" in gitops("logs", fired[0])

    cron = repository / "crons/base/hello-cron.yaml"
    cron.write_text(cron.read_text().replace("* * * * *", "*/5 * * * *"))
    _git(repository, "commit", "-q", "--all", "-m", "Greet less often")
    gitops("publish", "staging")
    gitops("sync", "staging")
    listed = json.loads(gitops("cron", "list", "-o", "json"))["items"]
    crons = {cron["metadata"]["name"]: cron for cron in listed}
    assert crons["hello-cron"]["spec"]["schedules"] == ["*/5 * * * *"]
    assert "by-hand" in crons
    assert "by-hand-greeter" in gitops("template", "list")


@pytest.mark.usefixtures("up")
def test_a_publish_is_applied_unasked(gitops: Gitops) -> None:
    gitops("publish", "staging")

    status = _await(
        lambda: [
            row
            for row in json.loads(gitops("status", "staging", "-o", "json"))["environments"]
            if row["status"] == "Synced"
        ]
    )
    assert status[0]["published"] == status[0]["synced"]


def _succeeded(gitops: Gitops) -> list[str]:
    listed: list[dict[str, Any]] = json.loads(gitops("list", "-o", "json"))["items"]
    return [
        workflow["metadata"]["name"]
        for workflow in listed
        if workflow.get("status", {}).get("phase") == "Succeeded"
    ]


def _await(look: Callable[[], list[Any]]) -> list[Any]:
    """What ``look`` finds, once it finds something."""
    deadline = time.monotonic() + TIMEOUT_S
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
    return found


def _run(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "toolkit", *arguments]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode in (0, 4), result.stderr
    return result.stdout


def _git(folder: Path, *arguments: str) -> None:
    author = ["-c", "user.name=A Person", "-c", "user.email=person@example.com"]
    subprocess.run(["git", *author, *arguments], cwd=folder, check=True)
