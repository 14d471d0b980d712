"""Private folders: where a step's ``/tmp`` and declared paths live on the host.

With mount namespaces the step sees its private folders *at* the declared paths. Without, the
declared paths are rewritten in its command, environment and script to where the folders are.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from toolkit.adapters.process.mounts import MADE, Mount, can_mount
from toolkit.errors import ExecutionError

_SYSTEM = frozenset(
    f"/{name}"
    for name in (
        *("bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "libx32", "opt"),
        *("proc", "root", "run", "sbin", "snap", "sys", "usr", "var"),
    )
)
_TMP = "/tmp"  # noqa: S108 - the step's own
_UNTOUCHABLE = ("/dev", "/proc", "/sys")
_PROBE_TIMEOUT_S = 10
NEW_ROOT = ".newroot"
"""The folder of a step's private ones that becomes its ``/`` where it needs one of its own."""
PREFIXES = (("-m",), ("-r", "-m"))
"""Options of unshare, tried in order: as root, and as anyone in a user namespace."""


@dataclass(frozen=True, slots=True)
class Namespaces:
    """What this machine allows. ``prefix`` is what a command is started with to get a mount
    namespace of its own; () where there is none. ``has_overlay``: overlayfs may be mounted there.
    ``is_by_thread``: the thread that starts a step can make them, without another command.
    """

    prefix: tuple[str, ...] = ()
    mount: str = ""
    chroot: str = ""
    has_overlay: bool = False
    is_by_thread: bool = False

    @property
    def is_private(self) -> bool:
        return bool(self.prefix)

    def entering(self, pid: int) -> tuple[str, ...]:
        """What a command is started with to see what process ``pid`` sees."""
        nsenter = shutil.which("nsenter")
        if nsenter is None:
            raise ExecutionError("the host has no command 'nsenter', which exec probes need")
        users = ("-U", "--preserve-credentials") if "-r" in self.prefix else ()
        return (nsenter, "-t", str(pid), *users, "-m", "--")

    def __str__(self) -> str:
        if not self.prefix:
            return "private folders, declared paths rewritten"
        return "mount namespaces" + (" of unprivileged users" if "-r" in self.prefix else "")


NONE = Namespaces()


def probe(folder: Path) -> Namespaces:
    """Tries, in ``folder``, what the machine allows. About 20 ms; once a program's life."""
    unshare, mount = shutil.which("unshare"), shutil.which("mount")
    chroot = shutil.which("chroot", path=os.defpath + ":/usr/sbin:/sbin") or ""
    if unshare is None or mount is None:
        return NONE
    with tempfile.TemporaryDirectory(prefix=".probe-", dir=folder) as scratch:
        for options in PREFIXES:
            prefix = (unshare, *options)
            if _can_mount(prefix, mount, Path(scratch), _bind):
                has_overlay = _can_mount(prefix, mount, Path(scratch), _overlay)
                bind = [_bind(Path(scratch))]
                is_by_thread = "-r" not in options and _in_a_thread(can_mount, bind)
                return Namespaces(prefix, mount, chroot, has_overlay, is_by_thread)
    return NONE


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a step's paths are. ``covers``: (path as the step sees it, its private folder),
    longest path first. ``rewritten``: the covers that no mount provides. ``new_root``: the folder
    that becomes ``/``, where a declared path's first folder does not exist on the host.
    ``visible``: host folders that are never rewritten.
    """

    mounts: tuple[Mount, ...] = ()
    covers: tuple[tuple[str, Path], ...] = ()
    rewritten: Mapping[str, Path] = field(default_factory=dict)
    new_root: Path | None = None
    visible: tuple[Path, ...] = ()

    def host_path(self, path: str) -> Path:
        """Where on the host the step's ``path`` is."""
        for covered, folder in self.covers:
            if path == covered or path.startswith(covered.rstrip("/") + "/"):
                return folder / path[len(covered) :].lstrip("/")
        return Path(path)

    def rewrite(self, text: str) -> str:
        """``text`` with the paths that no mount provides turned into host paths."""
        if not any(path in text for path in self.rewritten):
            return text
        kept = "|".join(re.escape(str(path)) for path in self.visible) or "(?!)"
        paths = "|".join(re.escape(path) for path in sorted(self.rewritten, key=len, reverse=True))
        pattern = rf"(?<![\w./-])(?:{kept}|(?P<path>{paths}))(?![\w.-])"
        return re.sub(pattern, self._host_text, text)

    def _host_text(self, match: re.Match[str]) -> str:
        path = match["path"]
        return str(self.rewritten[path]) if path else match.group()


