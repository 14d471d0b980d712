"""What is asked of podman or docker beside running a container. They take the same words."""

from __future__ import annotations

import subprocess
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from toolkit.errors import ExecutionError

LABEL = "gitops.toolkit/state"
CANNOT_RUN = 125
"""The exit code of ``run`` where there was no container to run, or the engine was lost."""
_CALL_TIMEOUT_S = 120


class Stage(Enum):
    """MADE: it does not run, yet or any more."""

    ABSENT = "absent"
    MADE = "made"
    RUNS = "runs"


@dataclass(frozen=True, slots=True)
class ContainerEngine:
    """``kind`` is podman or docker, ``program`` its client. ``owner`` marks our containers: those
    of one state folder. ``environment`` is the client's own. ``has_init``: it can run a process 1
    that passes signals on.
    """

    kind: str
    program: str
    owner: str
    environment: Mapping[str, str]
    has_init: bool = True

    def __str__(self) -> str:
        return f"containers of {self.kind}"

    def kill(self, name: str) -> None:
        """At once. One that does not run is left alone."""
        self._call("kill", name)

    def remove(self, names: Collection[str]) -> None:
        """With all they run. Names that are not known are ignored."""
        if names:
            self._call("rm", "--force", "--volumes", *names)

    def names(self) -> frozenset[str]:
        """All containers of ours, those that ended too. Raises ExecutionError."""
        return frozenset(self.stages())

    def stages(self) -> dict[str, Stage]:
        """How far each container of ours is. Raises ExecutionError."""
        ours, form = f"label={LABEL}={self.owner}", "{{.Names}} {{.Status}}"
        done = self._call("ps", "--all", "--filter", ours, "--format", form)
        if done.returncode != 0:
            raise ExecutionError(f"{self.kind} does not list its containers: {_last(done.stderr)}")
        lines = (line.partition(" ") for line in done.stdout.splitlines())
        return {
            name: Stage.RUNS if said.startswith("Up") else Stage.MADE for name, _, said in lines
        }

    def stage_of(self, name: str) -> Stage | None:
        """How far one is; None where the engine does not answer."""
        try:
            return self.stages().get(name, Stage.ABSENT)
        except ExecutionError:
            return None

    def exit_code(self, name: str) -> str:
        """As the engine has it; "" where it does not tell."""
        return self._call("inspect", "--format", "{{.State.ExitCode}}", name).stdout.strip()

    def has_started(self, name: str) -> bool:
        """It runs, or has run: not for one that was only made, or not even that."""
        done = self._call("inspect", "--type", "container", "--format", "{{.State.Status}}", name)
        return done.stdout.strip() not in {"", "created", "configured"}

    def was_out_of_memory(self, name: str) -> bool:
        done = self._call("inspect", "--format", "{{.State.OOMKilled}}", name)
        return done.stdout.strip() == "true"

    def copy_out(self, name: str, wanted: Iterable[tuple[str, Path]]) -> None:
        """Copies (path in the container, path here), each whole or not at all; what is not there
        is left out, and what was copied before stays.
        """
        for path, target in wanted:
            if target.exists():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(f".{target.name}.partial")
            if self._call("cp", f"{name}:{path}", str(partial)).returncode == 0:
                partial.replace(target)

    def _call(self, *words: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                [self.program, *words],
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=_CALL_TIMEOUT_S,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ExecutionError(f"{self.kind} does not answer: {error}") from error


def _last(text: str) -> str:
    return next(reversed(text.strip().splitlines()), "")
