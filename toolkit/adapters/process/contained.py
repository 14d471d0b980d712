"""Claimed steps that are containers: what their wrapper runs, and what is done beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from toolkit.adapters.containers.engine import CANNOT_RUN, ContainerEngine, Stage
from toolkit.adapters.containers.places import PROGRESS_FOLDER, copied_out, progress_folder
from toolkit.adapters.containers.prepare import Run, prepare_container
from toolkit.adapters.process.claims import PARTS, Claim, claims, claims_of
from toolkit.adapters.process.host import Host, volume_folder
from toolkit.adapters.process.isolation import Layout
from toolkit.adapters.process.progress import PROGRESS_NAME, VARIABLE, progress_file
from toolkit.errors import ExecutionError
from toolkit.workflow.events import OUT_OF_MEMORY
from toolkit.workflow.ports import ResolvedStart


def prepare_contained(
    engine: ContainerEngine, resolved: ResolvedStart, claim: Claim, host: Host, shared: Path
) -> Run:
    """As :func:`~toolkit.adapters.process.launch.prepare`, for a container."""
    lasting = {
        mount.path: (volume_folder(mount, host, shared), mount.is_read_only)
        for mount in resolved.mounts
    }
    name = _name_of(claim, engine)
    run = prepare_container(
        engine,
        name,
        resolved,
        claim.folder,
        lasting=lasting,
        artifacts=host.artifacts,
        own={VARIABLE: f"{PROGRESS_FOLDER}/{PROGRESS_NAME}"},
    )
    claim.note_secret_files(run.secret_files)
    claim.note_container(engine.kind, name)
    return run


def yet_to_start(claim: Claim, host: Host) -> tuple[ContainerEngine, str] | None:
    """The engine and the name of a container that nobody has seen running; None for a process,
    too.
    """
    if not host.engines:  # most steps are processes, and need not look
        return None
    engine, name = _engine_and_name(claim, host)
    return None if engine is None or claim.has_begun() else (engine, name)


def entering_contained(
    claim: Claim, host: Host, command: Sequence[str]
) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """How to run another command in the container. Raises ExecutionError where none runs."""
    engine, name = _engine_and_name(claim, host)
    if engine is None:
        raise ExecutionError("the container does not run")
    return (engine.program, "exec", name, *command), engine.environment


def kill_contained(claim: Claim, host: Host) -> None:
    """The client is only the container's voice: it is the container that has to end."""
    engine, name = _engine_and_name(claim, host)
    if engine is not None:
        engine.kill(name)


def collect_contained(claim: Claim, host: Host, layout: Layout) -> str | None:
    """Of a step that has ended: copies its outputs out and removes the container. Why it could not
    run, "" where it did; None where that is not known, because the engine is away. Doing it again
    changes nothing.
    """
    engine, name = _engine_and_name(claim, host)
    if engine is None:
        return ""
    if claim.exit_code() == CANNOT_RUN and (failure := _failure(claim, engine, name)) != "":
        return failure
    if claim.exit_code() == 0 and claim.stop_code() is not None and not engine.has_started(name):
        claim.note_unstarted()  # podman's client ends well where a signal comes before the start
    engine.copy_out(name, copied_out(layout.covers, claim.folder))
    if engine.was_out_of_memory(name):
        claim.note_reason(OUT_OF_MEMORY)
    engine.remove([name])
    return ""


def _failure(claim: Claim, engine: ContainerEngine, name: str) -> str | None:
    """Of one whose client says that it has none. A client also says so where docker's daemon went:
    the container may live on, and it is not told that it has ended before it really has.
    """
    stage = engine.stage_of(name)
    if claim.has_begun():
        if stage is None:
            return None
        is_its_own = stage is Stage.MADE and engine.exit_code(name) == str(CANNOT_RUN)
        if not is_its_own:
            engine.remove([name])
            return f"{engine.kind} lost the container while it ran"
    elif stage in (None, Stage.ABSENT):
        return f"{engine.kind} could not run the container; its last words are in the log"
    return ""


def drop_contained(claim: Claim, host: Host) -> None:
    """Ends and removes the container, where there is one."""
    engine, name = _engine_and_name(claim, host)
    if engine is not None:
        engine.remove([name])


def progress_of(claim: Claim, host: Host) -> str:
    """The file in which the step of a claim says how far it is, container or not."""
    is_contained = bool(host.engines) and claim.container() is not None
    return progress_file(progress_folder(claim.folder) if is_contained else claim.folder)


def sweep_contained(steps: Path, host: Host) -> None:
    """Ends and removes containers of ours that no claim knows: their engine was away when they were
    to be removed. One that is still away is left alone.
    """
    for engine in {each.kind: each for each in host.engines.values()}.values():
        with suppress(ExecutionError):
            made = engine.names()  # before the claims are read, which come before their containers
            known = {part.container() for claim in claims(steps) for part in claims_of(claim)}
            engine.remove(sorted(name for name in made if (engine.kind, name) not in known))


def _engine_and_name(claim: Claim, host: Host) -> tuple[ContainerEngine | None, str]:
    kind, name = claim.container() or ("", "")
    return (host.engine_named(kind) if name else None), name


def _name_of(claim: Claim, engine: ContainerEngine) -> str:
    """Of our state folder, the command's id; with the container's name where the pod has several.
    The same for ever, so that the engine refuses a second start.
    """
    folder = claim.folder.parent
    pod = f"{folder.parent.name}." if folder.name == PARTS else ""
    return f"gitops-{engine.owner[:8]}-{pod}{claim.command_id}"
