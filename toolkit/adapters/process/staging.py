"""What is done for a pod of several containers before the first of them starts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from toolkit.adapters.process.host import Host, volume_folder
from toolkit.adapters.process.launch import find_command
from toolkit.adapters.process.watch import Care
from toolkit.errors import ExecutionError
from toolkit.workflow.commands import PodContainer
from toolkit.workflow.pods.life import SIDECAR
from toolkit.workflow.ports import ResolvedStart, VolumeMount


def check(
    parts: Mapping[str, ResolvedStart], specs: Mapping[str, PodContainer], host: Host
) -> None:
    """Finds out what no half of a pod is to run for. A main container would wait for ever for a
    sidecar whose command the host does not have. Raises ExecutionError naming the container.
    """
    for name, part in parts.items():
        call = part.start.call
        try:
            if host.engine_of(part) is None:
                host.images.check(call.image, call.command, call.args)
                if specs[name].role == SIDECAR:
                    find_command(part, host.images)
            Care(call)
        except (ExecutionError, ValueError) as error:
            raise ExecutionError(f"container {name}: {error}") from error


def stage(part: ResolvedStart, host: Host, shared: Path) -> None:
    """Lays the inputs of ``main`` that lie in a volume: the init containers may read them."""
    for artifact in part.start.input_artifacts:
        if (path := _in_volume(artifact.path, part.mounts, host, shared)) is not None:
            host.artifacts.using(part.credentials).lay(artifact, path)
    for name, text in part.start.input_files:
        if (path := _in_volume(name, part.mounts, host, shared)) is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def without_staged(part: ResolvedStart) -> ResolvedStart:
    """Without the inputs that lie in a volume: they were there before the first container."""
    start = part.start
    kept = replace(
        start,
        input_files=tuple(
            each for each in start.input_files if _deepest(each[0], part.mounts) is None
        ),
        input_artifacts=tuple(
            each for each in start.input_artifacts if _deepest(each.path, part.mounts) is None
        ),
    )
    return replace(part, start=kept)


def _in_volume(path: str, mounts: Iterable[VolumeMount], host: Host, shared: Path) -> Path | None:
    """Where on the host a path is that lies in a volume; None for another."""
    mount = _deepest(path, mounts)
    if mount is None:
        return None
    return volume_folder(mount, host, shared) / os.path.relpath(path, mount.path)


def _deepest(path: str, mounts: Iterable[VolumeMount]) -> VolumeMount | None:
    """The innermost mount that holds a path."""
    around = [each for each in mounts if not os.path.relpath(path, each.path).startswith("..")]
    return max(around, key=lambda each: each.path.count("/"), default=None)
