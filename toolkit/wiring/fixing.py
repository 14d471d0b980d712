"""Whether an edited kustomization still builds to the same bytes, here and where it is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from os.path import relpath
from pathlib import Path

from toolkit.adapters.files import DiskTree
from toolkit.errors import InputError, RefusedError, UsageError
from toolkit.kustomize.build import build, render
from toolkit.kustomize.ports import FileTree, RemoteSource
from toolkit.kustomize.result import BuildOptions, BuildResult
from toolkit.wiring.edits import find_file
from toolkit.wiring.remote import open_remote
from toolkit.wiring.workspace import find_workspace

_MOST_NAMES = 5


class EditedTree:
    """A tree in which one file says something else."""

    def __init__(self, tree: FileTree, path: str, content: bytes) -> None:
        self._tree = tree
        self._path = path
        self._content = content

    def read(self, path: str) -> bytes:
        return self._content if self._tree.resolve(path) == self._path else self._tree.read(path)

    def is_file(self, path: str) -> bool:
        return self._tree.is_file(path)

    def is_dir(self, path: str) -> bool:
        return self._tree.is_dir(path)

    def names(self, path: str) -> tuple[str, ...]:
        return self._tree.names(path)

    def resolve(self, path: str) -> str | None:
        return self._tree.resolve(path)


def refuse_other_build(file: Path, after: str, also: Iterable[str] = ()) -> list[str]:
    """Builds the kustomization, every environment that uses it, and the targets in ``also``, as
    they are and with ``after`` in the file. Returns the names of what was compared.

    Raises RefusedError where one gives other bytes, or where nothing that uses it can be built.
    """
    path = str(file.resolve()).lstrip("/")
    compared: list[str] = []
    failures: list[InputError] = []
    with open_remote(_root(file)) as remote:
        for name, folder, compat in _targets(file, also):
            options = BuildOptions(compat, base=str(Path.cwd()).lstrip("/"))
            try:
                before = build(DiskTree("/"), folder, options, remote=lambda: remote)
            except InputError as error:
                failures.append(error)
                continue
            if path in before.files:
                edited = _build_edited(path, after, folder, options, name, remote)
                _refuse_difference(name, before, edited)
                compared.append(name)
    if not compared:
        raise RefusedError(
            f"{file} cannot be built, so nothing tells whether a fix would change it",
            hints=[*map(str, failures[:1]), "name something that uses it: --check TARGET"],
        )
    return compared


def bodies_with(file: Path, text: str) -> list[Mapping[str, object]]:
    """The objects that the kustomization builds to where its file says ``text``."""
    folder = str(file.resolve().parent).lstrip("/")
    options = BuildOptions(base=str(Path.cwd()).lstrip("/"))
    path = str(file.resolve()).lstrip("/")
    with open_remote(_root(file)) as remote:
        result = _build_edited(path, text, folder, options, str(file), remote)
    return [resource.body for resource in result.resources]


def _build_edited(
    path: str, after: str, folder: str, options: BuildOptions, name: str, remote: RemoteSource
) -> BuildResult:
    tree = EditedTree(DiskTree("/"), path, after.encode())
    try:
        return build(tree, folder, options, remote=lambda: remote)
    except InputError as error:
        raise RefusedError(
            f"{name} could not be built any more: nothing was changed", hints=[str(error)]
        ) from error


def _refuse_difference(name: str, before: BuildResult, after: BuildResult) -> None:
    if render(before) == render(after):
        return
    bodies = {resource.id: resource.body for resource in after.resources}
    others = [str(one.id) for one in before.resources if bodies.get(one.id) != one.body]
    shown = others[:_MOST_NAMES]
    raise RefusedError(
        f"{name} would not build to the same bytes: nothing was changed",
        hints=[f"changed: {each}" for each in shown] or ["the objects come in another order"],
    )


def _root(file: Path) -> Path | None:
    """The root of the workspace that a file is in."""
    try:
        return find_workspace(file.resolve().parent).root
    except UsageError:
        return None


def _targets(file: Path, also: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Name, folder from the file system's root, and mode of what may use the kustomization."""
    try:
        workspace = find_workspace(file.resolve().parent)
        environments = workspace.settings().environments
        root = workspace.root
    except UsageError:
        environments, root = {}, Path("/")
    overlays = {
        (root / each.overlay).resolve(): (name, each.compat.value)
        for name, each in environments.items()
    }
    folders = [file.resolve().parent, *overlays, *(find_file(one).resolve().parent for one in also)]
    for folder in dict.fromkeys(folders):
        name, compat = overlays.get(folder, (relpath(folder), "kustomize"))
        yield name, str(folder).lstrip("/"), compat
