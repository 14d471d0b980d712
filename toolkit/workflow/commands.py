"""What the step machine asks the world to do.

A command is committed with the rows that caused it, *then* performed. Its ``id`` is unique for
ever: an executor claims it exclusively, so that a start happens at most once. The answer comes
back as an event that names the id (:mod:`toolkit.workflow.events`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file to read when the container ends. ``default`` None means: missing is an error."""

    name: str
    path: str
    default: str | None = None


@dataclass(frozen=True, slots=True)
class InputArtifact:
    """A file or folder to lay at ``path`` before the start: ``key`` in the artifact store, or an
    outer ``location`` (``http``, ``git``, ``s3``...: Argo's objects). ``archive`` is how it is
    kept: tar (gzipped), zip or none.
    """

    name: str
    path: str
    key: str
    location: dict[str, Any]
    archive: str = "tar"
    is_optional: bool = False
    mode: int | None = None
    recurse_mode: bool = False


@dataclass(frozen=True, slots=True)
class OutputArtifact:
    """A file or folder to save when the container ends: under ``key`` in the default store, or at
    an outer ``location``. ``compression`` is gzip's level; ``log_of``: the log of that container,
    not a file.
    """

    name: str
    path: str
    key: str
    archive: str = "tar"
    is_optional: bool = False
    location: dict[str, Any] = field(default_factory=dict)
    compression: int | None = None
    log_of: str = ""


@dataclass(frozen=True, slots=True)
class ContainerCall:
    """One container to run, tags already substituted; secrets are references, never values.

    ``env`` and ``env_from`` are Kubernetes EnvVar and EnvFromSource objects as the template gives
    them (value | valueFrom.configMapKeyRef | secretKeyRef | fieldRef). ``source`` is a script to
    write to a file (mode 0755) and pass as the last argument. ``volumes`` and ``volume_mounts``
    are Kubernetes' objects. ``probes``: Kubernetes' Probe objects by kind ("startup", "liveness",
    "readiness"), their ports as numbers.
    """

    image: str
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[dict[str, Any], ...] = ()
    env_from: tuple[dict[str, Any], ...] = ()
    working_dir: str = ""
    source: str | None = None
    volumes: tuple[dict[str, Any], ...] = ()
    volume_mounts: tuple[dict[str, Any], ...] = ()
    resources: dict[str, Any] | None = None
    probes: dict[str, Any] | None = None
    lifecycle: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class PodContainer:
    """One container of a pod that has several, or whose containers are probed.

    ``role`` is "init" (one after the other, before all else), "main" (when its ``dependencies``
    have ended well; the pod's outcome is theirs) or "sidecar" (as long as a main one runs).
    ``retries``: how often a command that fails is run again, ``retry_wait_s`` after each failure.
    ``has_inputs``: it finds the pod's input files and artifacts at their paths.
    """

    name: str
    role: str
    call: ContainerCall
    dependencies: tuple[str, ...] = ()
    retries: int = 0
    retry_wait_s: float = 0.0
    has_inputs: bool = False


@dataclass(frozen=True, slots=True)
class StartContainer:
    """Run a pod node's containers. Answered by ContainerEnded or ContainerErrored.

    ``call`` is the one container of most pods; where there are ``containers`` they are all of
    them, and ``call`` is that of the one whose outputs are the pod's. ``deadline`` ends the pod by
    itself (activeDeadlineSeconds, timeout): the answer is then a ContainerErrored with the
    deadline's message. ``input_files`` are (path, content) pairs. With ``awaits_ready`` it counts
    as started only when each container is ready (a daemon).
    """

    id: str
    node_id: str
    node_name: str
    pod: str
    template: str
    call: ContainerCall
    output_files: tuple[OutputFile, ...] = ()
    input_files: tuple[tuple[str, str], ...] = ()
    captures_result: bool = False
    deadline: datetime | None = None
    input_artifacts: tuple[InputArtifact, ...] = ()
    output_artifacts: tuple[OutputArtifact, ...] = ()
    containers: tuple[PodContainer, ...] = ()
    awaits_ready: bool = False


@dataclass(frozen=True, slots=True)
class StopContainer:
    """End a running container (``start_id`` is its StartContainer): TERM, then KILL after
    ``grace_s``. Answered by the start's own ContainerEnded or ContainerErrored. A call is given
    up at once.
    """

    id: str
    node_id: str
    start_id: str
    grace_s: float = 30.0


@dataclass(frozen=True, slots=True)
class CallResource:
    """A resource template against the cluster. Answered by ResourceAnswered or ContainerErrored.

    ``action``: get, create, apply, delete, replace, patch. The performer repeats ``get`` until
    ``success_condition`` or ``failure_condition`` (label-selector syntax over the object) decides.
    ``outputs``: (parameter name, jsonPath, jqFilter) triples, "" where not given. With
    ``manifest_from`` the manifest is that artifact's content.
    """

    id: str
    node_id: str
    pod: str
    action: str
    manifest: str
    merge_strategy: str = "strategic"
    flags: tuple[str, ...] = ()
    success_condition: str = ""
    failure_condition: str = ""
    owner_reference: bool = False
    outputs: tuple[tuple[str, str, str], ...] = ()
    node_name: str = ""
    template: str = ""
    manifest_from: InputArtifact | None = None


@dataclass(frozen=True, slots=True)
class CallHttp:
    """An http template's request, made once. Answered by TaskAnswered or ContainerErrored.

    ``headers`` are Argo's HTTPHeader objects (value | valueFrom.secretKeyRef); ``body_base64`` is
    ``bodyFrom.bytes``. ``success_condition`` "" means any status 2xx. ``is_used``: whether the
    template around refers to the response's body.
    """

    id: str
    node_id: str
    node_name: str
    template: str
    url: str
    method: str = ""
    headers: tuple[dict[str, Any], ...] = ()
    body: str = ""
    body_base64: str | None = None
    timeout_s: int | None = None
    insecure: bool = False
    success_condition: str = ""
    is_used: bool = False


@dataclass(frozen=True, slots=True)
class CallPlugin:
    """A plugin template, offered to the executor plugins one after the other. Answered by
    TaskAnswered or ContainerErrored. ``body`` is the template with its inputs; ``plugins`` are
    the workflow's own (``spec.executorPlugins``), which then are the only ones.
    """

    id: str
    node_id: str
    node_name: str
    template: str
    body: dict[str, Any]
    plugins: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class ListArtifacts:
    """A data template: the keys below a place (``location``, or ``key`` in the default store),
    each of ``expressions`` over the result of the one before. Answered by TaskAnswered.
    """

    id: str
    node_id: str
    pod: str
    node_name: str
    template: str
    location: dict[str, Any]
    key: str = ""
    expressions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Send a Woke event at ``at`` (backoff, suspend duration, deadline). Never cancelled: a late
    Woke finds nothing due and changes nothing.
    """

    id: str
    at: datetime


Call = CallResource | CallHttp | CallPlugin | ListArtifacts
"""Work that is no container."""

Work = StartContainer | Call
"""What a node waits for: its answer carries the node on."""

Command = Work | StopContainer | WakeAt
