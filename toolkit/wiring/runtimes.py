"""What steps run as on this machine: processes, or containers of an engine."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import toolkit
from toolkit.adapters.artifacts import ArtifactStore
from toolkit.adapters.containers.engine import ContainerEngine
from toolkit.adapters.containers.find import find_engine
from toolkit.adapters.process.cgroups import probe_cgroups
from toolkit.adapters.process.host import Host
from toolkit.adapters.process.images import PROGRAMS, ImageMap
from toolkit.adapters.process.isolation import probe
from toolkit.adapters.process.made_once import MadeOnce
from toolkit.adapters.state.volumes import Volumes
from toolkit.repository.settings import Environment, RuntimeKind
from toolkit.wiring.workspace import Workspace

_ARTIFACTS = "artifacts"
_MADE = "images"


def host_of(workspace: Workspace, volumes: Volumes, environments: Sequence[Environment]) -> Host:
    """What steps of the environments are offered. Raises ExecutionError where an environment asks
    for an engine that does not answer.
    """
    state = workspace.state.resolve()
    made = MadeOnce(state / _MADE)
    images = ImageMap(workspace.settings().images, workspace.root, made)
    package = Path(toolkit.__file__).parents[1]
    folders = (
        *(workspace.root, workspace.state, package, PROGRAMS),
        *(Path(sys.prefix), Path(sys.base_prefix), *images.folders),
    )
    visible = tuple(dict.fromkeys(path.resolve() for path in folders if path.exists()))
    captured = state / workspace.captured.name
    captured.touch(mode=0o600)
    kept = [captured]
    if images.makes_folders:
        made.root.mkdir(mode=0o700, exist_ok=True)
        kept.append(made.root)
    return Host(
        images,
        probe(state),
        visible,
        artifact_store(workspace),
        volumes,
        hidden=state,
        kept=tuple(kept),
        engines=_engines(environments, state),
        cgroups=probe_cgroups(sha256(str(state).encode()).hexdigest()[:16]),
    )


def artifact_store(workspace: Workspace) -> ArtifactStore:
    """The artifacts of this workspace."""
    return ArtifactStore(workspace.state.resolve() / _ARTIFACTS)


def runtimes_of(host: Host, environments: Sequence[Environment]) -> dict[str, str]:
    """What the steps of each environment are, in words."""
    processes = f"processes of this machine, in {host.namespaces}"
    return {
        environment.name: str(host.engines.get(environment.name, processes))
        for environment in environments
    }


def parallel_steps() -> int:
    """How many steps run at once on this machine; the others wait their turn."""
    return max(8, 4 * (os.cpu_count() or 1))


def _engines(environments: Sequence[Environment], state: Path) -> Mapping[str, ContainerEngine]:
    """Each kind of engine is looked for once."""
    kinds = {environment.runtime for environment in environments}
    found = {kind: find_engine(kind, state) for kind in sorted(kinds, key=_order)}
    engines = {environment.name: found[environment.runtime] for environment in environments}
    return {name: engine for name, engine in engines.items() if engine is not None}


def _order(kind: RuntimeKind) -> str:
    return kind.value
