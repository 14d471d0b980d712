from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from toolkit.errors import StateError, UsageError
from toolkit.repository.settings import DeployTarget, Destination, Environment
from toolkit.resource.cluster import ObjectRef, PatchType
from toolkit.resource.identity import GroupVersionKind
from toolkit.wiring.clusters import (
    CAPTURE_SECRET,
    ensure_capture_secret,
    open_cluster,
    own,
    owner_pid,
    running_server,
)
from toolkit.wiring.workspace import Workspace

SECRET = GroupVersionKind("", "v1", "Secret")
CONFIG = GroupVersionKind("", "v1", "ConfigMap")
VALUE = "c0rrect-h0rse-battery"
SETTINGS = """\
defaultEnvironment: staging
environments:
  staging: {overlay: overlays/staging, namespace: data}
"""


def environment(name: str = "staging", context: str | None = None) -> Environment:
    return Environment(
        name=name,
        overlay=f"overlays/{name}",
        namespace="data",
        deploy=DeployTarget(".gitops/deploy.git", f"env/{name}"),
        destination=Destination(context),
    )


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "gitops.yaml").write_text(SETTINGS)
    return Workspace(tmp_path)


@pytest.fixture
def foreign_owner(workspace: Workspace) -> Iterator[int]:
    """Another process that owns the state, and does not serve."""
    script = (
        "import sys; from pathlib import Path\n"
        "from toolkit.wiring.clusters import own\n"
        "from toolkit.wiring.workspace import Workspace\n"
        "with own(Workspace(Path(sys.argv[1]))):\n"
        "    print('owned', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(workspace.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"owned\n"
        yield process.pid
        process.communicate()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_first_use_makes_a_private_state_and_the_cluster(workspace: Workspace) -> None:
    with open_cluster(workspace, environment(), write=False) as cluster:
        uid = cluster.uid()
    assert mode(workspace.state) == 0o700
    assert mode(workspace.state / "state.db") == 0o600
    with open_cluster(workspace, environment(), write=False) as cluster:
        assert cluster.uid() == uid


def test_each_environment_is_a_cluster_of_its_own(workspace: Workspace) -> None:
    with own(workspace) as owner:
        staging, production = owner.cluster(environment()), owner.cluster(environment("production"))
        assert staging.uid() != production.uid()
        ensure_capture_secret(staging, "data")
        assert production.get(ObjectRef(SECRET, "data", CAPTURE_SECRET)) is None


def test_a_second_owner_is_told_the_first_ones_process(
    workspace: Workspace, foreign_owner: int
) -> None:
    with pytest.raises(StateError, match=str(foreign_owner)), own(workspace, wait_s=0):
        pytest.fail("two owners")
    assert owner_pid(workspace) == foreign_owner


def test_reading_works_beside_an_owner_that_does_not_serve(workspace: Workspace) -> None:
    with own(workspace) as owner:
        uid = owner.cluster(environment()).uid()
        with open_cluster(workspace, environment(), write=False) as cluster:
            assert cluster.uid() == uid


def test_reading_writes_nothing(workspace: Workspace) -> None:
    with open_cluster(workspace, environment(), write=True) as cluster:
        cluster.uid()
    with (
        open_cluster(workspace, environment(), write=False) as cluster,
        pytest.raises(StateError, match="for reading only"),
    ):
        ensure_capture_secret(cluster, "data")


def test_an_owner_that_serves_is_reached_over_http(workspace: Workspace) -> None:
    with own(workspace) as owner, owner.serve([environment()]) as serving:
        server = running_server(workspace)
        assert server is not None
        assert server.address == serving.url
        with open_cluster(workspace, environment(), write=True) as cluster:
            assert ensure_capture_secret(cluster, "data")
            assert not ensure_capture_secret(cluster, "data")
        made = owner.cluster(environment()).get(ObjectRef(SECRET, "data", CAPTURE_SECRET))
        assert made is not None
        assert made["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "gitops-toolkit"}
    assert running_server(workspace) is None


def test_an_environment_that_is_not_served_is_said_so(workspace: Workspace) -> None:
    with (
        own(workspace) as owner,
        owner.serve([environment()]),
        pytest.raises(StateError, match="does not serve production"),
        open_cluster(workspace, environment("production"), write=True),
    ):
        pytest.fail("the cluster was opened")


def test_what_an_owner_leaves_for_clients_is_private(workspace: Workspace) -> None:
    with own(workspace) as owner, owner.serve([environment(), environment("production")]):
        for name in ("server.json", "kubeconfig", "lock", "tls/server.key"):
            assert mode(workspace.state / name) == 0o600
        config = json.loads((workspace.state / "kubeconfig").read_text())
    assert [context["name"] for context in config["contexts"]] == ["staging", "production"]
    assert config["contexts"][0]["context"]["namespace"] == "data"


def test_the_port_is_kept_and_the_token_is_not(workspace: Workspace) -> None:
    with own(workspace) as owner, owner.serve([environment()]) as first:
        pass
    with own(workspace) as owner, owner.serve([environment()]) as second:
        pass
    assert first.port == second.port
    assert first.token != second.token


def test_the_address_of_a_dead_owner_is_not_believed(workspace: Workspace) -> None:
    with own(workspace) as owner, owner.serve([environment()]):
        left = (workspace.state / "server.json").read_text()
    (workspace.state / "server.json").write_text(left)
    assert running_server(workspace) is None
    with open_cluster(workspace, environment(), write=True) as cluster:
        assert cluster.uid()


def test_a_destination_context_that_does_not_exist_is_named(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "kubeconfig"
    config.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [],
                "contexts": [{"name": "other", "context": {"cluster": "x", "user": "y"}}],
                "users": [],
                "current-context": "other",
            }
        )
    )
    monkeypatch.setenv("KUBECONFIG", str(config))
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(config))
    with (
        pytest.raises(UsageError, match="'prod'"),
        open_cluster(workspace, environment(context="prod"), write=False),
    ):
        pytest.fail("no such context")


def test_a_replaced_secrets_value_stands_in_no_file(workspace: Workspace) -> None:
    ref = ObjectRef(SECRET, "data", CAPTURE_SECRET)
    with own(workspace) as owner, owner.serve([environment()]):
        with open_cluster(workspace, environment(), write=True) as cluster:
            ensure_capture_secret(cluster, "data")
            cluster.patch(ref, {"stringData": {"SLACK_HOOK_URL": VALUE}}, PatchType.MERGE)
            assert files_with(workspace, encoded(VALUE)) == ["state.db"]
            cluster.patch(ref, {"stringData": {"SLACK_HOOK_URL": "other"}}, PatchType.MERGE)
        assert files_with(workspace, encoded(VALUE)) == []
        assert files_with(workspace, VALUE.encode()) == []


def encoded(value: str) -> bytes:
    from base64 import b64encode

    return b64encode(value.encode())


def files_with(workspace: Workspace, content: bytes) -> list[str]:
    files = (path for path in workspace.state.rglob("*") if path.is_file())
    return sorted(path.name for path in files if content in path.read_bytes())
