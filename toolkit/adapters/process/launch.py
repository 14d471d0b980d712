"""Prepares a claimed step's folder and starts its wrapper."""

# ruff: noqa: PTH102, PTH112 - for every step

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as package_files
from pathlib import Path

from toolkit.adapters.process.claims import Claim, boot_id
from toolkit.adapters.process.contained import entering_contained, prepare_contained
from toolkit.adapters.process.held import Held, hold
from toolkit.adapters.process.host import Host, volume_folder
from toolkit.adapters.process.images import HostCommand, ImageMap
from toolkit.adapters.process.isolation import NEW_ROOT, Lasting, Layout, Namespaces, plan
from toolkit.adapters.process.mounts import own_mounts, spawn
from toolkit.adapters.process.progress import VARIABLE, progress_file
from toolkit.adapters.process.rootfs import plan_root
from toolkit.errors import ExecutionError
from toolkit.workflow.commands import ContainerCall
from toolkit.workflow.ports import ResolvedStart, VolumeMount

_LOCK_DESCRIPTOR = 9
NOT_HELD = Held()
_COVERS = "covers.json"
_ENTER = 'cd "$0" && exec "$@"'


@dataclass(frozen=True, slots=True)
class Preparation:
    """All that is needed to start, found out before the claim is used."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    cwd: str
    layout: Layout
    held: Held = NOT_HELD


@dataclass(frozen=True, slots=True)
class Again:
    """How often the wrapper runs a command again that fails."""

    retries: int = 0
    wait_s: float = 0.0


ONCE = Again()


def prepare(
    resolved: ResolvedStart, claim: Claim, host: Host, shared: Path, *, remembers: bool = True
) -> Preparation:
    """Fills the claim's folder; ``shared`` is where the pod's own volumes are. ``remembers``: the
    layout is needed once it runs. Raises ExecutionError where the image or its command is unknown,
    and OSError where the folder cannot be written.
    """
    engine = host.engine_of(resolved)
    if engine is not None:
        run = prepare_contained(engine, resolved, claim, host, shared)
        layout = Layout(covers=run.covers)
        remember_layout(claim, layout)
        return Preparation(run.argv, run.environment, "/", layout)
    call = resolved.start.call
    command = find_command(resolved, host.images)
    programs = [(path, file) for path, file in command.files if _says(path, call)]
    layout = _lay_out(resolved, claim, host, shared, command, [path for path, _ in programs])
    if remembers:
        remember_layout(claim, layout)
    if resolved.files:
        claim.note_secret_files(layout.host_path(path) for path in resolved.files)
    for path, content in _contents(resolved):
        _write_private(layout.host_path(path), content)
    for path, file in programs:
        shutil.copy(file, layout.host_path(path))
    artifacts = host.artifacts.using(resolved.credentials)
    for artifact in resolved.start.input_artifacts:
        artifacts.lay(artifact, layout.host_path(artifact.path))
    arguments = tuple(layout.rewrite(argument) for argument in command.argv[1:])
    if call.source is not None:
        arguments = (*arguments, _write_script(claim, layout.rewrite(call.source)))
    return Preparation(
        argv=(layout.rewrite(command.argv[0]), *arguments),
        environment=_environment(resolved, claim, layout, command.path),
        cwd=_working_folder(call.working_dir, claim, layout),
        layout=layout,
        held=hold(call, claim, host.cgroups) if call.resources else NOT_HELD,
    )


def find_command(
    resolved: ResolvedStart, images: ImageMap, words: Sequence[str] | None = None
) -> HostCommand:
    """What a container runs: its own command, or ``words``. Raises ExecutionError."""
    call = resolved.start.call
    command, args = (call.command, call.args) if words is None else (words, ())
    path = resolved.environment.get("PATH", "")
    return images.resolve(call.image, command, args, path=path, own=_own_folders(resolved))


def launch(
    preparation: Preparation,
    claim: Claim,
    host: Host,
    *,
    log: Path,
    lock: int,
    captures: bool,
    again: Again = ONCE,
) -> int:
    """Starts the wrapper in its own session; returns its pid, which is also its group's.

    The wrapper inherits the open lock, and holds it until it dies: the caller closes its own.
    """
    layout, namespaces, held = preparation.layout, host.namespaces, preparation.held
    command, cwd, fstab = preparation.argv, preparation.cwd, ""
    if layout.new_root is not None:
        command = (*_chroot(namespaces, layout.new_root), cwd, *command)
        cwd = "/"
    if layout.mounts and not namespaces.is_by_thread:
        fstab = str(_write_fstab(claim, layout))
    tee = _tool("tee") if captures else ""
    argv = (
        *(namespaces.prefix if fstab else ()),
        *(_tool("sh"), "-c", _wrapper(), "gitops-step"),
        *(str(claim.folder), boot_id(), cwd, fstab, namespaces.mount, tee),
        *(str(again.retries), f"{again.wait_s:g}"),
        *(" ".join(held.groups), held.data_kib, held.file_blocks),
        *command,
    )
    mounts = layout.mounts if namespaces.is_by_thread else ()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        with own_mounts(mounts) if mounts else nullcontext():
            given = {1: output, 2: output, _LOCK_DESCRIPTOR: lock}
            pid = spawn(argv, preparation.environment, given=given)
    finally:
        os.close(output)
    claim.note_process(lock, pid)
    return pid


def entering(
    resolved: ResolvedStart, claim: Claim, host: Host, command: Sequence[str]
) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """How to run another command where a container runs: argv and environment. Raises
    ExecutionError where the host has no such command, or the container is gone.
    """
    if claim.container() is not None:
        return entering_contained(claim, host, command)
    layout, record = recall_layout(claim), claim.record()
    if record is None or not has_mounted(claim, record.pid):
        raise ExecutionError("the container does not run")
    found = find_command(resolved, host.images, command)
    environment = _environment(resolved, claim, layout, found.path)
    words = tuple(layout.rewrite(word) for word in found.argv)
    cwd = _working_folder(resolved.start.call.working_dir, claim, layout)
    inside = (_tool("sh"), "-c", _ENTER, cwd, *words)
    if not (claim.folder / "fstab").exists():
        return inside, environment
    new_root = claim.folder / "root" / NEW_ROOT
    root = (host.namespaces.chroot, str(new_root)) if new_root.is_dir() else ()
    return (*host.namespaces.entering(record.pid), *root, *inside), environment


def has_mounted(claim: Claim, pid: int) -> bool:
    """Whether a wrapper has come past its mounts: the last of them is there."""
    try:
        last = (claim.folder / "fstab").read_text().splitlines()[-1].split()[1]
        mounts = Path(f"/proc/{pid}/mountinfo").read_text()
    except FileNotFoundError:
        return not (claim.folder / "fstab").exists()
    return any(line.split()[4] == last for line in mounts.splitlines())


def _write_fstab(claim: Claim, layout: Layout) -> Path:
    path = claim.folder / "fstab"
    path.write_text("".join(mount.line() for mount in layout.mounts))
    return path


def remember_layout(claim: Claim, layout: Layout) -> None:
    """So that outputs are found again after a restart, and the container's paths by its probes."""
    if layout.mounts:
        _write_fstab(claim, layout)
    covers = [[path, str(folder), path in layout.rewritten] for path, folder in layout.covers]
    (claim.folder / _COVERS).write_text(json.dumps(covers))


