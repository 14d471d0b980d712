"""Publisher and reconciler on this machine: repositories, state, clusters."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from toolkit import __version__
from toolkit.adapters.clock import SystemClock
from toolkit.adapters.git.repositories import GitDeploy, GitSource, ensure_bare
from toolkit.adapters.sqlite.database import Database
from toolkit.adapters.sqlite.syncs import SqliteSyncs
from toolkit.adapters.threads import ThreadMap
from toolkit.controllers.delivery.publisher import Publisher
from toolkit.controllers.delivery.reconciler import Reconciler, StoppingError
from toolkit.controllers.delivery.sync_loop import Notice, Pace, SyncLoop
from toolkit.controllers.delivery.sync_request import SyncRequest, ask, is_waiting, take
from toolkit.errors import OperationError, StateError, ToolkitError
from toolkit.publish.ports import Commit
from toolkit.publish.provenance import Provenance
from toolkit.report.status import EnvironmentStatus
from toolkit.repository.settings import Environment
from toolkit.resource.cluster import Cluster
from toolkit.sync.state import Outcome, SyncRecord
from toolkit.wiring.clusters import Owner, open_cluster, own, running_server
from toolkit.wiring.workspace import Workspace

_LOCAL, _REMOTE = timedelta(seconds=1), timedelta(seconds=15)
_HEAL = timedelta(seconds=10)
_AT_ONCE = 8
_TAKING_TIMEOUT_S = 30.0
_ANSWER_TIMEOUT_S = 600.0
_ANSWER_POLL_S = 0.1


@contextmanager
def open_source(workspace: Workspace) -> Iterator[GitSource]:
    """The repository that people edit. Raises GitError where the workspace is in none."""
    with GitSource(workspace.root) as source:
        yield source


@contextmanager
def open_deploy(workspace: Workspace, environment: Environment) -> Iterator[GitDeploy]:
    """The environment's deploy repository. A local one in the state folder is made on first use."""
    url = deploy_url(workspace, environment)
    path = Path(url)
    if path.is_relative_to(workspace.state):
        workspace.ensure_state()
        ensure_bare(path)
    mirror = workspace.ensure_state() / "mirrors" / mirror_name(workspace, environment)
    with GitDeploy(url, mirror) as deploy:
        yield deploy


def mirror_name(workspace: Workspace, environment: Environment) -> str:
    """The folder, below ``mirrors``, that holds a copy of the environment's deploy repository."""
    digest = sha256(deploy_url(workspace, environment).encode()).hexdigest()
    return f"{digest[:16]}.git"


def deploy_url(workspace: Workspace, environment: Environment) -> str:
    """A git URL as it is; a path from the workspace's root made absolute."""
    text = environment.deploy.repository
    is_url = "://" in text or (":" in text and "/" not in text.partition(":")[0])
    return text if is_url else str((workspace.root / text).resolve())


@contextmanager
def open_publisher(workspace: Workspace, environment: Environment) -> Iterator[Publisher]:
    """The publisher into the environment's deploy repository."""
    with open_deploy(workspace, environment) as deploy:
        yield Publisher(deploy, SystemClock(), version=__version__)


@contextmanager
def open_reconciler(workspace: Workspace, environment: Environment) -> Iterator[Reconciler]:
    """A reconciler for plans, status and differences. It changes no object: the cluster is opened
    for writing because a dry run is a write that is taken back.
    """
    with (
        open_cluster(workspace, environment, write=True) as cluster,
        _open_rows(workspace) as database,
        reconciler_on(workspace, environment, cluster, database) as reconciler,
    ):
        yield reconciler


@contextmanager
def reconciler_on(
    workspace: Workspace,
    environment: Environment,
    cluster: Cluster,
    database: Database,
    *,
    stop: threading.Event | None = None,
) -> Iterator[Reconciler]:
    """A reconciler over what is open already. ``stop`` ends its waiting."""
    with open_deploy(workspace, environment) as deploy:
        yield Reconciler(
            environment,
            cluster=cluster,
            deploy=deploy,
            store=SqliteSyncs(database),
            clock=SystemClock(),
            pause=_pause_until(stop) if stop else time.sleep,
            each=ThreadMap(_AT_ONCE),
        )


@contextmanager
def open_sync_loop(
    workspace: Workspace,
    environment: Environment,
    cluster: Cluster,
    database: Database,
    *,
    stop: threading.Event,
    notice: Notice,
    heal_every: timedelta | None = None,
) -> Iterator[SyncLoop]:
    """The loop that ``gitops up`` runs on a thread of its own: ``loop.run(stop)``."""
    with reconciler_on(workspace, environment, cluster, database, stop=stop) as reconciler:
        yield SyncLoop(
            reconciler,
            clock=SystemClock(),
            notice=notice,
            take_request=lambda: take(cluster, environment.name, environment.namespace),
            pace=Pace(
                follow=_LOCAL if _is_local(deploy_url(workspace, environment)) else _REMOTE,
                heal=heal_every or _HEAL,
            ),
        )


