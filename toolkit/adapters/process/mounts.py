"""Mounts and starts by the kernel's own calls, without a process for each.

A mount namespace belongs to a thread: the one that starts a step enters a new namespace, mounts
what the step is to see, starts it there, and goes back. That needs root; others start
``unshare`` and ``mount`` instead (see :mod:`toolkit.adapters.process.isolation`).
"""

# ruff: noqa: PTH103, PTH112, PTH120 - for every step

from __future__ import annotations

import ctypes
import os
import re
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from ctypes import POINTER, byref, c_char_p, c_int, c_short, c_ulong, c_void_p
from functools import cache
from typing import Any, Final, NamedTuple

from toolkit.errors import ExecutionError

_NEW_MOUNTS: Final = 0x00020000  # CLONE_NEWNS, linux/sched.h
_READ_ONLY: Final = 1  # MS_*, linux/mount.h
_REMOUNT: Final = 32
_BIND: Final = 4096
_RECURSIVE: Final = 16384
_PRIVATE: Final = 1 << 18
_FLAGS: Final = {"bind": _BIND, "rbind": _BIND | _RECURSIVE, "ro": _READ_ONLY, "x-made": 0}
MADE: Final = "x-made"
"""The option of a mount whose place is made for it: a folder or a file, as its source is."""
_SPECIAL = re.compile(r"[\s\\#]")
_SET_DEFAULTS, _SET_MASK, _SET_SESSION = 0x04, 0x08, 0x80  # POSIX_SPAWN_*, spawn.h
_OPAQUE_BYTES: Final = 1024  # more than any libc's structures have
_DEFAULTS: Final = (
    *(signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM, signal.SIGHUP),
)
"""Python ignores SIGPIPE; a step must die of it as it would under any shell."""


class Mount(NamedTuple):
    """As fstab(5) has it. ``kind`` is a file system's name, "none" for what is shown elsewhere."""

    source: str
    target: str
    kind: str = "none"
    options: str = "rbind"

    def line(self) -> str:
        """For ``mount -a -T``."""
        return " ".join((*(_SPECIAL.sub(_octal, field) for field in self), "0", "0")) + "\n"


def _octal(match: re.Match[str]) -> str:
    return f"\\{ord(match.group()):03o}"


@contextmanager
def own_mounts(mounts: Sequence[Mount]) -> Iterator[None]:
    """What the thread starts in the block sees ``mounts`` besides the host's; nobody else does.
    From then on the thread's working folder is ``/``.

    Raises ExecutionError where one of them cannot be mounted, or namespaces are not allowed.
    """
    home = os.open("/proc/thread-self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _check(_libc().unshare(_NEW_MOUNTS), "mount namespaces are not allowed")
        try:
            _mount("", "/", "", _RECURSIVE | _PRIVATE, "")
            for mount in mounts:
                _do(mount)
            yield
        finally:
            _check(_libc().setns(home, _NEW_MOUNTS), "the mount namespace cannot be left")
    finally:
        os.close(home)


def spawn(argv: Sequence[str], environment: Mapping[str, str], *, given: Mapping[int, int]) -> int:
    """Starts a program in a session of its own, without holding up other threads as
    ``os.posix_spawn`` does; its pid. ``given``: its descriptor → ours. It reads nothing.
    Raises OSError, and ExecutionError for words that no program can be given.
    """
    libc, pid = _libc(), c_int()
    actions, attributes = (ctypes.create_string_buffer(_OPAQUE_BYTES) for _ in range(2))
    libc.posix_spawn_file_actions_init(actions)
    libc.posix_spawnattr_init(attributes)
    try:
        libc.posix_spawn_file_actions_addopen(actions, 0, b"/dev/null", os.O_RDONLY, 0)
        for theirs, ours in given.items():
            libc.posix_spawn_file_actions_adddup2(actions, ours, theirs)
        libc.posix_spawnattr_setsigdefault(attributes, _signals(_DEFAULTS))
        libc.posix_spawnattr_setsigmask(attributes, _signals(()))
        flags = _SET_DEFAULTS | _SET_MASK | _SET_SESSION
        libc.posix_spawnattr_setflags(attributes, c_short(flags))
        words = _strings(argv)
        named = _strings([f"{name}={value}" for name, value in environment.items()])
        code = libc.posix_spawn(byref(pid), words[0], actions, attributes, words, named)
    finally:
        libc.posix_spawn_file_actions_destroy(actions)
        libc.posix_spawnattr_destroy(attributes)
    if code:
        raise OSError(code, os.strerror(code), argv[0])
    return pid.value


def _do(mount: Mount) -> None:
    source, target, kind, options = mount
    flags = _flags(options)
    if flags is None:
        _mount(source, target, kind, 0, options)
        return
    if MADE in options:
        _make_place(source, target)
    _mount(source, target, "", flags & ~_READ_ONLY, "")
    if flags & _READ_ONLY:
        _mount("", target, "", _REMOUNT | _BIND | _READ_ONLY, "")


@cache
def _flags(options: str) -> int | None:
    """None where they are a file system's own."""
    names = options.split(",")
    return sum(_FLAGS[name] for name in names) if _FLAGS.keys() >= set(names) else None


def _make_place(source: str, target: str) -> None:
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666))


def _mount(source: str, target: str, kind: str, flags: int, options: str) -> None:
    encoded = [os.fsencode(text) or None for text in (source, target, kind)]
    code = _libc().mount(*encoded, c_ulong(flags), os.fsencode(options) or None)
    _check(code, f"its private folders could not be mounted: {target}")


def _check(code: int, what: str) -> None:
    if code:
        raise ExecutionError(f"{what}: {os.strerror(ctypes.get_errno())}")


def _strings(words: Sequence[str]) -> Any:
    """A C array of strings, ended by NULL. All are encoded at once, because every step has many.
    Raises ExecutionError for one with a NUL in it, where C would see its end.
    """
    encoded = os.fsencode("\0".join(words)).split(b"\0") if words else []
    if len(encoded) != len(words):
        raise ExecutionError("a command or its environment has a NUL character in it")
    return (c_char_p * (len(words) + 1))(*encoded, None)


@cache
def _signals(numbers: tuple[signal.Signals, ...]) -> Any:
    mask = ctypes.create_string_buffer(_OPAQUE_BYTES)
    _libc().sigemptyset(mask)
    for number in numbers:
        _libc().sigaddset(mask, number)
    return mask


@cache
def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mount.argtypes = (c_char_p, c_char_p, c_char_p, c_ulong, c_char_p)
    libc.posix_spawn.argtypes = (
        *(POINTER(c_int), c_char_p, c_void_p, c_void_p),
        *(POINTER(c_char_p), POINTER(c_char_p)),
    )
    return libc


def can_mount(mounts: Sequence[Mount]) -> bool:
    """Whether :func:`own_mounts` can do this here."""
    try:
        with own_mounts(mounts):
            return True
    except (ExecutionError, OSError, AttributeError):
        return False
