"""Logs of steps as files: ``<root>/<cluster>/<namespace>/<workflow>/<pod>/<container>.log``.

While a container runs its log holds what it wrote, secrets included; readers get it masked, and
when it has ended the file itself is masked. A marker (``unmasked``) stands beside it until then: a
program that does not know the secrets refuses to read such a log.
"""

# ruff: noqa: PTH102, PTH103 - for every step

from __future__ import annotations

import json
import os
import shutil
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from toolkit.adapters.logs.times import LogTimes, TimeKeeper
from toolkit.adapters.masking import Mask
from toolkit.errors import NotFoundError, StateError
from toolkit.workflow.ports import PodAddress

_FOLLOW_INTERVAL_S = 0.1
_MARKER = "unmasked"
_MAIN = "main"
_STEPS = "_steps.jsonl"  # no pod is called so
_OLD_STEP = "step.json"  # one beside each log, of an earlier version


class Logs:
    """The log store. The executor opens and closes; anyone reads. Thread-safe."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._live: dict[tuple[PodAddress, str], _Live] = {}
        self._lock = threading.Lock()
        self._times = TimeKeeper()

    def path(self, address: PodAddress, container: str = _MAIN) -> Path:
        """Where the log of a pod's container is, or will be."""
        if container in ("", ".", "..") or "/" in container:
            raise NotFoundError(f"no log of container {container!r}")
        return Path(f"{self._at(address)}/{container}.log")

    def address_of(self, cluster: str, namespace: str, pod: str) -> PodAddress:
        """Where the log of a pod is kept that may be gone itself. Raises NotFoundError."""
        outer = self._folder(PodAddress(cluster, namespace, "any", pod)).parents[1]
        for folder in sorted(outer.iterdir()) if outer.is_dir() else ():
            if (folder / pod).is_dir():
                return PodAddress(cluster, namespace, folder.name, pod)
        raise NotFoundError(f"no log of pod {namespace}/{pod}")

    def describe(self, address: PodAddress, about: Mapping[str, str]) -> None:
        """Keeps beside the logs of a workflow what ran in a pod, so that they can be searched when
        the run is gone (:mod:`toolkit.adapters.logs.search`).

        A line in one file, because to make a file costs more than all else here. The line's end
        comes first: what a crash left of the line before does not spoil this one.
        """
        line = f"\n{json.dumps({'pod': address.pod, **about})}".encode()
        folder = self._at(address).rpartition("/")[0]
        try:
            _append(f"{folder}/{_STEPS}", line)
        except FileNotFoundError:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            _append(f"{folder}/{_STEPS}", line)

    def open(self, address: PodAddress, mask: Mask, container: str = _MAIN) -> Path:
        """Before a container starts, and when a running one is found again: its log file."""
        self._make(address)
        path = self.path(address, container)
        if mask:
            _marker(path).touch(mode=0o600)
        with self._lock:
            self._live[(address, container)] = _Live(path, mask, threading.Event())
        self._times.begin(path)
        return path

    def close(self, address: PodAddress, mask: Mask, container: str = _MAIN) -> None:
        """After a container has ended: the file is masked, followers come to their end."""
        with self._lock:
            live = self._live.get((address, container))
        path = live.path if live else self.path(address, container)
        self._times.end(path, is_rewritten=bool(mask))
        mask.file(path)
        if mask:  # else its secrets are unknown, and it stays as it is: unread
            _marker(path).unlink(missing_ok=True)
        with self._lock:
            live = self._live.pop((address, container), None)
        if live is not None:
            live.ended.set()

    def remove(self, address: PodAddress) -> None:
        """Forgets a pod's log."""
        shutil.rmtree(self._folder(address), ignore_errors=True)

    def lines(
        self,
        address: PodAddress,
        *,
        container: str = _MAIN,
        follow: bool = False,
        tail_lines: int | None = None,
        timestamps: bool = False,
    ) -> Iterator[str]:
        """Lines without their ends, oldest first. With ``timestamps`` each is preceded by the
        time it came (:mod:`toolkit.adapters.logs.times`).

        Raises NotFoundError for an unknown pod, StateError where secrets would show.
        """
        with self._lock:
            live = self._live.get((address, container))
        path = self.path(address, container)
        if live is None and not path.exists():
            said = f", container {container}" if path.parent.exists() else ""
            raise NotFoundError(f"no log of pod {address.namespace}/{address.pod}{said}")
        if live is None and _marker(path).exists():
            raise StateError(
                f"the log of pod {address.pod} is not yet masked, and may show secrets",
                hints=["start gitops up: it masks the log when the step has ended"],
            )
        return self._lines(path, live, follow=follow, tail=tail_lines, timestamps=timestamps)

    def _lines(
        self, path: Path, live: _Live | None, *, follow: bool, tail: int | None, timestamps: bool
    ) -> Iterator[str]:
        mask = live.mask if live else Mask(())
        times = LogTimes(path) if timestamps else None

        def shown(number: int, line: str) -> str:
            text = mask.text(line)
            return f"{times.stamp(number)} {text}" if times else text

        raw = _Reader(path)
        try:
            first = raw.available(is_last=not (follow and live))
            for number, line in first if tail is None else deque(first, maxlen=tail):
                yield shown(number, line)
            while follow and live is not None and not raw.is_done:
                is_last = live.ended.wait(_FOLLOW_INTERVAL_S)
                for number, line in raw.available(is_last=is_last):
                    yield shown(number, line)
        finally:
            raw.close()

    def _make(self, address: PodAddress) -> None:
        """The pod's folder, which is there then."""
        folder = self._at(address)
        try:
            os.mkdir(folder, 0o700)
        except (FileExistsError, FileNotFoundError):  # another container's, or the pod is the first
            os.makedirs(folder, mode=0o700, exist_ok=True)

    def _folder(self, address: PodAddress) -> Path:
        return Path(self._at(address))

    def _at(self, address: PodAddress) -> str:
        parts = (address.cluster, address.namespace, address.workflow, address.pod)
        if any(part in ("", ".", "..") or "/" in part for part in parts):
            raise NotFoundError(f"no log of pod {address.namespace}/{address.pod}")
        return "/".join((str(self._root), *parts))


