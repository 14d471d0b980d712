"""The archive of an embedded environment, whoever owns the state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from difflib import get_close_matches
from pathlib import Path

from toolkit.adapters.sqlite.archive import SqliteArchive
from toolkit.adapters.sqlite.database import Database
from toolkit.errors import NotFoundError, OperationError, RefusedError
from toolkit.repository.settings import Environment
from toolkit.wiring.clusters import own, running_server
from toolkit.wiring.workspace import Workspace
from toolkit.workflow.ports import ArchivedRun

_DATABASE = "state.db"
_WRITE_S = 3.0


class Archive:
    """What one environment's archive holds, read from the database itself: an owner that runs
    need not be asked.
    """

    def __init__(self, environment: str, database: Database | None) -> None:
        self._environment = environment
        self._archive = SqliteArchive(database) if database else None

    def runs(self) -> tuple[ArchivedRun, ...]:
        """All, without nodes, the last that began first."""
        return self._archive.archived(self._environment) if self._archive else ()

    def find(self, name: str) -> ArchivedRun:
        """By uid, or the last one of a name. Raises NotFoundError."""
        runs = self.runs()
        for run in runs:
            if name in (run.uid, run.workflow["metadata"]["name"]):
                found = self._archive and self._archive.find_archived(self._environment, run.uid)
                if found:
                    return found
        names = [str(run.workflow["metadata"]["name"]) for run in runs]
        close = get_close_matches(name, names, n=1, cutoff=0.5)
        hint = f"did you mean {close[0]!r}?" if close else "gitops archive list"
        raise NotFoundError(
            f"no workflow {name!r} in the archive of {self._environment}", hints=[hint]
        )


@contextmanager
def open_archive(workspace: Workspace, environment: Environment) -> Iterator[Archive]:
    """For reading. Raises RefusedError for an environment on Kubernetes, whose archive is Argo's
    own, behind its server; StateError where the database is of another version.
    """
    if not environment.destination.is_embedded:
        raise RefusedError(
            f"{environment.name} is on Kubernetes: its archive is Argo's",
            hints=["argo archive list, with ARGO_SERVER set"],
        )
    path = workspace.state / _DATABASE
    if not path.exists():
        yield Archive(environment.name, None)
        return
    with Database(path, read_only=True) as database:
        yield Archive(environment.name, database)


def remove_archived(workspace: Workspace, environment: Environment, uid: str) -> None:
    """Takes a run out of the archive: by the process that owns the state, else by this one."""
    server = running_server(workspace)
    if server is None:
        with own(workspace, wait_s=_WRITE_S) as owner:
            SqliteArchive(owner.database).remove_archived(environment.name, uid)
        return
    from toolkit.adapters.kubernetes.loopback import LoopbackTransport
    from toolkit.adapters.kubernetes.transport import HttpCall

    transport = LoopbackTransport(
        f"{server.address}/clusters/{environment.name}",
        token=server.token,
        authority_file=Path(server.authority_file),
    )
    with closing(transport):
        reply = transport.send(HttpCall("DELETE", f"/api/v1/archived-workflows/{uid}"))
    if reply.status != 200:
        raise OperationError(f"process {server.pid} did not remove {uid}: {reply.body!r}")
