"""Is there an engine for an environment, and if not, one in this process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toolkit.repository.settings import Environment
    from toolkit.resource.cluster import Cluster
    from toolkit.wiring.workspace import Workspace


def has_engine(workspace: Workspace, environment: Environment) -> bool:
    """True where somebody runs what is submitted: on Kubernetes, its controller; else a running
    `gitops up`.
    """
    from toolkit.wiring.clusters import running_server

    return not environment.destination.is_embedded or running_server(workspace) is not None


@contextmanager
def engine_here(workspace: Workspace, environment: Environment) -> Iterator[Cluster]:
    """Owns the state, serves, and runs the engine in this process until the ``with`` block ends.

    Crons stay quiet: only what was submitted, or left unfinished, runs.
    """
    from toolkit.repository.settings import RuntimeKind
    from toolkit.wiring.clusters import own
    from toolkit.wiring.engine import start_engine

    with (
        own(workspace) as owner,
        start_engine(owner, workspace, [environment], crons=False, on_error=_complain) as engine,
        owner.serve([environment], log_store=engine.logs),
    ):
        if sys.stderr.isatty() or environment.runtime is not RuntimeKind.PROCESS:
            print(f"steps run as {engine.runtimes[environment.name]}", file=sys.stderr)
        try:
            yield engine.clusters[environment.name]
        except KeyboardInterrupt:
            print("steps that run go on; the next engine follows them: gitops up", file=sys.stderr)
            raise


def _complain(error: Exception) -> None:
    print(f"the engine met an error and goes on: {error}", file=sys.stderr)
