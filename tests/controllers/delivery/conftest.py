"""A deploy repository and a cluster, both real in behaviour, both in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from toolkit.adapters.clock import VirtualClock
from toolkit.adapters.embedded import EmbeddedCluster, logical_cluster
from toolkit.adapters.memory.deploy import MemoryDeploy
from toolkit.adapters.memory.objects import MemoryObjects
from toolkit.adapters.memory.syncs import MemorySyncs
from toolkit.controllers.delivery.publisher import Publisher
from toolkit.controllers.delivery.reconciler import Reconciler, SyncReport
from toolkit.kustomize.result import BuildResult
from toolkit.publish.ports import DeployCommit
from toolkit.publish.provenance import Provenance
from toolkit.publish.publication import Publication
from toolkit.publish.tree import RenderedTree, render_tree
from toolkit.repository.settings import DeployTarget, Environment
from toolkit.resource.cluster import Cluster, ObjectRef
from toolkit.resource.identity import GroupVersionKind, ResourceId
from toolkit.resource.resource import Body, Origin, Resource, ResourceSet
from toolkit.sync.ports import SyncStore

START = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
BRANCH = "env/staging"
NAMESPACE = "demo"
STAGING = Environment("staging", "overlays/staging", NAMESPACE, DeployTarget("deploy.git", BRANCH))
CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
CRON = GroupVersionKind("argoproj.io", "v1alpha1", "CronWorkflow")
DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")
SOURCE = Provenance("https://example.com/source.git", "a" * 40, "Ada <ada@example.com>", "Edit")


def config_map(name: str, *, namespace: str = NAMESPACE, **values: str) -> Body:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": values,
    }


def cron(name: str, *, schedule: str = "* * * * *", suspend: bool = False) -> Body:
    template = {"name": "main", "container": {"image": "alpine", "command": ["true"]}}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "CronWorkflow",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "schedules": [schedule],
            "suspend": suspend,
            "workflowSpec": {"entrypoint": "main", "templates": [template]},
        },
    }


def deployment(name: str, *, wave: int = 0) -> Body:
    labels = {"app": name}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "annotations": {"argocd.argoproj.io/sync-wave": str(wave)},
        },
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": pod},
    }


def annotated(body: Body, **annotations: str) -> Body:
    metadata = {**body["metadata"], "annotations": annotations}
    return {**body, "metadata": metadata}


def built(bodies: Sequence[Body]) -> BuildResult:
    resources = [Resource(ResourceId.of(body), body, Origin("x.yaml")) for body in bodies]
    return BuildResult(ResourceSet(resources), (), ())


class Counting:
    """A cluster that counts what is written through it."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.writes: list[str] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._cluster, name)
        if name not in ("apply", "create", "delete", "patch", "update"):
            return method

        def counted(*arguments: Any, **options: Any) -> Any:
            if not options.get("dry_run"):
                self.writes.append(name)
            return method(*arguments, **options)

        return counted


class World:
    """One environment from publish to cluster. Tests reach everything through it."""

    config_map = staticmethod(config_map)
    cron = staticmethod(cron)
    deployment = staticmethod(deployment)
    DEPLOYMENT = DEPLOYMENT
    annotated = staticmethod(annotated)
    CONFIG_MAP = CONFIG_MAP
    CRON = CRON
    BRANCH = BRANCH
    NAMESPACE = NAMESPACE
    SOURCE = SOURCE

    def __init__(self, environment: Environment = STAGING) -> None:
        self.clock = VirtualClock(START)
        self.environment = environment
        self.deploy = MemoryDeploy()
        self.store: SyncStore = MemorySyncs()
        self.cluster = Counting(self.new_cluster())
        self.publisher = Publisher(self.deploy, self.clock, version="1.0")
        self.pause: Callable[[float], None] = no_pause

    def new_cluster(self) -> Cluster:
        logical = logical_cluster(MemoryObjects(), self.environment.name, self.clock)
        logical.ensure("default")
        return EmbeddedCluster(logical)

    @property
    def reconciler(self) -> Reconciler:
        """A new one each time: a restart of the program."""
        return Reconciler(
            self.environment,
            cluster=self.cluster,
            deploy=self.deploy,
            store=self.store,
            clock=self.clock,
            pause=self.pause,
        )

    def policy(self, **fields: Any) -> None:
        policy = replace(self.environment.sync, **fields)
        self.environment = replace(self.environment, sync=policy)

    def publish(self, *bodies: Body, **options: Any) -> Publication:
        options = {"provenance": SOURCE, **options}
        return self.publisher.publish(self.tree(*bodies), branch=BRANCH, **options)

    def tree(self, *bodies: Body) -> RenderedTree:
        return render_tree(built(bodies), environment=self.environment.name)

    def foreign_push(self, message: str = "By hand", **files: bytes | None) -> str:
        """Somebody else commits to the deploy branch."""
        parent = self.deploy.tip(BRANCH)
        commit = DeployCommit(BRANCH, parent, files, message, "Bob <bob@example.com>", START)
        return self.deploy.push(commit)

    def before_next_push(self, meddle: Callable[[], object]) -> None:
        """Runs ``meddle`` between a publisher's look at the branch and its push."""
        push = self.deploy.push

        def late(commit: DeployCommit) -> str:
            self.deploy.push = push  # type: ignore[method-assign]
            meddle()
            return push(commit)

        self.deploy.push = late  # type: ignore[method-assign]

    def files(self, commit: str = "") -> dict[str, bytes]:
        found = self.deploy.files(commit or self.deploy.tip(BRANCH))
        blobs = self.deploy.read(found.values())
        return {path: blobs[blob] for path, blob in found.items()}

    def sync(self, *bodies: Body, approval: str = "") -> SyncReport:
        if bodies:
            self.publish(*bodies)
        return self.reconciler.sync(initiator="test", approval=approval)

    def live(self, gvk: GroupVersionKind, name: str, namespace: str = NAMESPACE) -> Body | None:
        return self.cluster.get(ObjectRef(gvk, namespace, name))

    def config_maps(self, namespace: str = NAMESPACE) -> dict[str, Any]:
        items = self.cluster.list(CONFIG_MAP, namespace).items
        found = {item["metadata"]["name"]: item.get("data") or {} for item in items}
        found.pop("kube-root-ca.crt", None)
        return found


def no_pause(seconds: float) -> None:
    raise AssertionError(f"nothing to wait {seconds} s for")


@pytest.fixture
def world() -> World:
    return World()
