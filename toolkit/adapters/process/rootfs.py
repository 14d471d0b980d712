"""Steps with a root filesystem of their own: an overlay over it becomes their ``/``."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from toolkit.adapters.process.isolation import NEW_ROOT, Lasting, Layout, Namespaces
from toolkit.adapters.process.mounts import Mount
from toolkit.errors import ExecutionError

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MACHINE = ("/dev", "/proc", "/sys")
_NETWORK = ("/etc/hosts", "/etc/resolv.conf")
_SHELLS = ("bin/sh", "usr/bin/sh")


def plan_root(
    namespaces: Namespaces,
    private: Path,
    rootfs: Path,
    *,
    folders: Collection[str],
    lasting: Mapping[str, Lasting],
    kept: Iterable[Path],
) -> Layout:
    """A layout whose ``/`` is ``rootfs``; what the step writes goes to a private folder over it.
    ``folders`` will be there; ``lasting`` and ``kept`` are shown in it, the latter at their paths.

    Where the machine mounts no overlays, ``rootfs`` is copied for the step. Raises ExecutionError
    without mount namespaces, and for a root without a shell.
    """
    if not namespaces.is_private:
        raise ExecutionError(
            "a root filesystem (runtime.images, rootfs) needs mount namespaces, which this "
            "machine does not allow"
        )
    if not any(os.path.lexists(rootfs / shell) for shell in _SHELLS):
        raise ExecutionError(f"the root filesystem {rootfs} has no /bin/sh")
    new_root, upper = private / NEW_ROOT, private / "upper"
    mounts = [_root(namespaces, private, rootfs, upper, new_root)]
    shown = {path: Lasting(Path(path)) for path in _MACHINE}
    shown |= {str(path): Lasting(path) for path in kept} | dict(lasting)
    for path in ("/tmp", *folders):  # noqa: S108 - the step's own
        _inside(upper, path).mkdir(parents=True, exist_ok=True)
    outer_first = sorted(shown, key=lambda path: path.count("/"))
    mounts.extend(_show(upper, new_root, path, shown[path]) for path in outer_first)
    for path in _NETWORK:
        if Path(path).is_file():
            _inside(upper, path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, _inside(upper, path))
    covers = {"/": upper} | {path: shown[path].folder for path in lasting}
    ordered = sorted(covers.items(), key=lambda cover: (-len(cover[0]), cover[0]))
    return Layout(tuple(mounts), tuple(ordered), new_root=new_root)


def _root(
    namespaces: Namespaces, private: Path, rootfs: Path, upper: Path, new_root: Path
) -> Mount:
    new_root.mkdir(parents=True)
    if not namespaces.has_overlay:
        shutil.copytree(rootfs, upper, symlinks=True)
        return Mount(str(upper), str(new_root))
    work = private / ".rootwork"
    for folder in (upper, work):
        folder.mkdir()
    options = f"lowerdir={rootfs},upperdir={upper},workdir={work}"
    return Mount("overlay", str(new_root), "overlay", options)


def _show(upper: Path, new_root: Path, path: str, lasting: Lasting) -> Mount:
    place = _inside(upper, path)
    if lasting.folder.is_dir():
        place.mkdir(parents=True, exist_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    options = "rbind,ro" if lasting.is_read_only else "rbind"
    return Mount(str(lasting.folder), str(_inside(new_root, path)), "none", options)


def _inside(root: Path, path: str) -> Path:
    return root / path.lstrip("/")
