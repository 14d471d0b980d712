"""Fills a claimed step's folder for a container, and says how to run it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from toolkit.adapters.artifacts import ArtifactStore
from toolkit.adapters.containers.arguments import Mount, environment_file, run_arguments
from toolkit.adapters.containers.engine import ContainerEngine
from toolkit.adapters.containers.places import (
    PROGRESS_FOLDER,
    SCRIPT,
    Places,
    place,
    progress_folder,
)
from toolkit.errors import ExecutionError
from toolkit.workflow.pods.resources import Limits, limits_of
from toolkit.workflow.ports import ResolvedStart

_ENV_FILE = "env"


@dataclass(frozen=True, slots=True)
class Run:
    """The client's command line and environment; ``covers`` as in a process's layout.
    ``secret_files`` go when the step has ended.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    covers: tuple[tuple[str, Path], ...]
    secret_files: tuple[Path, ...]


def prepare_container(
    engine: ContainerEngine,
    name: str,
    resolved: ResolvedStart,
    folder: Path,
    *,
    lasting: Mapping[str, tuple[Path, bool]],
    artifacts: ArtifactStore,
    own: Mapping[str, str],
) -> Run:
    """``own`` are variables that the step may set otherwise. ``lasting`` as for :func:`place`.
    Raises ExecutionError for what a container cannot have, OSError where the folder cannot be
    written.
    """
    start = resolved.start
    places = place(resolved, folder, lasting)
    host = dict(places.covers)
    _fill(resolved, places, artifacts)
    lines, inherited = environment_file({**own, **resolved.environment})
    if clash := sorted(set(inherited) & engine.environment.keys()):
        raise ExecutionError(f"{clash[0]} of several lines cannot be given to a container")
    env_file = folder / _ENV_FILE
    env_file.touch(mode=0o600)
    env_file.write_bytes(lines)
    mounts = [mount for mount in places.mounts if mount.source.exists()]
    if start.call.source is not None:
        mounts.append(Mount(_script(folder, start.call.source), SCRIPT, is_read_only=True))
    if all(mount.path.rstrip("/") != PROGRESS_FOLDER for mount in mounts):
        mounts.append(Mount(_progress(folder), PROGRESS_FOLDER))
    argv = run_arguments(
        engine,
        name,
        start.call,
        mounts=mounts,
        env_file=env_file,
        inherited=inherited,
        limits=_limits(resolved),
        script=SCRIPT if start.call.source is not None else "",
    )
    environment = {
        **engine.environment,
        **{variable: resolved.environment[variable] for variable in inherited},
    }
    secret_files = (env_file, *(_at(host, path) for path in resolved.files))
    return Run(argv, environment, places.covers, secret_files)


def _fill(resolved: ResolvedStart, places: Places, artifacts: ArtifactStore) -> None:
    host = dict(places.covers)
    given = [(path, text.encode()) for path, text in resolved.start.input_files]
    for path, content in (*resolved.files.items(), *given):
        target = _at(host, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(0o644)  # for any user of the container; the folder above is ours alone
    for artifact in resolved.start.input_artifacts:
        artifacts.lay(artifact, _at(host, artifact.path))


def _at(host: Mapping[str, Path], path: str) -> Path:
    """Where a path of the container is here, by the longest cover."""
    for covered, folder in host.items():
        if path == covered:
            return folder
        if path.startswith(covered.rstrip("/") + "/"):
            return folder / path[len(covered) :].lstrip("/")
    raise ExecutionError(f"path {path!r} is not absolute")


def _progress(folder: Path) -> Path:
    made = progress_folder(folder)
    made.mkdir()
    made.chmod(0o777)
    return made


def _script(folder: Path, source: str) -> Path:
    script = folder / "script"
    script.write_text(source)
    script.chmod(0o755)
    return script


def _limits(resolved: ResolvedStart) -> tuple[str, ...]:
    try:
        limits: Limits = limits_of(resolved.start.call)
    except ValueError as error:
        raise ExecutionError(f"resources: {error}") from error
    words: list[str] = []
    if limits.cpu is not None:
        words += ["--cpus", f"{limits.cpu:.3f}"]
    if limits.memory_bytes is not None:
        words += ["--memory", str(limits.memory_bytes), "--memory-swap", str(limits.memory_bytes)]
    return tuple(words)
