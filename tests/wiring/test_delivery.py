"""Delivery with a process that owns the state: its loop, requests to it, and its wire."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from toolkit.adapters.git.repositories import ensure_bare
from toolkit.controllers.delivery.reconciler import SyncReport
from toolkit.errors import OperationError, StateError
from toolkit.kustomize.result import BuildResult
from toolkit.publish.provenance import Provenance
from toolkit.publish.tree import render_tree
from toolkit.repository.settings import DeployTarget, Destination, Environment
from toolkit.resource.cluster import Cluster, ObjectRef
from toolkit.resource.identity import GroupVersionKind, ResourceId
from toolkit.resource.resource import Body, Origin, Resource, ResourceSet
from toolkit.wiring.clusters import Owner, open_cluster, own
from toolkit.wiring.delivery import (
    deploy_url,
    history_of,
    open_deploy,
    open_publisher,
    open_reconciler,
    open_sync_loop,
    reconciler_on,
    status_of,
    sync_now,
)
from toolkit.wiring.workspace import Workspace

STAGING = Environment(
    "staging", "overlays/staging", "demo", DeployTarget(".gitops/deploy.git", "env/staging")
)
CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
SOURCE = Provenance("https://example.com/x.git", "a" * 40, "Ada <ada@example.com>", "Edit")
PATIENCE_S = 60
SETTINGS = """\
defaultEnvironment: staging
environments:
  staging: {overlay: overlays/staging, namespace: demo}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "gitops.yaml").write_text(SETTINGS)
    return Workspace(tmp_path)


def config_map(name: str, **values: str) -> Body:
    metadata = {"name": name, "namespace": "demo"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": values}


def publish(workspace: Workspace, *bodies: Body, to: Environment = STAGING) -> str:
    resources = [Resource(ResourceId.of(body), body, Origin("x.yaml")) for body in bodies]
    tree = render_tree(BuildResult(ResourceSet(resources), (), ()), environment="staging")
    with open_publisher(workspace, to) as publisher:
        return publisher.publish(tree, branch=to.deploy.branch, provenance=SOURCE).commit


def values(cluster: Cluster, name: str) -> Any:
    live = cluster.get(ObjectRef(CONFIG_MAP, "demo", name))
    return live["data"] if live else None


class Notices:
    """What a loop told, to be waited for."""

    def __init__(self) -> None:
        self.all: list[SyncReport | Exception] = []
        self._changed = threading.Condition()

    def __call__(self, _: str, what: SyncReport | Exception) -> None:
        with self._changed:
            self.all.append(what)
            self._changed.notify_all()

    def wait_for(self, count: int) -> SyncReport | Exception:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.all) >= count, PATIENCE_S)
            return self.all[count - 1]


@contextmanager
def running(
    workspace: Workspace, notices: Notices, environment: Environment = STAGING
) -> Iterator[Owner]:
    """Like ``gitops up``: the state owned and served, the loop on its own thread."""
    stop = threading.Event()
    with own(workspace) as owner, owner.serve([environment]):
        cluster = owner.cluster(environment)
        with open_sync_loop(
            workspace, environment, cluster, owner.database, stop=stop, notice=notices
        ) as loop:
            thread = threading.Thread(target=loop.run, args=(stop,))
            thread.start()
            try:
                yield owner
            finally:
                stop.set()
                thread.join(PATIENCE_S)


def test_a_running_loop_applies_a_pushed_commit_unasked(workspace: Workspace) -> None:
    notices = Notices()
    with running(workspace, notices) as owner:
        publish(workspace, config_map("a", x="1"))
        notices.wait_for(1)
        assert values(owner.cluster(STAGING), "a") == {"x": "1"}
        publish(workspace, config_map("a", x="2"))
        notices.wait_for(2)
        assert values(owner.cluster(STAGING), "a") == {"x": "2"}


