"""One laptop for the clients: the engine, the embedded cluster, HTTPS, a generated kubeconfig."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from toolkit.adapters.embedded import EmbeddedCluster
from toolkit.adapters.http.server import Serving
from toolkit.apiserver.store import ObjectStore
from toolkit.resource.cluster import ObjectRef
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.wiring.clusters import own
from toolkit.wiring.engine import start_engine
from toolkit.wiring.workspace import Workspace
from toolkit.workflow.submission.submission import WORKFLOW, is_finished

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
LONG_S = 60


@dataclass(frozen=True)
class Laptop:
    workspace: Workspace
    serving: Serving
    cluster: EmbeddedCluster
    objects: ObjectStore

    @property
    def url(self) -> str:
        return f"{self.serving.url}/clusters/staging"

    @property
    def kubeconfig(self) -> Path:
        return self.workspace.state / "kubeconfig"

    @property
    def authority(self) -> str:
        return str(self.serving.authority_file)

    def environment(self, **extra: str) -> dict[str, str]:
        """For a client in a process of its own."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        home = {"HOME": str(self.workspace.root), "KUBECONFIG": str(self.kubeconfig)}
        return {**kept, **home, **extra}

    def ended(self, name: str) -> Body:
        """The workflow, once it has ended."""
        return self.awaited(name, is_finished)

    def awaited(
        self, name: str, is_there: Callable[[Body], object], gvk: GroupVersionKind = WORKFLOW
    ) -> Body:
        """The workflow (or another object), once it is as wished."""
        version = self.cluster.list(gvk, "data").resource_version
        body = self.cluster.get(ObjectRef(gvk, "data", name))
        if body is not None and is_there(body):
            return body
        watch = self.cluster.watch(gvk, "data", resource_version=version, timeout_s=LONG_S)
        changes = (event.object for event in watch)
        return next(b for b in changes if b["metadata"]["name"] == name and is_there(b))


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    root = tmp_path_factory.mktemp("laptop")
    (root / "gitops.yaml").write_text(SETTINGS)
    workspace = Workspace(root)
    settings = workspace.settings()
    environments = [settings.environment(name) for name in ("staging", "production")]
    with (
        own(workspace) as owner,
        start_engine(owner, workspace, environments) as engine,
        owner.serve(environments, log_store=engine.logs) as serving,
    ):
        yield Laptop(workspace, serving, engine.clusters["staging"], owner.objects)
