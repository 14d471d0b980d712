"""What the machine and the workspace offer to steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from toolkit.adapters.artifacts import ArtifactStore
from toolkit.adapters.containers.engine import ContainerEngine
from toolkit.adapters.process.cgroups import NONE as NO_CGROUPS
from toolkit.adapters.process.cgroups import Cgroups
from toolkit.adapters.process.images import ImageMap
from toolkit.adapters.process.isolation import Namespaces
from toolkit.adapters.state.volumes import Volumes
from toolkit.errors import ExecutionError
from toolkit.workflow.ports import ResolvedStart, VolumeMount


@dataclass(frozen=True, slots=True)
class Host:
    """What every step is offered. ``visible``: host folders that a step reaches whatever covers
    them (the workspace, the interpreter, folders of programs), absolute and without symbolic
    links. ``hidden`` is a folder that steps do not see, but for their own part of it and what is
    ``kept``. ``engines``: by logical cluster, where steps are containers. ``cgroups`` hold the
    limits of those that are processes.
    """

    images: ImageMap
    namespaces: Namespaces
    visible: tuple[Path, ...]
    artifacts: ArtifactStore
    volumes: Volumes
    hidden: Path | None = None
    kept: tuple[Path, ...] = ()
    engines: Mapping[str, ContainerEngine] = field(default_factory=dict)
    cgroups: Cgroups = NO_CGROUPS

    def engine_of(self, resolved: ResolvedStart) -> ContainerEngine | None:
        """What runs the step as a container; None where it is a process."""
        engine = self.engines.get(resolved.address.cluster)
        image = resolved.start.call.image
        return None if engine is None or self.images.is_on_host(image) else engine

    def engine_named(self, kind: str) -> ContainerEngine | None:
        """The engine that a claim names, where it is still in use."""
        return next((each for each in self.engines.values() if each.kind == kind), None)


def volume_folder(mount: VolumeMount, host: Host, shared: Path) -> Path:
    """The folder behind a mount. Raises ExecutionError for one of the host that steps may not
    have.
    """
    if mount.is_pods:
        folder = shared / mount.volume
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)  # for any user of its containers; the claim around it is ours alone
        return folder
    if not mount.is_host:
        return host.volumes.folder(mount.volume)
    folder = Path(mount.volume).resolve()
    if not folder.is_dir():
        raise ExecutionError(f"hostPath {mount.volume!r} is no folder of this machine")
    if host.hidden is not None and _overlap(folder, host.hidden):
        raise ExecutionError(
            f"hostPath {mount.volume!r} would show the state of gitops, which holds secrets"
        )
    return folder


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)
