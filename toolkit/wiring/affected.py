"""Which environments, and which of their objects, a change touches.

An environment is built a second time only where a file that it was built from differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from os.path import relpath
from pathlib import Path

from toolkit.adapters.files import DiskTree
from toolkit.adapters.git.repositories import GitSource
from toolkit.adapters.git.tree import GitTree
from toolkit.errors import BuildError, YamlError
from toolkit.kustomize.build import build
from toolkit.kustomize.ports import FileTree, RemoteSource
from toolkit.kustomize.result import BuildOptions, BuildResult
from toolkit.kustomize.sources.folder import KUSTOMIZATION_NAMES
from toolkit.kustomize.sources.session import is_elsewhere
from toolkit.repository.load import load_settings
from toolkit.repository.settings import Environment
from toolkit.resource.resource import ResourceSet
from toolkit.sync.affected import AffectedEnvironment
from toolkit.sync.difference import difference
from toolkit.wiring.delivery import open_source
from toolkit.wiring.remote import open_remote
from toolkit.wiring.workspace import SETTINGS_FILE, Workspace


@dataclass(frozen=True, slots=True)
class Affected:
    """What differs from one revision to another: full commit ids, ``end`` "" for the work tree.
    Only environments with a difference are listed, sorted by name.
    """

    start: str
    end: str
    environments: tuple[AffectedEnvironment, ...]


@dataclass(frozen=True, slots=True)
class _Side:
    """One revision: its files, and its own settings."""

    tree: FileTree
    environments: Mapping[str, Environment]
    base: str
    remote: RemoteSource

    def build(self, environment: Environment) -> BuildResult:
        options = BuildOptions(environment.compat.value, base=self.base)
        return build(self.tree, environment.overlay, options, remote=lambda: self.remote)


def affected_by(workspace: Workspace, start: str, end: str | None = None) -> Affected:
    """Compares revision ``start`` with ``end``, or with the work tree where that is None.

    Each revision is built with its own gitops.yaml. Raises GitError for an unknown revision,
    SettingsError, YamlError and BuildError where the state after cannot be built.
    """
    with open_source(workspace) as source, open_remote(workspace.root) as remote:
        first = source.commit(start).sha
        before_tree = source.tree(first)
        last = source.commit(end).sha if end is not None else ""
        after_tree = source.tree(last) if last else DiskTree(workspace.root)
        links = {*before_tree.links, *_possible_links(source, after_tree)}
        moved = any(before_tree.resolve(path) != after_tree.resolve(path) for path in links)
        before = _side(workspace, before_tree, remote)
        after = _side(workspace, after_tree, remote)
        names = sorted({*before.environments, *after.environments})
        found = (_compare(name, before, after, links_differ=moved) for name in names)
        return Affected(first, last, tuple(each for each in found if each.changes or each.failure))


def _possible_links(source: GitSource, tree: GitTree | DiskTree) -> Iterable[str]:
    """Paths that may be symbolic links in a tree."""
    if isinstance(tree, GitTree):
        return tree.links
    prefix = f"{source.prefix}/" if source.prefix else ""
    return [path.removeprefix(prefix) for path in source.dirty_paths() if path.startswith(prefix)]


def _side(workspace: Workspace, tree: FileTree, remote: RemoteSource) -> _Side:
    here = relpath(Path.cwd(), workspace.root)
    shown = relpath(workspace.settings_file)
    environments: Mapping[str, Environment] = {}
    if tree.is_file(SETTINGS_FILE):
        environments = load_settings(tree.read(SETTINGS_FILE), shown).environments
    return _Side(tree, environments, "" if here == "." else here, remote)


def _compare(name: str, before: _Side, after: _Side, *, links_differ: bool) -> AffectedEnvironment:
    was, now = before.environments.get(name), after.environments.get(name)
    result = after.build(now) if now is not None else None
    read = result.files if result is not None else ()
    is_same_build = was is not None and now is not None and _recipe(was) == _recipe(now)
    if is_same_build and not links_differ and _reads_the_same(before.tree, after.tree, read):
        return AffectedEnvironment(name, (), ())
    try:
        earlier = before.build(was) if was is not None else None
    except (YamlError, BuildError) as error:
        place = f"{error.location}: " if error.location else ""
        return AffectedEnvironment(name, (), (), f"{place}{error.message}")
    empty = ResourceSet(())
    changes = difference(
        earlier.resources if earlier else empty, result.resources if result else empty
    )
    used = sorted({*read, *(earlier.files if earlier else ())})
    was_tree = earlier.tree if earlier and earlier.tree else before.tree
    now_tree = result.tree if result and result.tree else after.tree
    files = [path for path in used if _content(was_tree, path) != _content(now_tree, path)]
    return AffectedEnvironment(name, changes, tuple(files))


def _recipe(environment: Environment) -> tuple[str, str]:
    return environment.overlay, environment.compat.value


def _reads_the_same(before: FileTree, after: FileTree, files: Iterable[str]) -> bool:
    """True where a build of ``before`` would read just what that of ``after`` read. What is
    elsewhere is the same for both, as long as they name it in the same way.
    """
    for path in files:
        if is_elsewhere(path):
            continue
        content = _content(before, path)
        if content is None or content != _content(after, path):
            return False
        folder, _, name = path.rpartition("/")
        if name in KUSTOMIZATION_NAMES and any(
            before.is_file(f"{folder}/{other}" if folder else other)
            for other in KUSTOMIZATION_NAMES
            if other != name
        ):
            return False
    return True


def _content(tree: FileTree, path: str) -> bytes | None:
    with suppress(OSError):
        return tree.read(path)
    return None
