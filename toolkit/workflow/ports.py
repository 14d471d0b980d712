"""Ports of the engine. The pure core consumes none of them; the controllers do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from toolkit.resource.resource import Body
from toolkit.workflow.commands import Command, InputArtifact, PodContainer, StartContainer
from toolkit.workflow.events import (
    ContainerEnded,
    ContainerErrored,
    ContainerMoved,
    ContainerProgressed,
    ContainerStarted,
)
from toolkit.workflow.locks.locks import LockRequest
from toolkit.workflow.nodes import Row
from toolkit.workflow.run import AuditEvent, Transition
from toolkit.workflow.templates.http_template import HttpResponse

ExecutorEvent = (
    ContainerStarted | ContainerMoved | ContainerProgressed | ContainerEnded | ContainerErrored
)


@dataclass(frozen=True, slots=True)
class PodAddress:
    """Where a step's log lives: the logical cluster (environment), namespace, workflow, pod."""

    cluster: str
    namespace: str
    workflow: str
    pod: str


@dataclass(frozen=True, slots=True)
class VolumeMount:
    """A folder at the absolute ``path`` of a step: ``volume`` is a key of the VolumeStore, with
    the path below it where only that is mounted, or (``is_host``) a folder of this machine, or
    (``is_pods``) one that the pod's containers share, with the path below it.
    """

    path: str
    volume: str
    is_read_only: bool = False
    is_host: bool = False
    is_pods: bool = False


@dataclass(frozen=True, slots=True)
class ResolvedStart:
    """A StartContainer with its references resolved, never persisted.

    ``environment`` is complete (nothing of the host's is added but PATH, HOME, TMPDIR, LANG).
    ``files``: absolute path → bytes, for ConfigMap and Secret volumes. ``mounts``: volumes that
    are folders elsewhere. ``secrets``: values to be masked as ``***`` wherever the step's output
    is kept or reported. ``containers``: where the start has several, each with its own part of the
    start: its call, its environment, its files; of the inputs and outputs what is its.
    ``credentials``: those of the places of its artifacts, by ``name/key``.
    """

    address: PodAddress
    start: StartContainer
    environment: Mapping[str, str]
    files: Mapping[str, bytes] = field(default_factory=dict)
    mounts: tuple[VolumeMount, ...] = ()
    secrets: frozenset[str] = frozenset()
    containers: tuple[ResolvedContainer, ...] = ()
    credentials: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResolvedContainer:
    """One container of a pod that has several."""

    container: PodContainer
    resolved: ResolvedStart


class Executor(Protocol):
    """Runs containers. One contract suite over all adapters.

    ``report`` (given at construction) is called from any thread, once for each outcome;
    at-least-once across restarts of the program.
    """

    @property
    def volumes(self) -> VolumeStore:
        """Where the volumes of its steps are kept."""
        ...

    def start(self, resolved: ResolvedStart) -> None:
        """Claim the command's id and start; returns at once. A claim that exists already starts
        nothing: its process is followed again, or reported as ended or interrupted.
        """
        ...

    def recover(self, resolved: ResolvedStart) -> None:
        """After a restart: follow a claimed command; one never claimed is started."""
        ...

    def is_claimed(self, command_id: str) -> bool:
        """Whether the command was ever claimed: its step must then be recovered, not started."""
        ...

    def why_waiting(self, command_id: str) -> str:
        """Why a start has not begun yet, for people; "" where it has, or is about to."""
        ...

    def stop(self, command_id: str, *, grace_s: float) -> None:
        """TERM, then KILL the whole process group after ``grace_s``. Unknown ids are ignored."""
        ...

    def forget(self, command_id: str) -> None:
        """The outcome is committed: the claim and working folder may go; the log stays."""
        ...


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request, secrets in place: never persisted, never shown. ``secrets``: values that what
    comes back shows as ``***``. ``timeout_s`` is for the whole of it.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    timeout_s: float | None = None
    verify: bool = True
    secrets: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class HttpFailure:
    """No response. ``is_transient``: another attempt may well get one. ``is_refused``: nobody
    listens, and nothing was sent.
    """

    message: str
    is_transient: bool = False
    is_refused: bool = False


class HttpClient(Protocol):
    """Makes requests, each once."""

    def send(self, call_id: str, request: HttpRequest) -> HttpResponse | HttpFailure:
        """Blocks until the response is there as a whole, or there will be none."""
        ...

    def abort(self, call_id: str) -> None:
        """Ends a ``send`` under way: it returns an HttpFailure. Unknown ids are ignored."""
        ...


class Artifacts(Protocol):
    """Where artifacts are: at a location, or by key in the default store. Raises ExecutionError
    where a place cannot be reached.
    """

    def using(self, credentials: Mapping[str, str]) -> Artifacts:
        """The same for somebody who has these Secrets (``name/key`` → value)."""
        ...

    def keys(self, location: Row, key: str) -> list[str]:
        """The keys of the files below a place, sorted."""
        ...

    def read(self, artifact: InputArtifact) -> bytes:
        """The content of an artifact that is one file, unpacked. ExecutionError where there is
        none.
        """
        ...

    def delete(self, location: Row, key: str) -> None:
        """Removes an artifact. One that is not there is removed already."""
        ...


