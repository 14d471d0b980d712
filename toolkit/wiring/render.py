"""From a target, as people name it, to what it builds to, and what is wrong with that.

``validate`` and ``publish`` both go this way, so that what was validated is what is published.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cache
from os.path import relpath
from pathlib import Path

from toolkit.adapters.files import DiskTree
from toolkit.errors import BuildError, FindingsError, UsageError, YamlError
from toolkit.kustomize.build import build
from toolkit.kustomize.ports import FileTree, RemoteSource
from toolkit.kustomize.result import BuildOptions, BuildResult
from toolkit.kustomize.sources.session import is_elsewhere
from toolkit.repository.settings import Compat, Environment, Settings
from toolkit.source import Location
from toolkit.validate import Finding, validate
from toolkit.validate.broken import finding_of_error, findings_of_warnings
from toolkit.wiring.remote import open_remote
from toolkit.wiring.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Target:
    """What to build: a ``folder`` from the workspace's root; ``environment`` where it is one's."""

    name: str
    folder: str
    environment: Environment | None

    @property
    def compat(self) -> Compat:
        return self.environment.compat if self.environment else Compat.KUSTOMIZE


@dataclass(frozen=True, slots=True)
class Rendered:
    """A built target. ``tree`` holds what came from elsewhere, too. ``commit`` is the full id of
    what was built, "" for the work tree.
    """

    workspace: Workspace
    target: Target
    result: BuildResult
    tree: FileTree
    commit: str = ""

    def read(self, path: str) -> bytes | None:
        """A file of the tree, None where it cannot be read."""
        try:
            return self.tree.read(path)
        except OSError:
            return None


def find_target(workspace: Workspace, settings: Settings, name: str) -> Target:
    """An environment by name, or a folder as the user types it (an overlay's is its environment).

    Raises UsageError for anything else.
    """
    if name in settings.environments:
        environment = settings.environments[name]
        return Target(name, environment.overlay, environment)
    path = Path(name)
    if not path.is_dir():
        known = ", ".join(settings.environments)
        raise UsageError(
            f"{name!r} is neither an environment nor a folder", hints=[f"environments: {known}"]
        )
    if not path.resolve().is_relative_to(workspace.root):
        raise UsageError(f"{name} is outside of the repository at {workspace.root}")
    folder = path.resolve().relative_to(workspace.root).as_posix()
    owners = (each for each in settings.environments.values() if each.overlay == folder)
    return Target(name, "" if folder == "." else folder, next(owners, None))


def render(
    workspace: Workspace,
    target: str,
    *,
    revision: str | None = None,
    remote: RemoteSource | None = None,
) -> Rendered:
    """Builds an environment or a folder: from the work tree, or from a commit. Several that share
    ``remote`` see the same of what is elsewhere.

    Raises UsageError, YamlError, BuildError, SettingsError; GitError for an unknown revision.
    The settings are always those of the work tree.
    """
    found = find_target(workspace, workspace.settings(), target)
    if revision is None:
        return _built(workspace, found, DiskTree(workspace.root), remote)
    from toolkit.wiring.delivery import open_source

    with open_source(workspace) as source:
        commit = source.commit(revision).sha
        return _built(workspace, found, source.tree(commit), remote, commit)


def render_readable(
    workspace: Workspace,
    target: str,
    *,
    revision: str | None = None,
    remote: RemoteSource | None = None,
) -> Rendered:
    """As :func:`render`; a file that cannot be read or built is a FindingsError: a publish that it
    stops was refused for a finding, as for any other.
    """
    try:
        return render(workspace, target, revision=revision, remote=remote)
    except (YamlError, BuildError) as error:
        raise FindingsError(
            f"{target} cannot be built: nothing was changed",
            [finding_of_error(error)],
            hints=[f"look at all of it: gitops validate {target}"],
        ) from error


def check(rendered: Rendered) -> tuple[Finding, ...]:
    """Everything wrong with what was rendered; paths as the user would type them. The references
    of a folder that is no environment's are not missed where they lead out of it.
    """
    findings = validate(
        rendered.result.resources,
        sources=rendered.read,
        zones=time_zones(),
        is_complete=rendered.target.environment is not None,
    )
    shown = shown_paths(rendered.workspace)
    return (
        *findings_of_warnings(rendered.result.warnings),
        *(_moved(finding, shown) for finding in findings),
    )


@cache
def time_zones() -> frozenset[str]:
    """The names of all time zones of this machine, or of the tzdata package."""
    from zoneinfo import available_timezones

    return frozenset(available_timezones())


def shown_paths(workspace: Workspace) -> Callable[[str], str]:
    """Turns a path from the workspace's root into one that the user can open from here."""
    here = relpath(workspace.root)
    return lambda path: path if here == "." or is_elsewhere(path) else relpath(Path(here) / path)


def bodies_of(rendered: Rendered) -> list[Mapping[str, object]]:
    """The rendered objects."""
    return [resource.body for resource in rendered.result.resources]


def _built(
    workspace: Workspace,
    target: Target,
    tree: FileTree,
    remote: RemoteSource | None,
    commit: str = "",
) -> Rendered:
    here = Path.cwd()
    base = relpath(here, workspace.root)
    options = BuildOptions(target.compat.value, base="" if base == "." else base)
    with nullcontext(remote) if remote else open_remote(workspace.root) as source:
        result = build(tree, target.folder, options, remote=lambda: source)
    return Rendered(workspace, target, result, result.tree or tree, commit)


def _moved(finding: Finding, shown: Callable[[str], str]) -> Finding:
    place = finding.location
    if place is None:
        return finding
    return replace(finding, location=Location(shown(place.path), place.line, place.column))