@dataclass(frozen=True, slots=True)
class Lasting:
    """A folder of the host that outlives the step, shown at a path of its own."""

    folder: Path
    is_read_only: bool = False


def plan(
    namespaces: Namespaces,
    private: Path,
    *,
    folders: Collection[str],
    files: Collection[str],
    visible: Iterable[Path],
    lasting: Mapping[str, Lasting] | None = None,
    hidden: Path | None = None,
    kept: Iterable[Path] = (),
) -> Layout:
    """Lays out a step's private folders under ``private``, and its ``/tmp`` beside that one, and
    creates them.

    ``folders`` and ``files`` are the absolute paths the template declares (volume mounts; inputs
    and outputs). The folders will be there; those above a file only where the host has them, for
    making them is the step's own work, as in a container. ``lasting``: what is shown at some of
    the folders, in place of a private one. ``visible`` are host folders, absolute
    and without symbolic links, that the step must still reach though a cover hides them.
    ``hidden`` is a host folder of which it sees nothing but what is ``kept``: only mounts can do
    that.
    """
    wanted = {str(PurePosixPath(_clean(file)).parent): False for file in files}
    wanted |= {_clean(folder): True for folder in folders}
    builder = _Builder(namespaces, private, tuple(visible))
    builder.cover(_TMP)
    for path in sorted(wanted, key=lambda path: (path.count("/"), path)):
        builder.declare(path, is_made=wanted[path] or Path(path).is_dir())
    shown = {_clean(path): folder for path, folder in (lasting or {}).items()}
    for path in sorted(shown, key=lambda path: path.count("/")):
        builder.show(path, shown[path])
    for folder in folders:
        if _clean(folder) not in shown:
            builder.mount_point(_clean(folder))
    if not namespaces.is_private:
        for file in files:
            builder.rewrite_file(_clean(file))
    elif hidden is not None:
        builder.hide(hidden, kept)
    return builder.layout()


