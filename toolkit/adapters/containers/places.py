"""Where a container's paths are on this machine: its mounts, and what is copied out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from toolkit.adapters.containers.arguments import Mount
from toolkit.workflow.ports import ResolvedStart

SCRIPT = "/argo/staging/script"
PROGRESS_FOLDER = "/var/run/argo"
"""Holds the file in which a step says how far it is, as in Argo's pods."""
_OUT = "out"
_PROGRESS = "argo"


@dataclass(frozen=True, slots=True)
class Places:
    """``covers``: (path in the container, file or folder here), the longest path first."""

    mounts: tuple[Mount, ...]
    covers: tuple[tuple[str, Path], ...]


def place(
    resolved: ResolvedStart, folder: Path, lasting: Mapping[str, tuple[Path, bool]]
) -> Places:
    """Lays out a container's files under ``folder``. ``lasting``: the volumes that are folders
    elsewhere, by path, and whether they are read only.
    """
    builder = _Builder(folder)
    for mount in resolved.start.call.volume_mounts:
        path = str(mount["mountPath"])
        if path in lasting:
            builder.mount(path, *lasting[path])
        elif path not in resolved.files:  # a file: by subPath
            builder.mount(path, builder.new_folder("volumes"), is_read_only=False)
    start = resolved.start
    given = [*resolved.files, *(path for path, _ in start.input_files)]
    for path in (*given, *(artifact.path for artifact in start.input_artifacts)):
        builder.bring(path)
    put_out = [file.path for file in start.output_files]
    for path in (*put_out, *(artifact.path for artifact in start.output_artifacts)):
        builder.fetch(path)
    return builder.places()


def copied_out(covers: tuple[tuple[str, Path], ...], folder: Path) -> list[tuple[str, Path]]:
    """Those of the covers that are filled by copying, once the container has ended."""
    return [(path, place) for path, place in covers if place.parent == folder / _OUT]


def progress_folder(folder: Path) -> Path:
    """What is mounted at PROGRESS_FOLDER: a folder, so that the file may be replaced by a rename,
    and one that any user of the container may write into.
    """
    return folder / _PROGRESS


class _Builder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mounts: list[Mount] = []
        self._covers: dict[str, Path] = {}

    def new_folder(self, kind: str) -> Path:
        """For any user of the container to write into: nobody else gets to it."""
        made = self._folder / kind / str(len(self._covers))
        made.mkdir(parents=True)
        made.chmod(0o777)
        return made

    def mount(self, path: str, source: Path, is_read_only: bool) -> None:  # noqa: FBT001
        self._mounts.append(Mount(source, path, is_read_only))
        self._covers[path.rstrip("/") or "/"] = source

    def bring(self, path: str) -> None:
        """A file or folder that will be laid, and is there when the container starts."""
        if not self._is_covered(path):
            source = self._folder / "in" / str(len(self._covers))
            source.parent.mkdir(exist_ok=True)
            self.mount(path, source, is_read_only=False)

    def fetch(self, path: str) -> None:
        if not self._is_covered(path):
            self._covers[path] = self._folder / _OUT / str(len(self._covers))

    def places(self) -> Places:
        covers = sorted(self._covers.items(), key=lambda cover: (-len(cover[0]), cover[0]))
        return Places(tuple(self._mounts), tuple(covers))

    def _is_covered(self, path: str) -> bool:
        return any(
            path == covered or path.startswith(covered.rstrip("/") + "/")
            for covered in self._covers
        )