def recall_layout(claim: Claim) -> Layout:
    """What ``remember_layout`` wrote; an empty layout where the start did not come that far."""
    text = claim.text(_COVERS)
    try:
        covers = json.loads(text) if text else ()
    except ValueError:
        return Layout()
    return Layout(
        covers=tuple((path, Path(folder)) for path, folder, *_ in covers),
        rewritten={path: Path(folder) for path, folder, *marks in covers if True in marks},
    )


def _own_folders(resolved: ResolvedStart) -> tuple[str, ...]:
    """Where a program may be that no image has: in the step's volumes and input artifacts."""
    mounted = (str(mount["mountPath"]) for mount in resolved.start.call.volume_mounts)
    given = (str(Path(artifact.path).parent) for artifact in resolved.start.input_artifacts)
    return tuple(path for path in (*mounted, *given, "/tmp") if path != "/")  # noqa: S108


def _says(path: str, call: ContainerCall) -> bool:
    return any(path in text for text in (*call.command, *call.args, call.source or ""))


def _lay_out(
    resolved: ResolvedStart,
    claim: Claim,
    host: Host,
    shared: Path,
    command: HostCommand,
    programs: Collection[str],
) -> Layout:
    start, call = resolved.start, resolved.start.call
    mounted = (str(mount["mountPath"]) for mount in call.volume_mounts)
    lasting = {mount.path: _lasting(mount, host, shared) for mount in resolved.mounts}
    folders = [path for path in mounted if path not in resolved.files]  # a file: by subPath
    declared = [*programs, *(output.path for output in start.output_files)]
    if call.working_dir and not Path(call.working_dir).is_dir():
        folders.append(call.working_dir)
    artifacts = [artifact.path for artifact in start.input_artifacts]
    artifacts += [artifact.path for artifact in start.output_artifacts if not artifact.log_of]
    for path in artifacts:
        (folders if Path(path).is_dir() else declared).append(path)
    declared += [path for path, _ in _contents(resolved)]
    for path in (*folders, *declared):
        if not path.startswith("/"):
            raise ExecutionError(f"path {path!r} is not absolute")
    with suppress(FileExistsError):  # of a step before, which never touched it
        os.mkdir(f"{claim.folder}/work")
    private, kept = claim.folder / "root", (claim.folder, *host.kept)
    if command.rootfs is not None:
        return plan_root(
            host.namespaces, private, command.rootfs, folders=folders, lasting=lasting, kept=kept
        )
    return plan(
        host.namespaces,
        private,
        folders=folders,
        files=declared,
        lasting=lasting,
        visible=host.visible,
        hidden=host.hidden,
        kept=kept,
    )


