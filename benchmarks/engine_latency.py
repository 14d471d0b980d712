"""From the submission of a one-step workflow to its success, as who submitted it sees it."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine_workspace import ENVIRONMENT, NAMESPACE, workflow, workspace_folder

from toolkit.controllers.runs.projecting import WORKFLOW
from toolkit.resource.cluster import Cluster
from toolkit.wiring.clusters import open_cluster, running_server
from toolkit.wiring.workspace import Workspace

_STARTED_S = 60.0
_WATCH_S = 30.0


def through_the_owner(times: int, folder: str | None) -> float:
    """Median milliseconds, through the API of a ``gitops up`` on this machine."""
    with workspace_folder(folder) as root:
        workspace = Workspace(root)
        environment = workspace.settings().environment(ENVIRONMENT)
        with _up(workspace), open_cluster(workspace, environment, write=True) as cluster:
            _submitted_to_succeeded(cluster, "warm-up")
            took = [_submitted_to_succeeded(cluster, f"run-{n}") for n in range(times)]
    return 1000 * statistics.median(took)


def _submitted_to_succeeded(cluster: Cluster, name: str) -> float:
    began = time.perf_counter()
    made = cluster.create(workflow("one", 1, name))
    since = str(made["metadata"]["resourceVersion"])
    for event in cluster.watch(WORKFLOW, NAMESPACE, resource_version=since, timeout_s=_WATCH_S):
        status = event.object.get("status") or {}
        if event.object["metadata"]["name"] == name and status.get("phase") == "Succeeded":
            return time.perf_counter() - began
    sys.exit(f"{name} did not succeed in time")


@contextmanager
def _up(workspace: Workspace) -> Iterator[None]:
    log = (workspace.root / "up.log").open("wb")
    command = [sys.executable, "-m", "toolkit", "up"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    started = subprocess.Popen(command, cwd=workspace.root, stdout=log, stderr=log, env=environment)
    with log, started as running:
        try:
            deadline = time.monotonic() + _STARTED_S
            while running_server(workspace) is None:
                if time.monotonic() > deadline or running.poll() is not None:
                    sys.exit((workspace.root / "up.log").read_text())
                time.sleep(0.05)
            yield
        finally:
            running.terminate()
