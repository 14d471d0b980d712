"""A checkout like a team's, small, with real git and a real state folder."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from toolkit.cli.main import run

SETTINGS = """\
defaultEnvironment: staging
environments:
  staging: {overlay: overlays/staging, namespace: data-staging}
  production: {overlay: overlays/production, namespace: data-production}
"""
CRON = """\
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata:
  name: hello
spec:
  schedules: ["* * * * *"]
  workflowSpec:
    entrypoint: main
    templates:
      - name: main
        container: {image: alpine, command: ["true"]}
"""
CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {rows: "10"}
"""
FILES = {
    ".gitignore": ".gitops/\n",
    "gitops.yaml": SETTINGS,
    "base/kustomization.yaml": "resources: [hello.yaml, settings.yaml]\n",
    "base/hello.yaml": CRON,
    "base/settings.yaml": CONFIG,
    "overlays/staging/kustomization.yaml": "namespace: data-staging\nresources: [../../base]\n",
    "overlays/production/kustomization.yaml": (
        "namespace: data-production\nresources: [../../base]\n"
    ),
}


@dataclass(frozen=True)
class Answer:
    """What a verb printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


class Checkout:
    """A repository on disk, and the verbs run in it."""

    def __init__(self, root: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capture = capture

    def gitops(self, *arguments: str) -> Answer:
        self._capture.readouterr()
        code = run(arguments)
        printed = self._capture.readouterr()
        return Answer(code, printed.out, printed.err)

    def git(self, *arguments: str) -> str:
        settings = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
        command = ["git", *settings, *arguments]
        done = subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text(encoding="utf-8")
        assert old in text
        self.write(path, text.replace(old, new))

    def commit(self, message: str = "Change") -> str:
        self.git("add", "--all")
        self.git("commit", "-qm", message)
        return self.git("rev-parse", "HEAD")

    def deploy(self, *arguments: str) -> str:
        """git in the default deploy repository."""
        return self.git("--git-dir", str(self.root / ".gitops/deploy.git"), *arguments)

    def tip(self, environment: str = "staging") -> str:
        return self.deploy("rev-parse", "--verify", f"env/{environment}")


@pytest.fixture
def checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Checkout:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_COLOR", "1")
    made = Checkout(tmp_path / "source", capsys)
    for path, text in FILES.items():
        made.write(path, text)
    monkeypatch.chdir(made.root)
    made.git("init", "-q", "-b", "main")
    made.commit("First")
    return made