class CallClaims(Protocol):
    """Which calls were ever begun: kept through crashes, so that none is made twice."""

    def take(self, command_id: str) -> bool:
        """False where it was taken before. Durable when it returns."""
        ...

    def drop(self, command_id: str) -> None:
        """The call's answer is committed."""
        ...


class LogStore(Protocol):
    """Logs of steps, kept after the run."""

    def address_of(self, cluster: str, namespace: str, pod: str) -> PodAddress:
        """Where the log of a pod is kept that may be gone itself. Raises NotFoundError."""
        ...

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


class VolumeStore(Protocol):
    """Volumes that outlive a step. A key is ``<cluster>/<namespace>/<name>``."""

    def remove(self, key: str) -> None:
        """Drops a volume and all that is in it; an unknown one is ignored."""
        ...

    def sweep(self, cluster: str, known: Collection[str]) -> None:
        """Drops the volumes of one cluster that are not ``known``."""
        ...


Report = Callable[[ExecutorEvent], None]


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run as it was committed. ``commands``: those not yet answered, oldest first."""

    uid: str
    cluster: str
    run: Row
    nodes: tuple[tuple[str, Row], ...]
    commands: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What a run's steps changed, together with the commands that are done with."""

    uid: str
    transition: Transition
    at: datetime
    answered: tuple[str, ...] = ()


class RunStore(Protocol):
    """The rows of runs: the truth. Each write is one transaction, durable when it returns, and
    costs what it changes. One contract suite over all adapters.
    """

    def begin(self, cluster: str, transition: Transition, at: datetime) -> None:
        """A submit's transition. A run already begun stays as it is."""
        ...

    def commit(self, *changes: Change) -> None:
        """All of them or none, in their order. A run that is not there is an error."""
        ...

    def find(self, uid: str) -> StoredRun | None:
        """A run, finished or not."""
        ...

    def unsettled(self, cluster: str) -> tuple[StoredRun, ...]:
        """What recovery has to take up, sorted by uid: unfinished runs, and finished ones whose
        end the cluster may not show yet.
        """
        ...

    def settle(self, uid: str, workflow: Body | None = None) -> None:
        """The cluster shows the end of a finished run. It stays so until the run goes on. Its
        commands are done with: timers that have no meaning any more. With ``workflow``, the
        object without its status, the run is in the archive from now on.
        """
        ...

    def retire(self, uid: str, at: datetime) -> None:
        """The Workflow was deleted. A finished run in the archive stays there, any other is
        forgotten. Doing it again changes nothing.
        """
        ...

    def adopt(self, uid: str, new_uid: str) -> bool:
        """An archived run whose Workflow is gone goes on as ``new_uid``, with all of its rows and
        unsettled; False where there is no such run.
        """
        ...

    def uids(self, cluster: str) -> frozenset[str]:
        """Every run of one cluster whose Workflow was not deleted."""
        ...

    def outstanding(self) -> frozenset[str]:
        """Ids of all commands not yet answered, of all clusters."""
        ...

    def lock_requests(self) -> tuple[tuple[str, LockRequest], ...]:
        """What runs hold and wait for of locks, by cluster, of all clusters; oldest first."""
        ...

    def audit(self, uid: str) -> tuple[tuple[datetime, AuditEvent], ...]:
        """What happened to a run, oldest first."""
        ...

    def remove(self, uid: str) -> None:
        """Forgets a run and all that belongs to it. Unknown ones are ignored."""
        ...


@dataclass(frozen=True, slots=True)
class ArchivedRun:
    """A finished run in the archive. ``workflow``: the object without its status; ``gone_at``:
    when it was deleted, None while the cluster still has it. ``nodes`` are there where one run
    was asked for.
    """

    uid: str
    workflow: Body
    run: Row
    gone_at: datetime | None = None
    size_bytes: int = 0
    nodes: tuple[tuple[str, Row], ...] = ()


Origin = tuple[str, str, str]
"""A namespace, and the label, key and value, that runs have which came from one object."""


class RunArchive(Protocol):
    """Finished runs, kept after their Workflows are deleted: the same rows as the RunStore's. One
    contract suite over all adapters.
    """

    def archived(self, cluster: str) -> tuple[ArchivedRun, ...]:
        """All of one cluster, without nodes, the last that began first."""
        ...

    def find_archived(self, cluster: str, uid: str) -> ArchivedRun | None:
        """One, with its nodes."""
        ...

    def last_succeeded(self, cluster: str, labels: Collection[str]) -> Mapping[Origin, str]:
        """The uid of the run that ended last of those that succeeded, for each value that one of
        the labels has on a Workflow. Linear in the archive.
        """
        ...

    def remove_archived(self, cluster: str, uid: str) -> None:
        """Takes a run out of the archive; its rows go where its Workflow is gone. Unknown ones
        are ignored.
        """
        ...
