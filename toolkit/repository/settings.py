"""gitops.yaml as values: :mod:`toolkit.repository.load` reads them, everything else gets them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from toolkit.errors import UsageError
from toolkit.workflow.cron.catch_up import CatchUp
from toolkit.workflow.retention.retention import Retention

SHIPPED_PROGRAMS = "@programs"
"""In :attr:`ImageRule.path`: the folder ``toolkit/adapters/process/programs``."""


class Compat(Enum):
    """How a build merges and follows names: as kustomize does, or knowing Argo's kinds."""

    KUSTOMIZE = "kustomize"
    ARGO = "argo"


class RuntimeKind(Enum):
    """What steps of the embedded engine are: processes of this machine, or containers of an engine
    on it. AUTO: containers where an engine answers, else processes.
    """

    PROCESS = "process"
    PODMAN = "podman"
    DOCKER = "docker"
    AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an environment is applied: a kubeconfig ``context``; None is the embedded cluster."""

    context: str | None = None

    @property
    def is_embedded(self) -> bool:
        return self.context is None


@dataclass(frozen=True, slots=True)
class DeployTarget:
    """``repository``: any git URL or path, relative paths from the workspace's root."""

    repository: str
    branch: str


@dataclass(frozen=True, slots=True)
class Guards:
    """A plan that prunes more than max(``max_prune_count``, ``max_prune_percent`` %) is refused."""

    max_prune_count: int = 5
    max_prune_percent: int = 30


@dataclass(frozen=True, slots=True)
class SyncPolicy:
    """What the reconciler does unasked, and the guards that hold for manual syncs too."""

    automated: bool = True
    prune: bool = True
    self_heal: bool = True
    guards: Guards = field(default_factory=Guards)


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment. ``overlay`` is a folder from the workspace's root. ``log_link`` is a URL
    template with ``{namespace}``, ``{workflow}``, ``{pod}``; "" means the run's own log.
    ``catch_up``: what becomes of runs that the embedded engine missed; ``retention``: how long it
    keeps what has ended. ``runtime``: what its steps are there.
    """

    name: str
    overlay: str
    namespace: str
    deploy: DeployTarget
    compat: Compat = Compat.ARGO
    destination: Destination = field(default_factory=Destination)
    sync: SyncPolicy = field(default_factory=SyncPolicy)
    autostart: bool = False
    log_link: str = ""
    catch_up: CatchUp = CatchUp.LATEST
    retention: Retention = field(default_factory=Retention)
    runtime: RuntimeKind = RuntimeKind.PROCESS


@dataclass(frozen=True, slots=True)
class ImageRule:
    """How the embedded runtime runs a container image on the host.

    ``pattern``: the image without or with its tag, ``*`` matches anything. ``entrypoint``: the
    command where the template names none. ``path``: folders of programs put before PATH, from the
    workspace's root; :data:`SHIPPED_PROGRAMS` are those that come with the toolkit. ``args``: the
    arguments where the template names neither a command nor arguments; None: not known. ``files``:
    (absolute path in the image, program as in ``path``). ``python``: a virtual environment, or a
    file of requirements for one. ``rootfs``: a folder or tar archive that is the step's ``/``.
    ``is_on_host``: a process of this machine even where steps are containers.
    """

    pattern: str
    entrypoint: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    args: tuple[str, ...] | None = None
    files: tuple[tuple[str, str], ...] = ()
    python: str = ""
    rootfs: str = ""
    is_on_host: bool = False


@dataclass(frozen=True, slots=True)
class ServedPlugin:
    """An executor plugin that something else serves at ``url``: the engine does not start it."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Settings:
    """All of gitops.yaml. ``images`` are tried in order; the first pattern that matches wins.
    ``semaphores`` are the limits of ``database`` semaphores, by ``<namespace>/<key>``.
    """

    default_environment: str
    environments: Mapping[str, Environment]
    images: tuple[ImageRule, ...] = ()
    semaphores: Mapping[str, int] = field(default_factory=dict)
    plugins: tuple[ServedPlugin, ...] = ()

    def environment(self, name: str | None = None) -> Environment:
        """By name, or the default one. Raises UsageError with the names that exist."""
        chosen = name or self.default_environment
        if chosen not in self.environments:
            known = ", ".join(sorted(self.environments))
            raise UsageError(f"no environment {chosen!r} in gitops.yaml", hints=[f"known: {known}"])
        return self.environments[chosen]
