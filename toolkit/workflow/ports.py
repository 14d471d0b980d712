"""Ports of the engine. The pure core consumes none of them; the controllers do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from toolkit.workflow.commands import StartContainer
from toolkit.workflow.events import ContainerEnded, ContainerErrored, ContainerStarted

ExecutorEvent = ContainerStarted | ContainerEnded | ContainerErrored


@dataclass(frozen=True, slots=True)
class PodAddress:
    """Where a step's log lives: the logical cluster (environment), namespace, workflow, pod."""

    cluster: str
    namespace: str
    workflow: str
    pod: str


@dataclass(frozen=True, slots=True)
class ResolvedStart:
    """A StartContainer with its references resolved, never persisted.

    ``environment`` is complete (nothing of the host's is added but PATH, HOME, TMPDIR, LANG).
    ``files``: absolute path → bytes, for ConfigMap and Secret volumes. ``secrets``: values to be
    masked as ``***`` wherever the step's output is kept or reported.
    """

    address: PodAddress
    start: StartContainer
    environment: Mapping[str, str]
    files: Mapping[str, bytes] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()


class Executor(Protocol):
    """Runs containers. One contract suite over all adapters.

    ``report`` (given at construction) is called from any thread, once for each outcome;
    at-least-once across restarts of the program.
    """

    def start(self, resolved: ResolvedStart) -> None:
        """Claim the command's id and start; returns at once. A claim that exists already starts
        nothing: its process is followed again, or reported as ended or interrupted.
        """
        ...

    def recover(self, resolved: ResolvedStart) -> None:
        """After a restart: follow a claimed command; one never claimed is started."""
        ...

    def stop(self, command_id: str, *, grace_s: float) -> None:
        """TERM, then KILL the whole process group after ``grace_s``. Unknown ids are ignored."""
        ...

    def forget(self, command_id: str) -> None:
        """The outcome is committed: the claim and working folder may go; the log stays."""
        ...


class LogStore(Protocol):
    """Logs of steps, kept after the run."""

    def lines(
        self,
        address: PodAddress,
        *,
        container: str = "main",
        follow: bool = False,
        tail_lines: int | None = None,
        timestamps: bool = False,
    ) -> Iterator[str]:
        """Lines without their ends, oldest first. Raises NotFoundError for an unknown pod."""
        ...


Report = Callable[[ExecutorEvent], None]
