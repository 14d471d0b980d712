"""Everything that ``gitops up`` runs, in one process: cluster, reconciler, engine, crons."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from starlette.routing import BaseRoute

from toolkit.adapters.http.server import Serving
from toolkit.controllers.delivery.reconciler import SyncReport
from toolkit.repository.settings import Environment
from toolkit.resource.cluster import Cluster
from toolkit.wiring.artifact_routes import artifact_routes
from toolkit.wiring.clusters import Owner, kubernetes_cluster, own
from toolkit.wiring.delivery import open_sync_loop
from toolkit.wiring.engine import Engine, EngineNotice, start_engine
from toolkit.wiring.keeping import sweep_route, sweeper
from toolkit.wiring.metrics import metrics_route
from toolkit.wiring.runtimes import artifact_store
from toolkit.wiring.workspace import Workspace


@dataclass(frozen=True, slots=True)
class SyncNotice:
    """A sync that was worth a word, or what kept it from its target."""

    environment: str
    outcome: SyncReport | Exception


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something went wrong that belongs to no run and no sync."""

    error: Exception


StationNotice = EngineNotice | SyncNotice | Trouble


@dataclass(frozen=True, slots=True)
class Station:
    """What runs."""

    serving: Serving
    engine: Engine


@contextmanager
def open_station(
    workspace: Workspace,
    environments: Sequence[Environment],
    notice: Callable[[StationNotice], None],
) -> Iterator[Station]:
    """Owns the state and runs everything for ``environments`` until the ``with`` block ends.

    Steps that run then go on. ``notice`` is called from many threads. Raises StateError where
    another process owns the state.
    """
    with ExitStack() as stack:
        owner = stack.enter_context(own(workspace))
        engine = stack.enter_context(
            start_engine(
                owner,
                workspace,
                environments,
                notice=notice,
                on_error=lambda error: notice(Trouble(error)),
            )
        )
        every = tuple(workspace.settings().environments.values())
        routes = [
            sweep_route(sweeper(owner, workspace, every)),
            metrics_route(engine.meter, owner.database, engine.queues),
            *_artifacts(engine, workspace),
        ]
        serving = stack.enter_context(
            owner.serve(environments, log_store=engine.logs, routes=routes)
        )
        for environment in environments:
            cluster = stack.enter_context(_cluster(engine, environment))
            _start_sync_loop(stack, workspace, environment, cluster, owner, notice)
        yield Station(serving, engine)


def _artifacts(engine: Engine, workspace: Workspace) -> list[BaseRoute]:
    """Of the default environment, or of the only one there is."""
    name = workspace.settings().default_environment
    cluster = engine.clusters.get(name) or next(iter(engine.clusters.values()), None)
    return artifact_routes(cluster, artifact_store(workspace)) if cluster else []


@contextmanager
def _cluster(engine: Engine, environment: Environment) -> Iterator[Cluster]:
    if environment.destination.context is None:
        yield engine.clusters[environment.name]
        return
    with kubernetes_cluster(environment.destination.context) as cluster:
        yield cluster


def _start_sync_loop(
    stack: ExitStack,
    workspace: Workspace,
    environment: Environment,
    cluster: Cluster,
    owner: Owner,
    notice: Callable[[StationNotice], None],
) -> None:
    """On a thread that ends, and is awaited, before what it uses is closed."""
    stop = threading.Event()
    loop = stack.enter_context(
        open_sync_loop(
            workspace,
            environment,
            cluster,
            owner.database,
            stop=stop,
            notice=lambda name, outcome: notice(SyncNotice(name, outcome)),
        )
    )
    thread = threading.Thread(target=loop.run, args=(stop,), name=f"sync-{environment.name}")
    stack.callback(thread.join)
    stack.callback(stop.set)
    thread.start()
