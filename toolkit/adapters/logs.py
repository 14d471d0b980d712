"""Logs of steps as files: ``<root>/<cluster>/<namespace>/<workflow>/<pod>/main.log``.

While a step runs its log holds what the step wrote, secrets included; readers get it masked, and
when the step has ended the file itself is masked. The marker ``unmasked`` stands beside it until
then: a program that does not know the secrets refuses to read such a log.
"""

from __future__ import annotations

import shutil
import threading
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from toolkit.adapters.masking import Mask
from toolkit.errors import NotFoundError, StateError
from toolkit.workflow.ports import PodAddress

_FOLLOW_INTERVAL_S = 0.1
_MARKER = "unmasked"
_LOG = "main.log"


class Logs:
    """The log store. The executor opens and closes; anyone reads. Thread-safe."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._live: dict[PodAddress, _Live] = {}
        self._lock = threading.Lock()

    def path(self, address: PodAddress) -> Path:
        """Where the log of a pod is, or will be."""
        return self._folder(address) / _LOG

    def address_of(self, cluster: str, namespace: str, pod: str) -> PodAddress:
        """Where the log of a pod is kept that may be gone itself. Raises NotFoundError."""
        outer = self._folder(PodAddress(cluster, namespace, "any", pod)).parents[1]
        for folder in sorted(outer.iterdir()) if outer.is_dir() else ():
            if (folder / pod).is_dir():
                return PodAddress(cluster, namespace, folder.name, pod)
        raise NotFoundError(f"no log of pod {namespace}/{pod}")

    def open(self, address: PodAddress, mask: Mask) -> Path:
        """Before a step starts, and when a running one is found again: its log file."""
        folder = self._folder(address)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if mask:
            (folder / _MARKER).touch(mode=0o600)
        with self._lock:
            self._live[address] = _Live(mask, threading.Event())
        return folder / _LOG

    def close(self, address: PodAddress, mask: Mask) -> None:
        """After a step has ended: the file is masked, followers come to their end."""
        folder = self._folder(address)
        mask.file(folder / _LOG)
        if mask:  # else its secrets are unknown, and it stays as it is: unread
            (folder / _MARKER).unlink(missing_ok=True)
        with self._lock:
            live = self._live.pop(address, None)
        if live is not None:
            live.ended.set()

    def remove(self, address: PodAddress) -> None:
        """Forgets a pod's log."""
        shutil.rmtree(self._folder(address), ignore_errors=True)

    def lines(
        self,
        address: PodAddress,
        *,
        container: str = "main",  # noqa: ARG002 - a step has one container here
        follow: bool = False,
        tail_lines: int | None = None,
        timestamps: bool = False,
    ) -> Iterator[str]:
        """Lines without their ends, oldest first. With ``timestamps`` each is preceded by the
        time the log was last written to before it was read.

        Raises NotFoundError for an unknown pod, StateError where secrets would show.
        """
        with self._lock:
            live = self._live.get(address)
        path = self.path(address)
        if live is None and not path.exists():
            raise NotFoundError(f"no log of pod {address.namespace}/{address.pod}")
        if live is None and path.with_name(_MARKER).exists():
            raise StateError(
                f"the log of pod {address.pod} is not yet masked, and may show secrets",
                hints=["start gitops up: it masks the log when the step has ended"],
            )
        return self._lines(path, live, follow=follow, tail=tail_lines, timestamps=timestamps)

    def _lines(
        self, path: Path, live: _Live | None, *, follow: bool, tail: int | None, timestamps: bool
    ) -> Iterator[str]:
        mask = live.mask if live else Mask(())
        raw = _Reader(path)
        try:
            first = raw.available(is_last=not (follow and live))
            for line in first if tail is None else deque(first, maxlen=tail):
                yield _stamped(mask.text(line), path, timestamps=timestamps)
            while follow and live is not None and not raw.is_done:
                is_last = live.ended.wait(_FOLLOW_INTERVAL_S)
                for line in raw.available(is_last=is_last):
                    yield _stamped(mask.text(line), path, timestamps=timestamps)
        finally:
            raw.close()

    def _folder(self, address: PodAddress) -> Path:
        parts = (address.cluster, address.namespace, address.workflow, address.pod)
        if any(part in ("", ".", "..") or "/" in part for part in parts):
            raise NotFoundError(f"no log of pod {address.namespace}/{address.pod}")
        return self._root.joinpath(*parts)


class _Live:
    """A step that runs: how to mask its log, and whether it has ended."""

    __slots__ = ("ended", "mask")

    def __init__(self, mask: Mask, ended: threading.Event) -> None:
        self.mask = mask
        self.ended = ended


class _Reader:
    """Whole lines of a growing file. The open file stays readable when masking replaces it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._held = b""
        self.is_done = False

    def available(self, *, is_last: bool) -> list[str]:
        """What has come since; an unfinished line waits, unless nothing more will come."""
        if self._file is None and self._path.exists():
            self._file = self._path.open("rb")
        self._held += self._file.read() if self._file else b""
        *whole, self._held = self._held.split(b"\n")
        if is_last:
            self.is_done = True
            whole += [self._held] if self._held else []
        return [line.decode("utf-8", "replace").removesuffix("\r") for line in whole]

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _stamped(line: str, path: Path, *, timestamps: bool) -> str:
    if not timestamps:
        return line
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return f"{written.strftime('%Y-%m-%dT%H:%M:%S.%fZ')} {line}"
