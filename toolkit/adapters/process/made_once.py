"""Folders that are made once from a file and then used by every step: environments, unpacked root
filesystems.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from toolkit.errors import ExecutionError

_READY = ".ready"
_CHUNK_BYTES = 1 << 20


class MadeOnce:
    """Keeps what was made under ``root``, by the content it was made from."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def environment(self, source: Path) -> Path:
        """A virtual environment: ``source`` itself, or one with the requirements that the file
        ``source`` lists. Making it takes as long as pip takes.

        Raises ExecutionError where it is neither, or pip fails.
        """
        if source.is_dir():
            if not (source / "bin" / "python").exists():
                raise ExecutionError(f"{source} is no virtual environment: it has no bin/python")
            return source
        return self._made("python", source, _install)

    def filesystem(self, source: Path) -> Path:
        """A root filesystem: the folder ``source``, or what the tar archive ``source`` holds.

        Raises ExecutionError where it is neither.
        """
        return source if source.is_dir() else self._made("rootfs", source, _unpack)

    def is_made(self, source: Path) -> bool:
        """Whether asking for it takes no time."""
        return source.is_dir() or (
            source.is_file()
            and any((self._folder(kind, source) / _READY).exists() for kind in ("python", "rootfs"))
        )

    def _made(self, kind: str, source: Path, make: Callable[[Path, Path], None]) -> Path:
        if not source.is_file():
            raise ExecutionError(f"gitops.yaml runtime.images names {source}, which is not there")
        folder = self._folder(kind, source)
        if (folder / _READY).exists():
            return folder
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.root / f"{folder.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # another step makes it: wait for that
            if not (folder / _READY).exists():
                shutil.rmtree(folder, ignore_errors=True)
                make(source, folder)
                (folder / _READY).touch()
        return folder

    def _folder(self, kind: str, source: Path) -> Path:
        digest = sha256(f"{kind} {sys.version}".encode())
        with source.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
        return self.root / f"{kind}-{digest.hexdigest()[:16]}"


def _install(requirements: Path, folder: Path) -> None:
    """With our own pip, where we have one: to copy it into the environment takes seconds."""
    python, ours = str(folder / "bin" / "python"), find_spec("pip") is not None
    pip = (sys.executable, "-m", "pip", "--python", python) if ours else (python, "-m", "pip")
    options = ("--quiet", "--disable-pip-version-check", "--no-input")
    without_pip = ("--without-pip",) if ours else ()
    _run(requirements, sys.executable, "-m", "venv", *without_pip, str(folder))
    _run(requirements, *pip, "install", *options, "-r", str(requirements))


def _run(requirements: Path, *command: str) -> None:
    """Relative paths in the requirements start at their own folder."""
    done = subprocess.run(
        command,
        cwd=requirements.parent,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise ExecutionError(
            f"the requirements of {requirements} cannot be installed: {said[-1] if said else '?'}"
        )


def _unpack(archive: Path, folder: Path) -> None:
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter=_without_devices)  # noqa: S202 - filtered
    except (tarfile.TarError, OSError) as error:
        raise ExecutionError(f"{archive} cannot be unpacked: {error}") from error


def _without_devices(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo | None:
    """A root's links may be absolute; its devices come from the machine."""
    return None if member.isdev() else tarfile.tar_filter(member, folder)
