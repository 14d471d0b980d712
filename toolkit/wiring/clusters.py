"""Who owns the state, and how a verb reaches an environment's cluster.

The process that holds ``.gitops/lock`` owns all writes; where it serves, its address and token
stand in ``.gitops/server.json``. :func:`own` takes the lock; :func:`open_cluster` finds the right
way: Kubernetes, the owner over HTTP, or the database itself.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.errors import AlreadyExistsError, NotFoundError, StateError
from toolkit.repository.settings import Environment
from toolkit.resource.cluster import Cluster, ObjectRef
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.wiring.state_lock import holder, locked
from toolkit.wiring.workspace import Workspace

if TYPE_CHECKING:  # what reaches the owner over HTTP needs none of these
    from starlette.routing import BaseRoute

    from toolkit.adapters.embedded import EmbeddedCluster
    from toolkit.adapters.http.server import Serving
    from toolkit.adapters.sqlite.database import Database
    from toolkit.adapters.sqlite.objects import SqliteObjects
    from toolkit.clock import Clock
    from toolkit.workflow.ports import LogStore

CAPTURE_SECRET = "slack-hook"  # noqa: S105  # a name
CAPTURE_KEY = "SLACK_HOOK_URL"
CAPTURE_VALUE = "capture:slack"
MANAGED_LABEL = "app.kubernetes.io/managed-by"

_SECRET = GroupVersionKind("", "v1", "Secret")
_NAMESPACE = GroupVersionKind("", "v1", "Namespace")
_MOMENT_S = 0.3
_WRITE_S = 3.0
_DATABASE = "state.db"
_LOCK = "lock"
_SERVER = "server.json"
_AUDIT_LOG = "audit.log"
_PORT = "port"
_TOKEN = "token"  # noqa: S105  # a file's name, for Prometheus and the like
_KUBECONFIG = "kubeconfig"


class Owner:
    """The holder of the lock: the database, its objects, and the embedded clusters."""

    def __init__(self, workspace: Workspace, database: Database, clock: Clock) -> None:
        from toolkit.adapters.sqlite.objects import SqliteObjects

        self.workspace = workspace
        self.database = database
        self.objects: SqliteObjects = SqliteObjects(database)
        self.clock = clock

    def cluster(
        self, environment: Environment, *, log_store: LogStore | None = None
    ) -> EmbeddedCluster:
        """The environment's embedded cluster, made where it is missing, with its namespace."""
        from toolkit.adapters.embedded import EmbeddedCluster, logical_cluster

        cluster = logical_cluster(self.objects, environment.name, self.clock)
        cluster.ensure(environment.namespace)
        return EmbeddedCluster(cluster, log_store=log_store)

    @contextmanager
    def serve(
        self,
        environments: Sequence[Environment],
        *,
        log_store: LogStore | None = None,
        routes: Sequence[BaseRoute] = (),
    ) -> Iterator[Serving]:
        """Serves the embedded ones of ``environments`` over HTTPS until the ``with`` block ends.

        Writes ``.gitops/server.json`` and ``.gitops/kubeconfig``. ``routes`` are served beside
        the API, behind the same token.
        """
        from toolkit.adapters.embedded import logical_cluster
        from toolkit.adapters.http.certificate import ensure_certificate
        from toolkit.adapters.http.server import HttpServer
        from toolkit.adapters.sqlite.archive import SqliteArchive

        embedded = [e for e in environments if e.destination.is_embedded]
        for environment in embedded:
            self.cluster(environment)
        clusters = {e.name: logical_cluster(self.objects, e.name, self.clock) for e in embedded}
        state = self.workspace.state
        server = HttpServer(
            clusters.get,
            clock=self.clock,
            certificate=ensure_certificate(state / "tls", self.clock.now()),
            log_store=log_store,
            archive=SqliteArchive(self.database),
            preferred_port=_last_port(state),
            routes=routes,
            default_cluster=_default_cluster(self.workspace, embedded),
            audit_log=state / _AUDIT_LOG,
        )
        with server:
            _announce(state, server.serving, embedded)
            try:
                yield server.serving
            finally:
                for name in (_SERVER, _TOKEN):
                    (state / name).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """What ``server.json`` holds."""

    address: str
    token: str
    pid: int
    authority_file: str


@contextmanager
def own(
    workspace: Workspace, *, clock: Clock | None = None, wait_s: float = _MOMENT_S
) -> Iterator[Owner]:
    """Takes the lock and opens the database.

    Raises StateError naming the process that has it, and has not let go of it after ``wait_s``.
    """
    from toolkit.adapters.clock import SystemClock
    from toolkit.adapters.sqlite.database import Database

    state = workspace.ensure_state()
    with ExitStack() as stack:
        stack.enter_context(locked(state / _LOCK, wait_s=wait_s))
        (state / _SERVER).unlink(missing_ok=True)  # of an owner that died
        database = stack.enter_context(Database(state / _DATABASE))
        yield Owner(workspace, database, clock or SystemClock())


