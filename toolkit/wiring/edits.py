"""Files to edit: found as people name them, read, and written at once or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from os.path import relpath
from pathlib import Path

from toolkit.errors import InputError, OperationError, UsageError
from toolkit.repository.edits import objects_of
from toolkit.repository.kustomization_edits import is_remote
from toolkit.repository.kustomization_sheet import KUSTOMIZATION_NAMES, Sheet, is_kustomization
from toolkit.source import Location
from toolkit.wiring.workspace import find_workspace
from toolkit.yaml import SETTINGS, load_all

_PATTERN = frozenset("*?[")


def find_file(target: str) -> Path:
    """The file itself; of a folder its kustomization; of an environment that of its overlay.

    Raises UsageError where there is none of these.
    """
    path = Path(target)
    if path.is_file():
        return path
    if path.is_dir():
        return _kustomization_of(path)
    root, environments = _environments()
    if target in environments:
        return _kustomization_of(Path(relpath(root / environments[target])))
    close = get_close_matches(target, environments, n=1)
    raise UsageError(
        f"{target!r}: no such file, folder or environment",
        hints=[f"did you mean {close[0]!r}?"]
        if close
        else [f"environments: {', '.join(environments)}"]
        if environments
        else [],
    )


def find_manifest(path: Path, name: str, kinds: tuple[str, ...] = ()) -> Path:
    """The file that holds the object: ``path`` itself, or of a kustomization the one of its own
    files that does. Raises UsageError where that is none or several, naming those below it.
    """
    if not is_kustomization(read_text(path), str(path)):
        return path
    holders = [file for file in _resource_files(path, set()) if _holds(file, name, kinds)]
    own = [file for file in holders if file.parent.resolve() == path.parent.resolve()]
    if len(own) == 1:
        return own[0]
    what = " or ".join(kinds) or "object"
    named = f" named {name!r}" if name else ""
    raise UsageError(
        f"{path} lists no file of its own with the {what}{named} to change",
        hints=[f"name its file: {relpath(file)}" for file in holders[:5]] or ["name a manifest"],
    )


def read_text(path: Path) -> str:
    """Raises InputError for a file that is no UTF-8 text."""
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            "only UTF-8 text is edited", location=Location(str(path)), hints=["save it as UTF-8"]
        ) from error
    except OSError as error:
        raise OperationError(f"cannot read {path}: {error.strerror}") from error


def write_text(path: Path, before: str, after: str) -> None:
    """Replaces the file by ``after`` in one step, its mode kept; a link stays a link.

    Raises OperationError where it cannot be written, or says no longer what ``before`` does.
    """
    real = Path(os.path.realpath(path))
    temporary = ""
    try:
        mode = real.stat().st_mode & 0o7777
        descriptor, temporary = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}.")
        with open(descriptor, "wb") as file:  # noqa: PTH123 -- an open descriptor
            file.write(after.encode())
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(mode)
        if real.read_bytes() != before.encode():
            raise OperationError(f"{path} was changed by something else: nothing was written")
        Path(temporary).replace(real)
        temporary = ""
    except OSError as error:
        raise OperationError(f"cannot write {path}: {error.strerror}") from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def listed_paths(kustomization: Path, given: Iterable[str], *, is_component: bool) -> list[str]:
    """Paths as a kustomization lists them: from its folder. Each is given from that folder or
    from the current one, or is a pattern of files in that folder, or remote.

    Raises UsageError for one that is not there, or that no list takes.
    """
    return [path for one in given for path in _listed(kustomization, one, is_component)]


def _listed(kustomization: Path, given: str, is_component: bool) -> list[str]:  # noqa: FBT001
    folder = kustomization.parent
    if is_remote(given):
        return [given]
    if _PATTERN.intersection(given) and not (folder / given).exists():
        return _matching(kustomization, given)
    found = given if (folder / given).exists() else None
    if found is None and Path(given).exists():
        found = Path(relpath(Path(given).absolute(), folder.absolute())).as_posix()
    if found is None:
        raise _missing(folder, given)
    _check(kustomization, folder / found, given, is_component=is_component)
    return [found]


def _matching(kustomization: Path, pattern: str) -> list[str]:
    """What a pattern matches: files but kustomizations, and folders with one."""
    folder = kustomization.parent
    found = [
        path.relative_to(folder).as_posix()
        for path in sorted(folder.glob(pattern))
        if (_is_kustomized(path) if path.is_dir() else path.name not in KUSTOMIZATION_NAMES)
    ]
    if not found:
        raise UsageError(f"{pattern!r} matches nothing in {folder}")
    return found


def _missing(folder: Path, given: str) -> UsageError:
    here = (folder / given).parent
    names = [path.name for path in here.iterdir()] if here.is_dir() else []
    close = get_close_matches(Path(given).name, names, n=1)
    hints = [f"did you mean {(Path(given).parent / close[0]).as_posix()!r}?"] if close else []
    return UsageError(
        f"{given!r} is neither in {folder} nor here",
        hints=[*hints, "to list it all the same: --no-verify"],
    )


def _check(kustomization: Path, path: Path, given: str, *, is_component: bool) -> None:
    if path.resolve() in (kustomization.resolve(), kustomization.parent.resolve()):
        raise UsageError(f"{given!r} is the kustomization itself")
    if not path.is_dir():
        if is_component:
            raise UsageError(f"{given!r} is a file; a component is a folder")
        return
    if not _is_kustomized(path):
        raise UsageError(f"the folder {given!r} has no kustomization")
    text = read_text(_kustomization_of(path))
    bodies = load_all(text, given, dialect=SETTINGS)
    kind = (bodies[0] or {}).get("kind") if bodies else None
    if (kind == "Component") != is_component:
        what = "component" if kind == "Component" else "resource"
        raise UsageError(f"{given!r} is a {what}", hints=[f"gitops add {what}"])


def _is_kustomized(folder: Path) -> bool:
    return any((folder / name).is_file() for name in KUSTOMIZATION_NAMES)


def _kustomization_of(folder: Path) -> Path:
    for name in KUSTOMIZATION_NAMES:
        if (folder / name).is_file():
            return folder / name
    raise UsageError(f"the folder {folder} has no kustomization")


def _environments() -> tuple[Path, dict[str, str]]:
    """The workspace's root, and its environments' overlays by name; none outside of one."""
    try:
        workspace = find_workspace()
    except UsageError:
        return Path(), {}
    environments = workspace.settings().environments
    return workspace.root, {name: each.overlay for name, each in environments.items()}


def _resource_files(kustomization: Path, seen: set[Path]) -> Iterator[Path]:
    """The local files that a kustomization and those below it list."""
    if kustomization.resolve() in seen:
        return
    seen.add(kustomization.resolve())
    sheet = Sheet(read_text(kustomization), str(kustomization))
    for entry in (one for field in ("resources", "bases") for one in sheet.items((field,))):
        path = kustomization.parent / str(entry)
        if path.is_file():
            yield path
        elif path.is_dir() and _is_kustomized(path):
            yield from _resource_files(_kustomization_of(path), seen)


def _holds(file: Path, name: str, kinds: tuple[str, ...]) -> bool:
    names = objects_of(read_text(file), file=str(file), kinds=kinds)
    return name in names if name else bool(names)
