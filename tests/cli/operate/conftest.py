from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from toolkit.resource.cluster import ObjectRef
from toolkit.resource.identity import GroupVersionKind
from toolkit.wiring.clusters import open_cluster, own
from toolkit.wiring.workspace import Workspace

SETTINGS = """\
defaultEnvironment: staging
environments:
  staging:
    overlay: overlays/staging
    namespace: data
  production:
    overlay: overlays/production
    namespace: data
runtime:
  images:
    - pattern: "*"
"""

Objects = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A repository of two environments; nothing runs."""
    (tmp_path / "gitops.yaml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    return Workspace(tmp_path)


@pytest.fixture
def write(workspace: Workspace) -> Callable[..., None]:
    """Puts objects into an environment's cluster."""

    def put(*bodies: dict[str, Any], env: str = "staging") -> None:
        with own(workspace) as owner:
            cluster = owner.cluster(workspace.settings().environment(env))
            for body in bodies:
                cluster.create(body)

    return put


@pytest.fixture
def read(workspace: Workspace) -> Callable[..., dict[str, Any] | None]:
    """An object of the staging cluster (or another's), or None."""

    def get(kind: str, name: str, env: str = "staging") -> dict[str, Any] | None:
        group = "v1" if kind in ("ConfigMap", "Secret") else "argoproj.io/v1alpha1"
        gvk = GroupVersionKind.of({"apiVersion": group, "kind": kind})
        with _opened(workspace, env) as cluster:
            return cluster.get(ObjectRef(gvk, "data", name))

    return get


def _opened(workspace: Workspace, env: str) -> Any:
    return open_cluster(workspace, workspace.settings().environment(env), write=False)


def workflow(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": name, "namespace": "data"},
        "spec": {
            "entrypoint": "main",
            "templates": [{"name": "main", "container": {"image": "busybox", "command": ["true"]}}],
        },
        **fields,
    }


def cron(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "CronWorkflow",
        "metadata": {"name": name, "namespace": "data"},
        "spec": {"schedules": ["* * * * *"], "workflowSpec": workflow("")["spec"], **spec},
    }