def descriptions(folder: Path) -> dict[str, dict[str, Any]]:
    """By pod, what :meth:`Logs.describe` kept in a workflow's folder, the latest of each."""
    found: dict[str, dict[str, Any]] = {}
    for path in folder.glob(f"*/{_OLD_STEP}"):
        for about in _objects(path):
            found[path.parent.name] = about
    found |= {str(about.get("pod")): about for about in _objects(folder / _STEPS)}
    return found


def _objects(path: Path) -> list[dict[str, Any]]:
    """The lines that are whole."""
    found = []
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    for line in lines:
        with suppress(ValueError):
            found.append(json.loads(line))
    return [each for each in found if isinstance(each, dict)]


def _append(path: str, line: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)


class _Live:
    """A step that runs: its log (kept, for to make a Path costs as much as to open the file), how
    to mask that, and whether it has ended.
    """

    __slots__ = ("ended", "mask", "path")

    def __init__(self, path: Path, mask: Mask, ended: threading.Event) -> None:
        self.path = path
        self.mask = mask
        self.ended = ended


class _Reader:
    """Whole lines of a growing file. The open file stays readable when masking replaces it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._held = b""
        self._count = 0
        self.is_done = False

    def available(self, *, is_last: bool) -> list[tuple[int, str]]:
        """What has come since, numbered from 1; an unfinished line waits, unless nothing more
        will come.
        """
        if self._file is None and self._path.exists():
            self._file = self._path.open("rb")
        self._held += self._file.read() if self._file else b""
        *whole, self._held = self._held.split(b"\n")
        if is_last:
            self.is_done = True
            whole += [self._held] if self._held else []
        first, self._count = self._count + 1, self._count + len(whole)
        lines = (line.decode("utf-8", "replace").removesuffix("\r") for line in whole)
        return list(enumerate(lines, first))

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _marker(log: Path) -> Path:
    is_main = log.stem == _MAIN
    return log.with_name(_MARKER if is_main else f"{log.stem}.{_MARKER}")