class _Builder:
    """Collects covers, outer ones first."""

    def __init__(self, namespaces: Namespaces, private: Path, visible: tuple[Path, ...]) -> None:
        self._namespaces = namespaces
        self._private = private
        self._visible = visible
        self._mounts: list[Mount] = []
        self._late: list[Mount] = []  # within the new root
        self._covers: dict[str, Path] = {}
        self._rewritten: dict[str, Path] = {}
        self._new_root: Path | None = None
        self._tops: set[str] = set()  # those that only the new root has

    def declare(self, path: str, *, is_made: bool) -> None:
        """Gives ``path`` (a folder) a private place, by the least that does."""
        if path == "/" and not self._namespaces.is_private:
            self._folder(".root")  # its files are rewritten one by one
            return
        if self._covered(path) is None:
            if not self._namespaces.is_private or path.startswith(_UNTOUCHABLE):
                self._rewrite(path, is_made=is_made)
            elif path == "/" or not Path(_first(path)).is_dir():
                self._in_new_root(path)
            elif path not in _SYSTEM and Path(path).is_dir():
                self.cover(path)
            else:
                self._below_existing(path, is_made=is_made)
        folder = self._covered(path)
        if is_made and folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def cover(self, path: str) -> Path:
        """A private, empty folder over ``path``, with what must stay visible bound into it."""
        if not self._namespaces.is_private:
            return self._rewrite(path, is_made=True)
        folder = self._folder(path)
        self._keep_visible(path, folder)
        self._mounts.append(Mount(str(folder), path))
        self._covers[path] = folder
        return folder

    def _keep_visible(self, path: str, folder: Path) -> None:
        """Binds what must stay visible below ``path`` into the folder that will lie over it."""
        inside_of = path.rstrip("/") + "/"
        hidden = (kept for kept in self._visible if str(kept).startswith(inside_of))
        for kept in _outermost(hidden):
            inside = folder / kept.relative_to(path)
            inside.mkdir(parents=True, exist_ok=True)
            self._mounts.append(Mount(str(kept), str(inside)))

    def show(self, path: str, lasting: Lasting) -> None:
        """Puts a lasting folder at ``path``, which was declared."""
        place = self._covered(path)
        if not self._namespaces.is_private or place is None:
            self._rewritten[path] = self._covers[path] = lasting.folder
            return
        place.mkdir(parents=True, exist_ok=True)  # it may lie in another that is shown
        self._keep_visible(path, lasting.folder)
        is_in_new_root = self._new_root is not None and _first(path) in self._tops
        options = "rbind,ro" if lasting.is_read_only else "rbind"
        target = f"{self._new_root}{path}" if is_in_new_root else path
        self._mounts.append(Mount(str(lasting.folder), target, "none", options))
        self._covers[path] = lasting.folder

    def mount_point(self, path: str) -> None:
        """Programs look into /proc/mounts for the volumes they were promised."""
        folder = self._covered(path)
        if folder is None or not self._namespaces.is_private:
            return
        if self._new_root is not None and folder.is_relative_to(self._new_root):
            self._late.append(Mount(str(folder), str(folder), "none", "bind"))
        elif path not in self._covers:
            self._mounts.append(Mount(str(folder), path, "none", "bind"))

    def hide(self, folder: Path, kept: Iterable[Path]) -> None:
        """Comes last: the private folders that other covers show are inside of it."""
        if self._namespaces.is_by_thread:
            self._hide_in_memory(folder, kept)
            return
        empty = self._private / ".hidden"
        empty.mkdir(mode=0o700)
        for path in kept:
            inside = empty / path.relative_to(folder)
            inside.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                inside.mkdir()
            else:
                inside.touch()
            self._mounts.append(Mount(str(path), str(inside)))
        self._mounts.append(Mount(str(empty), str(folder)))

    def _hide_in_memory(self, folder: Path, kept: Iterable[Path]) -> None:
        """The same without a file made and removed for each step: the empty folder is a small file
        system of the step's namespace.
        """
        hidden = str(folder)
        empty = f"{hidden}/.hidden"
        Path(empty).mkdir(mode=0o700, exist_ok=True)
        self._mounts.append(Mount("tmpfs", empty, "tmpfs", "mode=0700,size=1m"))
        for path in map(str, kept):
            inside = f"{empty}{path.removeprefix(hidden)}"
            self._mounts.append(Mount(path, inside, "none", f"rbind,{MADE}"))
        self._mounts.append(Mount(empty, hidden))

    def rewrite_file(self, path: str) -> None:
        """A file right below ``/`` cannot be found by its folder, which is everything's."""
        if PurePosixPath(path).parent == PurePosixPath("/"):
            self._rewritten[path] = self._covers[path] = self._folder(".root") / path[1:]

    def layout(self) -> Layout:
        covers = tuple(sorted(self._covers.items(), key=lambda cover: (-len(cover[0]), cover[0])))
        mounts = [*self._mounts, *(_root_mounts(self._new_root) if self._new_root else ())]
        mounts += self._late
        return Layout(tuple(mounts), covers, dict(self._rewritten), self._new_root, self._visible)

    def _below_existing(self, path: str, *, is_made: bool) -> None:
        """The nearest folder the host has gets covered: ours by a mount over it, the system's by
        an overlay that shows what was there. The latter may be what is declared.
        """
        place = PurePosixPath(path)
        parent = next(str(p) for p in (place, *place.parents) if Path(p).is_dir())
        if _first(parent) not in _SYSTEM:
            self.cover(parent)
        elif self._namespaces.has_overlay and not self._private.is_relative_to(parent):
            self._overlay(parent)
        else:
            self._rewrite(path, is_made=is_made)

    def _overlay(self, path: str) -> None:
        upper = self._folder(path)
        work = self._private / f".work{len(self._covers)}"
        work.mkdir()
        options = f"lowerdir={path},upperdir={upper},workdir={work}"
        self._mounts.append(Mount("overlay", path, "overlay", options))
        self._covers[path] = upper

    def _in_new_root(self, path: str) -> None:
        """The host has no such top folder: the step gets a root of its own, with one."""
        self._new_root = self._private / NEW_ROOT
        top = _first(path)
        self._covers[top] = self._new_root / top[1:]
        self._tops.add(top)
        self._new_root.mkdir(parents=True, exist_ok=True)

    def _rewrite(self, path: str, *, is_made: bool) -> Path:
        if is_made:
            folder = self._folder(path)
        else:
            folder = self._private / path.strip("/")
            folder.parent.mkdir(parents=True, exist_ok=True)
        self._covers[path] = self._rewritten[path] = folder
        return folder

    def _covered(self, path: str) -> Path | None:
        """Where ``path`` is by the covers so far; None where none holds it. That of ``/`` holds
        only the files right in it.
        """
        below = ((covered, folder) for covered, folder in self._covers.items() if covered != "/")
        probed = Layout(covers=tuple(sorted(below, key=lambda cover: -len(cover[0]))))
        host = probed.host_path(path)
        return None if str(host) == path else host

    def _folder(self, path: str) -> Path:
        if path == _TMP:
            return self._tmp()
        folder = self._private / path.strip("/")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _tmp(self) -> Path:
        """Every step has it, and most have no other: it stands beside the rest."""
        folder = self._private.with_name("tmp")
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def _root_mounts(new_root: Path) -> Iterator[Mount]:
    """Binds the host's top folders, as covered so far, into the new root."""
    for entry in sorted(os.scandir("/"), key=lambda entry: entry.name):
        target = new_root / entry.name
        if entry.is_symlink():
            target.symlink_to(Path(entry.path).readlink())
        elif entry.is_dir():
            target.mkdir(exist_ok=True)
            yield Mount(entry.path, str(target))


