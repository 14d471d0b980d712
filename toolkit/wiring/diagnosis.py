"""What this machine allows: one look at each thing the toolkit builds on."""

from __future__ import annotations

import os
import platform
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from toolkit.errors import ToolkitError
from toolkit.report.diagnosis import Check, Verdict
from toolkit.wiring.workspace import Workspace

_GIB: Final = 1 << 30
_LITTLE_SPACE: Final = 2 * _GIB
_NO_SPACE: Final = _GIB // 4
_OLDEST_CLOCK: Final = 1_735_689_600  # 2025: a clock before that was never set
_ANSWERS_S: Final = 10.0

_Look = Callable[[Workspace | None], Check]


def diagnose(workspace: Workspace | None) -> Iterator[Check]:
    """All looks, in the order they matter. ``workspace`` None: there is no gitops.yaml here."""
    for look in _LOOKS:
        yield look(workspace)


def _python(_: Workspace | None) -> Check:
    version = platform.python_version()
    is_fine = sys.version_info >= (3, 11)
    return Check("python", Verdict.FINE if is_fine else Verdict.BROKEN, version, "3.11 or newer")


def _system(_: Workspace | None) -> Check:
    told = f"{platform.system()} {platform.release()}, {os.cpu_count()} processors"
    if hasattr(os, "pidfd_open"):
        return Check("system", Verdict.FINE, told)
    return Check("system", Verdict.BROKEN, told, "steps as processes need Linux 5.3 or newer")


def _settings(workspace: Workspace | None) -> Check:
    if workspace is None:
        return Check("gitops.yaml", Verdict.LACKING, "none here or above", "gitops init DIR")
    try:
        names = ", ".join(workspace.settings().environments)
    except ToolkitError as error:
        return Check("gitops.yaml", Verdict.BROKEN, str(error), "gitops validate")
    return Check("gitops.yaml", Verdict.FINE, f"{workspace.settings_file}: {names}")


def _git(_: Workspace | None) -> Check:
    version = _answer("git", "--version")
    if not version:
        return Check("git", Verdict.BROKEN, "not found", "install git: publish and sync need it")
    return Check("git", Verdict.FINE, version)


def _namespaces(workspace: Workspace | None) -> Check:
    from toolkit.adapters.process.isolation import probe

    folder = workspace.state if workspace and workspace.state.is_dir() else Path.cwd()
    try:
        found = probe(folder)
    except (OSError, ToolkitError) as error:
        return Check("isolation", Verdict.LACKING, str(error), "steps share this machine's files")
    verdict = Verdict.FINE if found.is_private else Verdict.LACKING
    hint = "steps share this machine's paths: allow user namespaces (unshare -m)"
    return Check("isolation", verdict, f"steps run with {found}", hint)


def _cgroups(_: Workspace | None) -> Check:
    own = Path("/sys/fs/cgroup")
    if not (own / "cgroup.controllers").exists():
        return Check("cgroups", Verdict.LACKING, "no cgroup v2", "limits hold by rlimits alone")
    is_ours = os.access(own, os.W_OK) or os.access(own / "cgroup.procs", os.W_OK)
    hint = "" if is_ours else "limits hold by rlimits alone"
    told = "v2, ours to use" if is_ours else "v2, not ours to use"
    return Check("cgroups", Verdict.FINE if is_ours else Verdict.LACKING, told, hint)


def _engine(_: Workspace | None) -> Check:
    for name in ("podman", "docker"):
        version = _answer(name, "--version")
        if version:
            return Check("containers", Verdict.FINE, version)
    hint = "images run as this machine's own commands: see runtime.images"
    return Check("containers", Verdict.LACKING, "neither podman nor docker", hint)


def _kubectl(_: Workspace | None) -> Check:
    version = _answer("kubectl", "version", "--client", "--output=yaml")
    line = next((one.strip() for one in version.splitlines() if "gitVersion" in one), "")
    if line:
        return Check("kubectl", Verdict.FINE, line.removeprefix("gitVersion: "))
    hint = "for looking into clusters by hand; the toolkit needs none"
    return Check("kubectl", Verdict.LACKING, "not found", hint)


def _disk(workspace: Workspace | None) -> Check:
    folder = workspace.root if workspace else Path.cwd()
    free = shutil.disk_usage(folder).free
    told = f"{free / _GIB:.1f} GiB free at {folder}"
    if free < _NO_SPACE:
        return Check("disk", Verdict.BROKEN, told, "gitops gc, or make room")
    is_little = free < _LITTLE_SPACE
    return Check("disk", Verdict.LACKING if is_little else Verdict.FINE, told, "gitops gc")


def _clock(_: Workspace | None) -> Check:
    now = time.time()
    told = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    if now < _OLDEST_CLOCK:
        return Check("clock", Verdict.BROKEN, told, "set it: crons go by it")
    return Check("clock", Verdict.FINE, told)


def _state(workspace: Workspace | None) -> Check:
    if workspace is None or not workspace.state.exists():
        return Check("state", Verdict.FINE, "none yet: made when it is needed")
    found = workspace.state.stat()
    if found.st_uid != os.getuid() or not os.access(workspace.state, os.W_OK):
        hint = f"give it to yourself: chown -R {os.getuid()} {workspace.state}"
        return Check("state", Verdict.BROKEN, f"{workspace.state} is not yours", hint)
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077:
        hint = f"it holds Secrets: chmod 700 {workspace.state}"
        return Check("state", Verdict.BROKEN, f"others may enter (mode {mode:o})", hint)
    return _database(workspace)


def _database(workspace: Workspace) -> Check:
    from toolkit.adapters.sqlite.database import Database

    path = workspace.state / "state.db"
    if not path.exists():
        return Check("state", Verdict.FINE, f"{workspace.state}, empty")
    try:
        with Database(path, read_only=True) as database, database.read() as connection:
            (verdict,) = connection.execute("PRAGMA quick_check").fetchone()
    except ToolkitError as error:
        hint = error.hints[0] if error.hints else "gitops state restore BACKUP"
        return Check("state", Verdict.LACKING, str(error), hint)
    if verdict != "ok":
        return Check("state", Verdict.BROKEN, f"damaged: {verdict}", "gitops state restore BACKUP")
    return Check("state", Verdict.FINE, f"{workspace.state}, {path.stat().st_size >> 20} MiB")


def _owner(workspace: Workspace | None) -> Check:
    from toolkit.wiring.clusters import owner_pid, running_server

    pid = owner_pid(workspace) if workspace else None
    server = running_server(workspace) if workspace else None
    if pid is None:
        return Check("gitops up", Verdict.FINE, "is not running")
    told = f"process {pid}" + (f" at {server.address}" if server else ", which does not serve")
    return Check("gitops up", Verdict.FINE, told)


_LOOKS: Final[tuple[_Look, ...]] = (
    _python, _system, _git, _settings, _state, _owner, _disk, _clock, _namespaces, _cgroups,
    _engine, _kubectl,
)  # fmt: skip


def _answer(*command: str) -> str:
    """What a program says of itself, "" where there is none."""
    if shutil.which(command[0]) is None:
        return ""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_ANSWERS_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