def sync_now(workspace: Workspace, environment: Environment, approval: str = "") -> SyncRecord:
    """One sync of an environment: by this process, or by the one that owns the state.

    Raises RefusedError naming the approval, and what else a sync raises.
    """
    with ExitStack() as stack:
        try:
            owner = stack.enter_context(own(workspace))
        except StateError:
            if running_server(workspace) is None:
                raise
            cluster = stack.enter_context(open_cluster(workspace, environment, write=True))
            return request_sync(workspace, environment, cluster, approval)
        cluster = stack.enter_context(_cluster_of(owner, environment))
        on = reconciler_on(workspace, environment, cluster, owner.database)
        reconciler = stack.enter_context(on)
        reconciler.sync(initiator="by hand", approval=approval)
        return _newest(reconciler)


def status_of(workspace: Workspace, environment: Environment) -> EnvironmentStatus:
    """Where an environment stands. What cannot be found out is told as its problem."""
    status = EnvironmentStatus(environment.name)
    try:
        with open_reconciler(workspace, environment) as reconciler:
            status = replace(status, state=reconciler.state(), last=reconciler.last_sync())
            status = replace(status, published=reconciler.tip())
            with open_publisher(workspace, environment) as publisher:
                hold = publisher.hold(environment.deploy.branch)
            status = replace(status, is_held=hold is not None)
            if status.published:
                status = replace(status, sync_plan=reconciler.plan(status.published))
    except ToolkitError as error:
        status = replace(status, problem=str(error))
    return status


def history_of(
    workspace: Workspace, environment: Environment, *, limit: int
) -> tuple[tuple[Commit, ...], tuple[SyncRecord, ...]]:
    """What was published, newest first, and the syncs this installation knows of."""
    with open_deploy(workspace, environment) as deploy:
        commits = deploy.log(environment.deploy.branch, limit=limit)
    if not (workspace.state / "state.db").exists():
        return commits, ()
    with Database(workspace.state / "state.db", read_only=True) as database:
        return commits, SqliteSyncs(database).history(environment.name, limit=limit * 10)


def request_sync(
    workspace: Workspace, environment: Environment, cluster: Cluster, approval: str
) -> SyncRecord:
    """Asks the process that owns the state for a sync, and waits until it has ended.

    Raises OperationError where it did not reach its target, or nobody answers.
    """
    request = SyncRequest(uuid.uuid4().hex[:8], approval)
    ask(cluster, environment.name, environment.namespace, request)
    with Database(workspace.state / "state.db", read_only=True) as database:
        store = SqliteSyncs(database)
        _await_taking(cluster, environment, request)
        record = _answer(store, environment.name, request)
    if record.outcome is not Outcome.SYNCED:
        raise OperationError(f"the sync ended as {record.outcome.value}: {record.message}")
    return record


def provenance_of(source: GitSource, revision: str, *, is_dirty: bool) -> Provenance:
    """Where a tree rendered from ``revision`` comes from."""
    commit = source.commit(revision)
    return Provenance(source.origin(), commit.sha, commit.author, commit.subject, is_dirty)


def _open_rows(workspace: Workspace) -> Database:
    """The state database for reading; made, or brought to this version, where it is not."""
    path = workspace.state / "state.db"
    try:
        return Database(path, read_only=True)
    except StateError:
        with own(workspace):
            return Database(path, read_only=True)


def _cluster_of(owner: Owner, environment: Environment) -> AbstractContextManager[Cluster]:
    if environment.destination.is_embedded:
        return nullcontext(owner.cluster(environment))
    return open_cluster(owner.workspace, environment, write=True)


def _newest(reconciler: Reconciler) -> SyncRecord:
    record = reconciler.last_sync()
    if record is None:
        raise RuntimeError("a sync leaves a record")
    return record


def _await_taking(cluster: Cluster, environment: Environment, request: SyncRequest) -> None:
    deadline = time.monotonic() + _TAKING_TIMEOUT_S
    while is_waiting(cluster, environment.name, environment.namespace, request):
        if time.monotonic() > deadline:
            take(cluster, environment.name, environment.namespace)
            raise OperationError(
                f"the process that owns the state does not sync {environment.name}",
                hints=["start it with this environment, too: gitops up ENV..."],
            )
        time.sleep(_ANSWER_POLL_S)


def _answer(store: SqliteSyncs, environment: str, request: SyncRequest) -> SyncRecord:
    deadline = time.monotonic() + _ANSWER_TIMEOUT_S
    while time.monotonic() < deadline:
        for record in store.history(environment, limit=5):
            if record.initiator == request.initiator and record.ended_at is not None:
                return record
        time.sleep(_ANSWER_POLL_S)
    raise OperationError(
        f"the process that owns the state did not finish the sync of {environment} in time",
        hints=[f"it may still do so: gitops history {environment}"],
    )


def _is_local(url: str) -> bool:
    return url.startswith(("/", "file:"))


def _pause_until(stop: threading.Event) -> Callable[[float], None]:
    def pause(seconds: float) -> None:
        if stop.wait(seconds):
            raise StoppingError

    return pause
