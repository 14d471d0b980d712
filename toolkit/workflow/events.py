"""What happens to a run, from outside. The step machine takes one at a time, in order.

Events may come late, twice, or for a node that has ended: the machine then changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

OUT_OF_MEMORY: Final = "OOMKilled"


@dataclass(frozen=True, slots=True)
class ContainerState:
    """One container of a pod that has several: waiting, running from ``started`` on, or ended with
    ``exit_code``. ``reason`` is Kubernetes' word for how it ended. ``message``: why it was not
    started.
    """

    name: str
    started: datetime | None = None
    finished: datetime | None = None
    exit_code: int | None = None
    reason: str = ""
    message: str = ""
    is_ready: bool = False

    @property
    def has_ended(self) -> bool:
        return self.exit_code is not None

    @property
    def has_failed(self) -> bool:
        return bool(self.exit_code)


@dataclass(frozen=True, slots=True)
class ContainerStarted:
    """The process is running (Pending → Running); of a pod, one that is not an init container."""

    command_id: str
    node_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ContainerMoved:
    """A container of a pod that has several is in another state. What the pod comes to, only its
    ContainerEnded says.
    """

    command_id: str
    node_id: str
    state: ContainerState


@dataclass(frozen=True, slots=True)
class ContainerProgressed:
    """A container said how far it is: ``N/M``, the last line of its ``ARGO_PROGRESS_FILE``."""

    command_id: str
    node_id: str
    progress: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ContainerEnded:
    """The main container ended by itself. ``outputs``: file contents by name, None = missing.
    ``result``: standard output where it was asked for. ``artifacts``: name → key of those saved.
    ``containers``: how each one ended, where the pod has several; ``exit_code`` is then that of
    the one whose outputs are the pod's. ``reason``: Kubernetes' word for how it ended, where that
    is more than the exit code; ``message``: what there is to say beyond both.
    """

    command_id: str
    node_id: str
    exit_code: int
    at: datetime
    result: str | None = None
    outputs: Mapping[str, str | None] = field(default_factory=dict)
    artifacts: Mapping[str, str] = field(default_factory=dict)
    containers: tuple[ContainerState, ...] = ()
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class ContainerErrored:
    """It could not be started or followed: a missing Secret, an unmapped image, an interruption
    ("interrupted"), a deadline. The node becomes Error with ``message``. ``is_transient`` counts
    for the retry policy OnTransientError.
    """

    command_id: str
    node_id: str
    message: str
    at: datetime
    is_transient: bool = False
    is_deadline: bool = False


@dataclass(frozen=True, slots=True)
class ResourceAnswered:
    """A resource template's verdict and its output parameters."""

    command_id: str
    node_id: str
    succeeded: bool
    message: str
    at: datetime
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaskAnswered:
    """What became of an http or plugin call: Argo's NodeResult. A ``phase`` that is no end comes
    with ``requeue_s``: the call is to be made again after that time.
    """

    command_id: str
    node_id: str
    phase: str
    message: str
    at: datetime
    outputs: Mapping[str, Any] | None = None
    requeue_s: float | None = None
    is_transient: bool = False


@dataclass(frozen=True, slots=True)
class Woke:
    """A WakeAt came due."""

    command_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SpecChanged:
    """A user changed the Workflow's spec: ``suspend`` as it is now; ``shutdown`` "", "Stop" or
    "Terminate".
    """

    suspend: bool
    shutdown: str


@dataclass(frozen=True, slots=True)
class NodesResumed:
    """Suspend nodes were released. ``parameters``: values supplied, by node id and name.
    ``message`` stands in the node. ``succeeded`` False fails the node (``node set``).
    """

    node_ids: tuple[str, ...]
    parameters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    message: str = ""
    succeeded: bool = True


@dataclass(frozen=True, slots=True)
class RetryRequested:
    """A finished run is to go on: nodes not in ``keep`` are forgotten and run again. ``request``
    tells one wish from the next: the same one is not followed twice. ``parameters`` are to have
    other values from now on; ``suspend`` as in SpecChanged.
    """

    keep: frozenset[str]
    request: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    suspend: bool = False


@dataclass(frozen=True, slots=True)
class LocksGranted:
    """The request of a node, or of the run (``node_id`` ""), has all of its locks."""

    request_id: str
    node_id: str


@dataclass(frozen=True, slots=True)
class LocksRefused:
    """The request can never be granted: a semaphore without a limit."""

    request_id: str
    node_id: str
    message: str


Answer = (
    ContainerStarted
    | ContainerMoved
    | ContainerProgressed
    | ContainerEnded
    | ContainerErrored
    | ResourceAnswered
    | TaskAnswered
)
"""What an executor says of what it was asked for."""

Event = Answer | Woke | SpecChanged | NodesResumed | RetryRequested | LocksGranted | LocksRefused