def _can_mount(
    prefix: tuple[str, ...], mount: str, scratch: Path, mount_of: Callable[[Path], Mount]
) -> bool:
    for name in ("a", "b", "work"):
        (scratch / name).mkdir(exist_ok=True)
    fstab = scratch / "fstab"
    fstab.write_text(mount_of(scratch).line())
    command = [*prefix, mount, "-n", "-a", "-T", str(fstab)]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_PROBE_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _in_a_thread(work: Callable[[list[Mount]], bool], mounts: list[Mount]) -> bool:
    """One that ends with it, because mounting moves a thread's working folder."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work, mounts).result()


def _bind(scratch: Path) -> Mount:
    return Mount(str(scratch / "a"), str(scratch / "b"))


def _overlay(scratch: Path) -> Mount:
    options = f"lowerdir={scratch / 'a'},upperdir={scratch / 'b'},workdir={scratch / 'work'}"
    return Mount("overlay", str(scratch / "a"), "overlay", options)


def _clean(path: str) -> str:
    """Absolute and without ``.``, ``..`` and double slashes."""
    return os.path.normpath("/" + path.lstrip("/"))


def _first(path: str) -> str:
    """``/mnt/out`` → ``/mnt``."""
    return "/" + path.strip("/").partition("/")[0]


def _outermost(folders: Iterable[Path]) -> tuple[Path, ...]:
    """Without those inside another."""
    kept: list[Path] = []
    for folder in sorted(set(folders)):
        if not any(folder.is_relative_to(other) for other in kept):
            kept.append(folder)
    return tuple(kept)