def _lasting(mount: VolumeMount, host: Host, shared: Path) -> Lasting:
    return Lasting(volume_folder(mount, host, shared), is_read_only=mount.is_read_only)


def _contents(resolved: ResolvedStart) -> list[tuple[str, bytes]]:
    inputs = [(path, text.encode()) for path, text in resolved.start.input_files]
    return [*resolved.files.items(), *inputs]


def _write_private(path: Path, content: bytes) -> None:
    """The folder above is the step's alone (its claim has mode 0700)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _write_script(claim: Claim, source: str) -> str:
    script = claim.folder / "script"
    script.write_text(source)
    script.chmod(0o755)
    return str(script)


def _environment(
    resolved: ResolvedStart, claim: Claim, layout: Layout, path: str
) -> Mapping[str, str]:
    """What the template names, over what a process cannot do without."""
    own = {
        "HOME": f"{claim.folder}/work",
        "TMPDIR": str(layout.rewritten.get("/tmp", "/tmp")),  # noqa: S108 - the step's own
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        VARIABLE: progress_file(claim.folder),
    }
    named = {
        name: layout.rewrite(value)
        for name, value in resolved.environment.items()
        if "\0" not in value
    }
    return {**own, **named, "PATH": path}


def _working_folder(working_dir: str, claim: Claim, layout: Layout) -> str:
    """Where nothing is named: a private folder; ``/``, as in most images, for a step that declares
    files right in it and may mean them by their bare names.
    """
    if not working_dir and any(path == "/" for path, _ in layout.covers):
        return "/"
    if not working_dir:
        root = f"{claim.folder}/root/.root"
        return root if os.path.isdir(root) else f"{claim.folder}/work"
    host = layout.host_path(working_dir)
    if str(host) != working_dir:
        host.mkdir(parents=True, exist_ok=True)
    return layout.rewrite(working_dir)


def _chroot(namespaces: Namespaces, root: Path) -> tuple[str, ...]:
    if not namespaces.chroot:
        raise ExecutionError("the host has no chroot command, which a declared path needs")
    return (namespaces.chroot, str(root), _tool("sh"), "-c", _ENTER)


@cache
def _wrapper() -> str:
    """Given as text, because a step with a root of its own could not open the file."""
    text = package_files("toolkit.adapters.process").joinpath("wrapper.sh").read_text()
    kept = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return "\n".join(kept)


@cache
def _tool(name: str) -> str:
    found = shutil.which(name, path=os.pathsep.join(("/bin", "/usr/bin", "/usr/local/bin")))
    if found is None:
        raise ExecutionError(f"the host has no command {name!r}, which every step needs")
    return found
