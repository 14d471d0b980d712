"""The claim on a command's id: who may start it, and what became of it. See the package."""

# ruff: noqa: PTH102, PTH106, PTH110, PTH112, PTH208 - for every step

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from pathlib import Path

from toolkit.errors import ExecutionError

RECORD = "record"
"""The lock, and what is known of the wrapper: lines ``pid PID BORN BOOT AT`` ("-": not known) and
``exit CODE``."""
PARTS = "containers"
"""The folder in the claim of a pod of several containers that holds theirs."""
PRIVATE = ("work", "tmp")
"""The folders that a step may fill, and mostly does not."""
_UNSTARTED = "unstarted"
_BEGUN = "begun"
_CHUNK_BYTES = 1 << 12
_COMMAND_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}")


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """A process, named so that a recycled pid or a reboot is noticed: ``born`` is the start time
    in clock ticks since the boot ``boot``.
    """

    pid: int
    born: str
    boot: str

    def is_alive(self) -> bool:
        return self.boot == boot_id() and birth_of(self.pid) == self.born


class Standing(Enum):
    """What a claim's folder says about its step."""

    LIVE = "live"
    ENDED = "ended"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    STARTING = "starting"


def _make(path: str) -> None:
    os.mkdir(path, 0o700)


class Claim:
    """The folder of one command. All methods may be called by any process at any time.

    Every step has one: its files are opened by plain texts, because a ``Path`` made for each costs
    more than the opening.
    """

    __slots__ = ("_at", "_exit_code", "command_id", "folder")

    def __init__(self, steps: Path, command_id: str) -> None:
        """Raises ExecutionError for an id that is no plain file name."""
        if not _COMMAND_ID.fullmatch(command_id):
            raise ExecutionError(f"{command_id!r} is no command id")
        self.command_id = command_id
        self.folder = steps / command_id
        self._at = str(self.folder)
        self._exit_code: int | None = None  # once written it stays

    @property
    def parts(self) -> Path:
        """Where the claims of its containers are, if it is a pod of several."""
        return self.folder / PARTS

    def take(self, make: Callable[[str], None] = _make) -> int | None:
        """Claims the command: the descriptor of its lock, for the wrapper to inherit. None where
        it was claimed before, by anyone, ever. ``make`` makes the folder, or raises
        FileExistsError.

        Race: between our mkdir and our lock another process may judge the claim ("no lock, no
        exit code: interrupted"). It judges with the lock in hand and leaves its verdict, so either
        we find the lock taken, or the verdict: then we do not start.
        """
        try:
            make(self._at)
        except FileExistsError:
            return None
        lock = self._lock()
        if lock is not None and self._has("interrupted"):
            os.close(lock)
            return None
        return lock

    def note_process(self, lock: int, pid: int) -> None:
        """Writes who the wrapper is, a child of ours that nobody has reaped yet: by pid, start
        time and boot together it is named for ever. ``lock`` is what :meth:`take` gave.
        """
        fields = stat_fields(pid)
        if fields is not None:
            os.write(lock, f"pid {pid} {fields[19]} {boot_id()} {time.time()}\n".encode())

    def is_taken(self) -> bool:
        return os.path.isdir(self._at)

    def standing(self) -> Standing:
        """What became of a claim that was taken. Decides "interrupted" for good, see ``take``."""
        if self.exit_code() is not None:
            return Standing.ENDED
        if self._has("interrupted") or not self.is_taken():
            return Standing.INTERRUPTED
        lock = self._lock()
        if lock is None:
            record = self.record()
            return Standing.LIVE if record and record.is_alive() else Standing.STARTING
        try:
            return self._judge()
        finally:
            os.close(lock)

    def _judge(self) -> Standing:
        """With the lock in hand: nothing lives, and nothing can start any more."""
        if self.exit_code() is not None:
            return Standing.ENDED
        if self._has("failed"):
            return Standing.FAILED
        if self.stop_code() is not None:
            return Standing.ENDED
        write_durably(self.folder / "interrupted", b"")
        return Standing.INTERRUPTED

    def record(self) -> ProcessRecord | None:
        """The wrapper, once it is known who it is."""
        found = [line[1:] for line in self._record() if line[:1] == ["pid"]]
        for pid, born, boot, _ in found:
            if born != "-":
                return ProcessRecord(int(pid), born, boot)
        return self._named(int(found[0][0]), found[0][2]) if found else None

    def _named(self, pid: int, boot: str) -> ProcessRecord | None:
        """Who started the wrapper died before it wrote more: the wrapper is who has the lock."""
        born = birth_of(pid) if boot == boot_id() else None
        if born is None:
            return None
        lock = self._lock()
        if lock is not None:
            os.close(lock)
            return None
        return ProcessRecord(pid, born, boot)

    def note_begun(self, at: datetime) -> None:
        """Its container runs: later than its wrapper, which may have an image to wait for."""
        with suppress(FileNotFoundError):
            write_durably(self.folder / _BEGUN, f"{at.timestamp()}\n".encode())

    def has_begun(self) -> bool:
        return self._has(_BEGUN)

    def began_at(self) -> datetime | None:
        """When its container was seen to run, or else when the wrapper was started, once that is
        known.
        """
        if begun := self.line(_BEGUN):
            return datetime.fromtimestamp(float(begun), UTC)
        times = [line[4] for line in self._record() if line[:1] == ["pid"] and line[4] != "-"]
        return datetime.fromtimestamp(float(times[0]), UTC) if times else None

    def exit_code(self) -> int | None:
        """None where the wrapper has not written it, or only in part."""
        if self._exit_code is None:
            codes = (line[1] for line in self._record() if len(line) == 2 and line[0] == "exit")
            self._exit_code = next((int(code) for code in codes if code.isdigit()), None)
            if self._exit_code == 0 and self._has(_UNSTARTED):
                self._exit_code = self.stop_code()
        return self._exit_code

    def failure(self) -> str:
        """Why the wrapper could not run the command ("" where it could)."""
        detail = self.line("mount.err")
        return "; ".join(part for part in (self.line("failed"), detail) if part)

    def note_stop(self, signal_number: int) -> None:
        """Written before the signal: a wrapper that dies of it left no exit code, and this is it.

        The wrapper also looks for it before it runs the command, so that a stop which comes too
        early for the signal to arrive still stops.
        """
        with suppress(FileNotFoundError):
            write_durably(self.folder / "stop", f"{128 + signal_number}\n".encode())

    def stop_code(self) -> int | None:
        text = self.line("stop")
        return int(text) if text else None

    def note_unstarted(self) -> None:
        """The stop came before the command could start: its exit code is the stop's."""
        write_durably(self.folder / _UNSTARTED, b"")
        self._exit_code = self.stop_code()

    def note_deadline(self) -> None:
        """Written before the stop that a passed deadline causes."""
        with suppress(FileNotFoundError):
            write_durably(self.folder / "deadline", b"")

    def is_past_deadline(self) -> bool:
        return self._has("deadline")

    def note_container(self, engine: str, name: str) -> None:
        """Written before the container is made: the claim is held by one, of that engine."""
        write_durably(self.folder / "container", f"{engine} {name}\n".encode())

    def container(self) -> tuple[str, str] | None:
        """The engine and the name of the container; None where it is a process."""
        engine, _, name = self.line("container").partition(" ")
        return (engine, name) if name else None

    def note_reason(self, reason: str) -> None:
        """Kubernetes' word for how it ended, where the exit code does not say all."""
        write_durably(self.folder / "reason", f"{reason}\n".encode())

    def reason(self) -> str:
        """What ``note_reason`` wrote; empty where the exit code says all."""
        return self.line("reason")

    def note_secret_files(self, paths: Iterable[Path]) -> None:
        """Files that go as soon as the step has ended, whatever becomes of the rest."""
        text = "".join(f"{path}\n" for path in paths)
        (self.folder / "secret-files").write_text(text)

    def drop_secrets(self) -> None:
        for line in (self.text("secret-files") or "").splitlines():
            Path(line).unlink(missing_ok=True)

    def remove(self) -> None:
        """Most steps leave nothing but what we made."""
        try:
            for name in os.listdir(self._at):
                (os.rmdir if name in PRIVATE else os.unlink)(f"{self._at}/{name}")
            os.rmdir(self._at)
        except OSError:
            shutil.rmtree(self.folder, ignore_errors=True)

    def clear(self) -> bool:
        """Forgets what became of it; False where something still has the lock."""
        lock = self._lock()
        if lock is None:
            return False
        try:
            os.truncate(lock, 0)
        finally:
            os.close(lock)
        return True

    def text(self, name: str) -> str | None:
        """What one of its files says; None where there is no such file."""
        return read_text(f"{self._at}/{name}")

    def line(self, name: str) -> str:
        """The file's first line; "" where the file is missing or not yet written to a line end."""
        line, end, _ = (self.text(name) or "").partition("\n")
        return line if end else ""

    def _lock(self) -> int | None:
        """An open descriptor that holds the lock, or None where another holds it."""
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(f"{self._at}/{RECORD}", flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def _record(self) -> list[list[str]]:
        """The words of each whole line; none where there is no record."""
        text = self.text(RECORD) or ""
        return [line.split() for line in text.split("\n")[:-1]]

    def _has(self, name: str) -> bool:
        return os.path.exists(f"{self._at}/{name}")


def claims(steps: Path) -> Iterator[Claim]:
    """Every claim there is."""
    if steps.is_dir():
        for entry in os.scandir(steps):
            if entry.is_dir() and _COMMAND_ID.fullmatch(entry.name):
                yield Claim(steps, entry.name)


def claims_of(claim: Claim) -> Iterator[Claim]:
    """The claims under which processes run: of a pod of several containers, theirs."""
    if claim.parts.is_dir():
        yield from claims(claim.parts)
    else:
        yield claim


def read_text(path: str) -> str | None:
    """A small file's text; None where there is no such file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    found = b""
    try:
        while chunk := os.read(descriptor, _CHUNK_BYTES):
            found += chunk
    finally:
        os.close(descriptor)
    return found.decode("utf-8", "replace")


def write_durably(path: Path, content: bytes) -> None:
    """Writes and renames, with the content on disk before the name."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


@cache
def boot_id() -> str:
    """Changes with every boot; "" where the machine does not tell."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def birth_of(pid: int) -> str | None:
    """A process's start time in ticks, or None where it is gone, a zombie included."""
    fields = stat_fields(pid)
    return None if fields is None or fields[0] in ("Z", "X") else fields[19]


def stat_fields(pid: int) -> list[str] | None:
    """``/proc/<pid>/stat`` from the third field on: state, parent, group, session, ..."""
    try:
        text = read_text(f"/proc/{pid}/stat")
    except OSError:  # it ended while it was read
        return None
    return None if text is None else text[text.rfind(")") + 2 :].split()
