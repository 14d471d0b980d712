"""Retention on this machine: the shelves of each environment, and who sweeps them."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from toolkit.adapters.remote.cache import LIMITS, CachedFiles, CachedMirrors
from toolkit.adapters.sqlite.archive import SqliteArchive
from toolkit.adapters.sqlite.runs import SqliteRuns
from toolkit.adapters.state.kept_files import Mirrors, RunFolders, StepFolders
from toolkit.controllers.pod_controller import pod_logs, pod_starts
from toolkit.controllers.sweeping import ArchiveShelf, RunShelf, Shelves
from toolkit.errors import NotFoundError, OperationError
from toolkit.repository.settings import Environment
from toolkit.resource.cluster import Cluster
from toolkit.wiring.clusters import Owner, ServerAddress, own, running_server
from toolkit.wiring.remote import CACHE
from toolkit.wiring.workspace import Workspace
from toolkit.workflow.retention.retention import Limits, Swept

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

_LEFT_BEHIND = Limits(max_age=timedelta(hours=1))
_UNUSED = Limits(max_age=timedelta(days=7))
_ROUTE = "/gitops/gc"


class Sweep(Protocol):
    """Sweeps the environments of these ``names``; without names, all it knows."""

    def __call__(
        self, names: Sequence[str] = (), *, dry_run: bool = False
    ) -> tuple[Swept, ...]: ...


def shelves_of(
    owner: Owner, workspace: Workspace, environment: Environment, cluster: Cluster
) -> Shelves:
    """What is kept of one embedded environment."""
    runs, archive = SqliteRuns(owner.database), SqliteArchive(owner.database)
    name, state, kept = environment.name, workspace.state, environment.retention

    def under_way() -> Collection[str]:
        found = runs.unsettled(name)
        names = {f"{run.run['namespace']}/{run.run['name']}" for run in found}
        return names | pod_logs(cluster)

    logs = RunFolders(state / "logs" / name, held=under_way)
    artifacts = RunFolders(state / "artifacts", held=under_way, namespaces=(environment.namespace,))
    return Shelves(
        name,
        {
            "runs": (RunShelf(name, cluster, runs, archive, owner.clock), kept.runs),
            "archive": (ArchiveShelf(name, archive), kept.archive),
            "logs": (logs, kept.logs),
            "artifacts": (artifacts, kept.artifacts),
        },
    )


def common_shelves(owner: Owner, workspace: Workspace) -> Shelves:
    """What belongs to no environment: folders of steps, copies of deploy repositories."""
    from toolkit.wiring.delivery import mirror_name  # an engine without git need not load it

    runs = SqliteRuns(owner.database)
    environments = workspace.settings().environments.values()
    embedded = [e for e in environments if e.destination.is_embedded and _has_cluster(owner, e)]

    def outstanding() -> Collection[str]:
        return runs.outstanding().union(*(pod_starts(owner.cluster(e)) for e in embedded))

    in_use = [mirror_name(workspace, environment) for environment in environments]
    steps = StepFolders(workspace.state / "steps", outstanding=outstanding)
    return Shelves(
        "",
        {
            "steps": (steps, _LEFT_BEHIND),
            "mirrors": (Mirrors(workspace.state / "mirrors", in_use=in_use), _UNUSED),
            "remote bases": (CachedMirrors(workspace.state / CACHE), LIMITS),
            "remote files": (CachedFiles(workspace.state / CACHE), LIMITS),
        },
    )


def sweep_state(
    workspace: Workspace, environments: Sequence[Environment], *, dry_run: bool = False
) -> tuple[Swept, ...]:
    """Removes what is over its limits: the process that owns the state does it, else this one.

    Raises StateError where the owner does not serve.
    """
    names = [environment.name for environment in environments]
    server = running_server(workspace)
    if server is not None:
        return _ask_owner(server, names, dry_run=dry_run)
    with own(workspace) as owner:
        return sweeper(owner, workspace, environments)(names, dry_run=dry_run)


def sweeper(owner: Owner, workspace: Workspace, environments: Sequence[Environment]) -> Sweep:
    """Sweeps those of ``environments`` that have an embedded cluster, and what belongs to none."""

    def sweep(names: Sequence[str] = (), *, dry_run: bool = False) -> tuple[Swept, ...]:
        named = [e for e in environments if not names or e.name in names]
        chosen = [e for e in named if e.destination.is_embedded and _has_cluster(owner, e)]
        all_shelves = [shelves_of(owner, workspace, e, owner.cluster(e)) for e in chosen]
        return tuple(
            swept
            for shelves in (*all_shelves, common_shelves(owner, workspace))
            for swept in shelves.sweep(owner.clock.now(), dry_run=dry_run)
        )

    return sweep


def sweep_route(sweep: Sweep) -> Route:
    """The owner's answer to :func:`sweep_state` of another process."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    from toolkit.report.swept import swept_to_json

    async def answer(http: Request) -> Response:
        wanted: Any = json.loads(await http.body() or b"{}")
        names, dry_run = wanted.get("environments") or [], bool(wanted.get("dryRun"))
        swept = await run_in_threadpool(sweep, names, dry_run=dry_run)
        return JSONResponse(swept_to_json(swept, dry_run=dry_run))

    return Route(_ROUTE, answer, methods=["POST"])


def _has_cluster(owner: Owner, environment: Environment) -> bool:
    """Whether anything was ever done in it: none is made only to be looked at."""
    from toolkit.adapters.embedded import logical_cluster

    try:
        logical_cluster(owner.objects, environment.name, owner.clock).uid()
    except NotFoundError:
        return False
    return True


def _ask_owner(server: ServerAddress, names: Sequence[str], *, dry_run: bool) -> tuple[Swept, ...]:
    from pathlib import Path

    from toolkit.adapters.kubernetes.loopback import LoopbackTransport
    from toolkit.adapters.kubernetes.transport import HttpCall
    from toolkit.report.swept import swept_from_json

    authority = Path(server.authority_file)
    wanted = json.dumps({"environments": names, "dryRun": dry_run}).encode()
    transport = LoopbackTransport(server.address, token=server.token, authority_file=authority)
    with closing(transport):
        reply = transport.send(HttpCall("POST", _ROUTE, body=wanted))
    if reply.status != 200:
        raise OperationError(f"process {server.pid} refused to clean up: {reply.body!r}")
    return swept_from_json(json.loads(reply.body))