def test_a_commit_pushed_from_elsewhere_to_a_repository_elsewhere_is_applied(
    workspace: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    ensure_bare(elsewhere / "deploy.git")
    target = DeployTarget((elsewhere / "deploy.git").as_uri(), "live")
    environment = replace(STAGING, deploy=target)
    notices = Notices()
    with running(workspace, notices, environment) as owner:
        publish(Workspace(elsewhere), config_map("a", x="1"), to=environment)
        notices.wait_for(1)
        assert values(owner.cluster(environment), "a") == {"x": "1"}


KILLED = """
import itertools, os, sys
from pathlib import Path
from toolkit.adapters.embedded import EmbeddedCluster
from toolkit.repository.settings import DeployTarget, Environment
from toolkit.wiring.delivery import sync_now
from toolkit.wiring.workspace import Workspace

numbers, real = itertools.count(1), EmbeddedCluster.apply

def apply(self, body, **options):
    result = real(self, body, **options)
    if not options.get("dry_run") and next(numbers) == int(sys.argv[2]):
        os.kill(os.getpid(), 9)
    return result

EmbeddedCluster.apply = apply
deploy = DeployTarget(".gitops/deploy.git", "env/staging")
sync_now(Workspace(Path(sys.argv[1])), Environment("staging", "overlays/staging", "demo", deploy))
"""


def test_a_sync_killed_again_and_again_is_finished_by_the_next(workspace: Workspace) -> None:
    maps = [config_map(f"m{n:02}", x="1") for n in range(40)]
    publish(workspace, *maps)
    for point in ("1", "5", "4"):
        command = [sys.executable, "-c", KILLED, str(workspace.root), point]
        done = subprocess.run(command, cwd=Path(__file__).parents[2], check=False)
        assert done.returncode == -signal.SIGKILL
    sync_now(workspace, STAGING)
    with open_reconciler(workspace, STAGING) as reconciler:
        assert reconciler.plan().changes == ()
    _, syncs = history_of(workspace, STAGING, limit=9)
    assert {each.outcome.value for each in syncs} == {"Synced"}


def test_a_verb_beside_the_owner_asks_it_for_the_sync(workspace: Workspace) -> None:
    notices = Notices()
    with running(workspace, notices):
        commit = publish(workspace, config_map("a", x="1"))
        record = sync_now(workspace, STAGING)
    assert record.commit == commit
    assert record.initiator.startswith("by hand (")


def test_a_refused_request_is_an_error_beside_the_owner_and_passes_with_approval(
    workspace: Workspace,
) -> None:
    notices = Notices()
    publish(workspace, config_map("a"))
    with running(workspace, notices) as owner:
        notices.wait_for(1)
        publish(workspace)
        with pytest.raises(OperationError, match="no object at all"):
            sync_now(workspace, STAGING)
        with open_reconciler(workspace, STAGING) as reconciler:
            approval = reconciler.plan().hash
        sync_now(workspace, STAGING, approval)
        assert values(owner.cluster(STAGING), "a") is None


def test_plans_and_status_work_beside_the_owner(workspace: Workspace) -> None:
    notices = Notices()
    publish(workspace, config_map("a"))
    with running(workspace, notices):
        notices.wait_for(1)
        status = status_of(workspace, STAGING)
        assert (status.sync_status, status.problem) == ("Synced", "")


def test_an_owner_that_does_not_serve_is_named(workspace: Workspace) -> None:
    publish(workspace, config_map("a"))
    with own(workspace), pytest.raises(StateError):
        sync_now(workspace, STAGING)


def test_plan_apply_heal_and_prune_over_http(workspace: Workspace) -> None:
    publish(workspace, config_map("a", x="1"), config_map("b"))
    with (
        own(workspace) as owner,
        owner.serve([STAGING]),
        open_cluster(workspace, STAGING, write=True) as remote,
        reconciler_on(workspace, STAGING, remote, owner.database) as reconciler,
    ):
        reconciler.sync(initiator="test")
        assert values(remote, "a") == {"x": "1"}
        assert reconciler.sync(initiator="test").plan.changes == ()
        remote.delete(ObjectRef(CONFIG_MAP, "demo", "b"))
        assert reconciler.plan().has_drift
        publish(workspace, config_map("a", x="2"))
        report = reconciler.sync(initiator="test")
        (task,) = report.plan.changes
        assert [(each.path, each.old, each.new) for each in task.changes] == [
            (("data", "x"), "1", "2")
        ]
        publish(workspace, config_map("c"))
        reconciler.sync(initiator="test")
        assert values(remote, "a") is None


def test_a_kubeconfig_context_is_planned_synced_and_told_about(
    workspace: Workspace, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = Workspace(tmp_path_factory.mktemp("ours"))
    with own(workspace) as owner, owner.serve([STAGING]):
        monkeypatch.setenv("KUBECONFIG", str(workspace.state / "kubeconfig"))
        config = yaml.safe_load((workspace.state / "kubeconfig").read_text(encoding="utf-8"))
        remote = replace(STAGING, destination=Destination(config["contexts"][0]["name"]))
        publish(ours, config_map("a", x="1"), config_map("b"), to=remote)
        with open_reconciler(ours, remote) as reconciler:
            assert reconciler.plan().counts["create"] == 2
        assert sync_now(ours, remote).counts["create"] == 2
        assert values(owner.cluster(STAGING), "a") == {"x": "1"}
        publish(ours, config_map("a", x="2"), to=remote)
        assert status_of(ours, remote).sync_status == "OutOfSync"
        assert sync_now(ours, remote).counts["prune"] == 1
        assert status_of(ours, remote).sync_status == "Synced"


def test_a_cluster_out_of_reach_is_a_problem_and_no_crash(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(workspace.root / "none"))
    status = status_of(workspace, replace(STAGING, destination=Destination("nowhere")))
    assert status.sync_status == "Unknown"
    assert "nowhere" in status.problem


def test_a_sync_without_an_owner_takes_the_state_for_a_moment(workspace: Workspace) -> None:
    commit = publish(workspace, config_map("a", x="1"))
    assert sync_now(workspace, STAGING).commit == commit
    commits, syncs = history_of(workspace, STAGING, limit=5)
    assert [each.sha for each in commits] == [commit]
    assert [each.outcome.value for each in syncs] == ["Synced"]


def test_environments_have_clusters_of_their_own(workspace: Workspace) -> None:
    publish(workspace, config_map("a", x="1"))
    sync_now(workspace, STAGING)
    production = Environment("production", "", "demo", DeployTarget(".gitops/deploy.git", "p"))
    with own(workspace) as owner:
        assert values(owner.cluster(STAGING), "a") == {"x": "1"}
        assert values(owner.cluster(production), "a") is None


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://example.com/x.git", "https://example.com/x.git"),
        ("git@example.com:team/x.git", "git@example.com:team/x.git"),
        ("file:///srv/x.git", "file:///srv/x.git"),
        ("/srv/x.git", "/srv/x.git"),
        ("../x.git", "{parent}/x.git"),
        (".gitops/deploy.git", "{root}/.gitops/deploy.git"),
    ],
)
def test_a_deploy_repository_is_a_url_or_a_path_from_the_root(
    workspace: Workspace, text: str, url: str
) -> None:
    environment = Environment("staging", "", "demo", DeployTarget(text, "env/staging"))
    root = workspace.root.resolve()
    expected = url.format(root=root, parent=root.parent)
    assert deploy_url(workspace, environment) == expected


def test_only_a_repository_in_the_state_folder_is_made(workspace: Workspace) -> None:
    elsewhere = Environment("staging", "", "demo", DeployTarget("elsewhere.git", "env/staging"))
    with open_deploy(workspace, elsewhere) as deploy, pytest.raises(Exception, match="elsewhere"):
        deploy.tip("env/staging")
    assert not (workspace.root / "elsewhere.git").exists()
    with open_deploy(workspace, STAGING) as deploy:
        assert deploy.tip("env/staging") == ""


def test_times_are_kept_in_utc(workspace: Workspace) -> None:
    publish(workspace, config_map("a"))
    record = sync_now(workspace, STAGING)
    assert record.started_at.tzinfo == UTC
    assert record.started_at <= datetime.now(UTC)
