"""A workspace with one environment, and gitops as a real process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import toolkit
from toolkit.wiring.workspace import Workspace

SETTINGS = """\
defaultEnvironment: staging
environments:
  staging:
    overlay: overlays/staging
    namespace: data
    deploy: {repository: .gitops/deploy.git, branch: env/staging}
    autostart: true
runtime:
  images:
    - pattern: any
"""


class Gitops:
    """``gitops up`` in a workspace; one at a time."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._running: subprocess.Popen[bytes] | None = None

    def up(self) -> None:
        path = os.pathsep.join((str(Path(toolkit.__file__).parents[1]), *sys.path))
        environment = {**os.environ, "PYTHONPATH": path}
        with (self.workspace.root / "up.log").open("ab") as log:
            self._running = subprocess.Popen(
                [sys.executable, "-m", "toolkit", "up"],
                cwd=self.workspace.root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def kill(self, number: int = signal.SIGKILL) -> int:
        """Returns the exit code."""
        running, self._running = self._running, None
        if running is None:
            return 0
        running.send_signal(number)
        return running.wait(30)

    def is_running(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def log(self) -> str:
        return (self.workspace.root / "up.log").read_text()


@pytest.fixture
def gitops(tmp_path: Path) -> Iterator[Gitops]:
    (tmp_path / "gitops.yaml").write_text(SETTINGS)
    process = Gitops(Workspace(tmp_path))
    yield process
    process.kill()
