"""Who owns the state, and how a verb reaches an environment's cluster.

The process that holds ``.gitops/lock`` owns all writes. ``own`` takes the lock; ``open_cluster``
finds the right way: Kubernetes, the owner over HTTP, or the database itself.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from toolkit.adapters.clock import SystemClock
from toolkit.adapters.embedded import EmbeddedCluster, logical_cluster
from toolkit.adapters.sqlite.database import Database
from toolkit.adapters.sqlite.objects import SqliteObjects
from toolkit.apiserver.namespaces import NAMESPACE
from toolkit.clock import Clock
from toolkit.errors import AlreadyExistsError, StateError
from toolkit.repository.settings import Environment
from toolkit.resource.cluster import Cluster, ObjectRef
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.wiring.workspace import Workspace
from toolkit.workflow.ports import LogStore

CAPTURE_SECRET = "slack-hook"  # noqa: S105  # a name
CAPTURE_KEY = "SLACK_HOOK_URL"
CAPTURE_VALUE = "capture:slack"
MANAGED_LABEL = "app.kubernetes.io/managed-by"
_SECRET = GroupVersionKind("", "v1", "Secret")


class Owner:
    """The holder of the lock: the database, its objects, and the embedded clusters."""

    def __init__(self, workspace: Workspace, database: Database, clock: Clock) -> None:
        self.workspace = workspace
        self.database = database
        self.objects = SqliteObjects(database)
        self._clock = clock

    def cluster(
        self, environment: Environment, *, log_store: LogStore | None = None
    ) -> EmbeddedCluster:
        """The environment's embedded cluster, made where it is missing, with its namespace."""
        cluster = logical_cluster(self.objects, environment.name, self._clock)
        cluster.ensure(environment.namespace)
        return EmbeddedCluster(cluster, log_store=log_store)


@contextmanager
def own(workspace: Workspace, *, clock: Clock | None = None) -> Iterator[Owner]:
    """Takes the lock and opens the database. Raises StateError naming the process that has it."""
    state = workspace.ensure_state()
    with ExitStack() as stack:
        stack.enter_context(_locked(state / "lock"))
        database = stack.enter_context(Database(state / "state.db"))
        yield Owner(workspace, database, clock or SystemClock())


@contextmanager
def open_cluster(
    workspace: Workspace, environment: Environment, *, write: bool
) -> Iterator[Cluster]:
    """The environment's cluster, wherever it is.

    ``write`` takes the lock for the moment where nobody owns the state; without it nothing is
    written, and a missing cluster is an empty one.
    """
    state = workspace.state / "state.db"
    if write or not state.exists():
        with own(workspace) as owner:
            yield owner.cluster(environment)
        return
    with Database(state, read_only=True) as database:
        cluster = logical_cluster(SqliteObjects(database), environment.name, SystemClock())
        yield EmbeddedCluster(cluster)


def ensure_capture_secret(cluster: Cluster, namespace: str) -> bool:
    """Makes the Secret ``slack-hook`` that captures notifications, where there is none.

    Returns whether it was made. ``gitops secret set`` replaces its value.
    """
    if cluster.get(ObjectRef(_SECRET, namespace, CAPTURE_SECRET)) is not None:
        return False
    body: Body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": CAPTURE_SECRET,
            "namespace": namespace,
            "labels": {MANAGED_LABEL: "gitops-toolkit"},
        },
        "stringData": {CAPTURE_KEY: CAPTURE_VALUE},
    }
    ensure_namespace(cluster, namespace)
    try:
        cluster.create(body)
    except AlreadyExistsError:
        return False
    return True


def ensure_namespace(cluster: Cluster, namespace: str) -> None:
    """Makes the namespace where it is missing."""
    if cluster.get(ObjectRef(NAMESPACE, "", namespace)) is not None:
        return
    try:
        cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    except AlreadyExistsError:
        return  # somebody else was faster


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds the lock; its file names the holder."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _taken(file) from error
        file.truncate(0)
        json.dump({"pid": os.getpid()}, file)
        file.flush()
        yield


def _taken(file: IO[str]) -> StateError:
    try:
        pid = str(json.load(file)["pid"])
    except (ValueError, KeyError, TypeError):
        pid = "unknown"
    return StateError(
        f"the state is owned by another gitops (process {pid})",
        hints=["use it while it runs, or stop it: its `gitops up` ends with Ctrl-C"],
    )
