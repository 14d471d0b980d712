"""A workspace in which a workflow has run, and the verbs that keep what it left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.operate.conftest import workflow
from toolkit.cli.main import run
from toolkit.wiring.workspace import Workspace
from toolkit.yaml import emit

SETTINGS = """\
defaultEnvironment: staging
environments:
  staging:
    overlay: overlays/staging
    namespace: data
  production:
    overlay: overlays/production
    namespace: data-production
retention:
  runs: {maxCount: 0}
  logs: {maxCount: 0}
  artifacts: {maxSize: 0}
runtime:
  images:
    - pattern: "*"
"""
KUSTOMIZATION = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
configMapGenerator:
  - {name: settings, namespace: data, literals: [a=b]}
"""

Submit = Callable[..., None]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    (tmp_path / "gitops.yaml").write_text(SETTINGS)
    (tmp_path / "overlays/staging").mkdir(parents=True)
    (tmp_path / "overlays/staging/kustomization.yaml").write_text(KUSTOMIZATION)
    monkeypatch.chdir(tmp_path)
    return Workspace(tmp_path)


@pytest.fixture
def ran(workspace: Workspace, capfd: pytest.CaptureFixture[str]) -> Submit:
    """Runs a workflow of one step to its end, whatever that is."""

    def submit(name: str, *command: str, day: str = "", **template: object) -> None:
        container = {"image": "busybox", "command": ["sh", "-c", *command]}
        body = workflow(name)
        body["spec"]["templates"][0] = {"name": "main", "container": container, **template}
        if day:
            body["spec"]["arguments"] = {"parameters": [{"name": "day", "value": day}]}
        file = workspace.root / f"{name}.yaml"
        file.write_text(emit(body))
        run(["run", str(file), "--wait"])
        assert name in capfd.readouterr().out

    return submit