def running_server(workspace: Workspace) -> ServerAddress | None:
    """Where the owner serves; None where there is no owner, or it does not serve.

    A ``server.json`` whose owner died is seen by its free lock.
    """
    owner = owner_pid(workspace)
    if owner is None:
        return None
    try:
        found = ServerAddress(**json.loads((workspace.state / _SERVER).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    # Another's: of an owner that was killed, and the new one has not yet come to remove it.
    return found if found.pid == owner else None


def owner_pid(workspace: Workspace) -> int | None:
    """The process that owns the state; None where nobody does, 0 where it does not say."""
    return holder(workspace.state / _LOCK)


@contextmanager
def open_cluster(
    workspace: Workspace, environment: Environment, *, write: bool
) -> Iterator[Cluster]:
    """The environment's cluster, wherever it is.

    ``write`` takes the lock for the moment where nobody owns the state. Without it nothing is
    written but the first time, when there is no state yet. Raises StateError where the owner
    does not serve, or (for writing) not this environment.
    """
    if environment.destination.context is not None:
        with kubernetes_cluster(environment.destination.context) as cluster:
            yield cluster
        return
    server = running_server(workspace)
    if server is not None:
        with loopback_cluster(server, environment.name) as cluster:
            if _is_served(cluster):
                yield cluster
                return
    if write or not _is_readable(workspace, environment):
        if server is not None:
            raise _not_served(server, environment)
        with own(workspace, wait_s=_WRITE_S) as owner:
            yield owner.cluster(environment, log_store=_kept_logs(workspace))
        return
    with _read_only(workspace, environment) as cluster:
        yield cluster


@contextmanager
def kubernetes_cluster(context: str, *, config_file: Path | None = None) -> Iterator[Cluster]:
    """The cluster of a kubeconfig context. Raises UsageError where there is no such context."""
    from toolkit.adapters.kubernetes.kubeconfig import KubeconfigTransport
    from toolkit.adapters.kubernetes.rest_cluster import RestCluster

    with RestCluster(KubeconfigTransport(context, config_file=config_file)) as cluster:
        yield cluster


@contextmanager
def loopback_cluster(server: ServerAddress, environment: str) -> Iterator[Cluster]:
    """An embedded cluster through its owner."""
    from toolkit.adapters.kubernetes.loopback import LoopbackTransport
    from toolkit.adapters.kubernetes.rest_cluster import RestCluster

    transport = LoopbackTransport(
        f"{server.address}/clusters/{environment}",
        token=server.token,
        authority_file=Path(server.authority_file),
    )
    with RestCluster(transport) as cluster:
        yield cluster


def _is_served(cluster: Cluster) -> bool:
    try:
        cluster.uid()
    except NotFoundError:
        return False
    return True


def _not_served(server: ServerAddress, environment: Environment) -> StateError:
    return StateError(
        f"the gitops that runs (process {server.pid}) does not serve {environment.name}",
        hints=[f"stop it, and name all you need: gitops up ENV… {environment.name}"],
    )


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
    if cluster.get(ObjectRef(_NAMESPACE, "", namespace)) is not None:
        return
    try:
        cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    except AlreadyExistsError:
        return  # somebody else was faster


@contextmanager
def _read_only(workspace: Workspace, environment: Environment) -> Iterator[Cluster]:
    from toolkit.adapters.clock import SystemClock
    from toolkit.adapters.embedded import EmbeddedCluster, logical_cluster
    from toolkit.adapters.sqlite.database import Database
    from toolkit.adapters.sqlite.objects import SqliteObjects

    with Database(workspace.state / _DATABASE, read_only=True) as database:
        cluster = logical_cluster(SqliteObjects(database), environment.name, SystemClock())
        yield EmbeddedCluster(cluster, log_store=_kept_logs(workspace))


def _kept_logs(workspace: Workspace) -> LogStore:
    """Logs of steps, for readers without an engine."""
    from toolkit.adapters.logs.files import Logs

    return Logs(workspace.state / "logs")


def _is_readable(workspace: Workspace, environment: Environment) -> bool:
    """Whether there is a database of this version that holds the environment's cluster."""
    try:
        with _read_only(workspace, environment) as cluster:
            cluster.uid()
    except (StateError, NotFoundError):
        return False
    return True


def _announce(state: Path, serving: Serving, environments: Sequence[Environment]) -> None:
    address = ServerAddress(serving.url, serving.token, os.getpid(), str(serving.authority_file))
    _write_private(state / _SERVER, json.dumps(asdict(address)))
    _write_private(state / _PORT, str(serving.port))
    _write_private(state / _TOKEN, serving.token)
    _write_private(state / _KUBECONFIG, json.dumps(_kubeconfig(serving, environments), indent=1))


def _default_cluster(workspace: Workspace, served: Sequence[Environment]) -> str:
    """The default environment where it is served, else the first that is."""
    names = [environment.name for environment in served]
    default = workspace.settings().default_environment
    return default if default in names else next(iter(names), "")


def _last_port(state: Path) -> int:
    try:
        return int((state / _PORT).read_text("ascii"))
    except (OSError, ValueError):
        return 0


def _kubeconfig(serving: Serving, environments: Sequence[Environment]) -> dict[str, Any]:
    """A context an environment; JSON is YAML."""
    from base64 import b64encode

    authority = b64encode(serving.authority_file.read_bytes()).decode()
    clusters = [
        {
            "name": e.name,
            "cluster": {
                "server": f"{serving.url}/clusters/{e.name}",
                "certificate-authority-data": authority,
            },
        }
        for e in environments
    ]
    contexts = [
        {"name": e.name, "context": {"cluster": e.name, "user": "gitops", "namespace": e.namespace}}
        for e in environments
    ]
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": clusters,
        "contexts": contexts,
        "current-context": environments[0].name if environments else "",
        "users": [{"name": "gitops", "user": {"token": serving.token}}],
    }


def _write_private(path: Path, text: str) -> None:
    """Whole or not at all, and never readable by others."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    Path(temporary).replace(path)
