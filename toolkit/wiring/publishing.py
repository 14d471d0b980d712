"""From a checkout to a publication or a plan: which files, which checks, which repository."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from toolkit.adapters.git.repositories import GitSource
from toolkit.errors import FindingsError, RefusedError
from toolkit.publish.provenance import Provenance
from toolkit.publish.publication import Publication
from toolkit.publish.tree import render_tree
from toolkit.repository.settings import Environment
from toolkit.sync.plan import SyncPlan
from toolkit.validate import Finding, Severity
from toolkit.wiring.delivery import open_publisher, open_reconciler, open_source, provenance_of
from toolkit.wiring.remote import open_remote
from toolkit.wiring.render import Rendered, check, render, render_readable
from toolkit.wiring.workspace import STATE_FOLDER, Workspace

_MOST_NAMED = 5
_REVISIONS = {"working": None, "head": "HEAD"}
Told = Callable[[str], None]
"""Progress, a line at a time."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What to render: a commit by its sha, or the work tree (None); and where it comes from.
    ``is_newer`` says of what was published that its source is newer.
    """

    revision: str | None
    provenance: Provenance
    is_newer: Callable[[Provenance], bool]


@contextmanager
def open_origin(
    workspace: Workspace, *, revision: str = "HEAD", allow_dirty: bool = False
) -> Iterator[Origin]:
    """The files of a commit; with ``allow_dirty`` those of the work tree, marked where they differ.

    Raises RefusedError for a work tree that differs from HEAD, GitError where there is no commit.
    """
    with open_source(workspace) as source:
        dirty = _dirty_paths(source) if revision == "HEAD" else ()
        if dirty and not allow_dirty:
            raise RefusedError(
                f"the work tree differs from HEAD: {_named(dirty)}",
                hints=["commit it, or publish it as it is, marked so: --allow-dirty"],
            )
        provenance = provenance_of(source, revision, is_dirty=bool(dirty))

        def is_newer(published: Provenance) -> bool:
            is_other = published.commit != provenance.commit
            return is_other and source.is_ancestor(provenance.commit, published.commit)

        yield Origin(None if dirty else provenance.commit, provenance, is_newer)


def publish_all(
    workspace: Workspace,
    environments: Sequence[Environment],
    origin: Origin,
    *,
    clear_hold: bool = False,
    dry_run: bool = False,
    told: Told,
) -> tuple[Publication, ...]:
    """Renders and checks every environment before it publishes the first.

    Raises FindingsError, BuildError and what publishing raises.
    """
    rendered = _rendered(workspace, environments, origin, told)
    trees = [render_tree(each.result, environment=each.target.name) for each in rendered]
    publications = []
    for environment, each, tree in zip(environments, rendered, trees, strict=True):
        told(f"publishing {environment.name} to {environment.deploy.branch}")
        with open_publisher(workspace, environment) as publisher:
            publications.append(
                publisher.publish(
                    tree,
                    branch=environment.deploy.branch,
                    provenance=replace(origin.provenance, remotes=_remotes(each)),
                    is_newer=origin.is_newer,
                    clear_hold=clear_hold,
                    dry_run=dry_run,
                )
            )
    return tuple(publications)


def preview(workspace: Workspace, environment: Environment, *, start: str) -> SyncPlan:
    """What would change in the cluster. ``start``: ``working`` (the work tree, published and
    synced), ``head`` (the last commit, published and synced), ``deploy`` (what is published).
    """
    with open_reconciler(workspace, environment) as reconciler:
        if start == "deploy":
            return reconciler.plan()
        rendered = render(workspace, environment.name, revision=_REVISIONS[start])
        tree = render_tree(rendered.result, environment=environment.name)
        bodies = [resource.body for resource in rendered.result.resources]
        return reconciler.preview(bodies, f"{rendered.commit or 'work tree'} {tree.digest[:12]}")


def _rendered(
    workspace: Workspace, environments: Sequence[Environment], origin: Origin, told: Told
) -> list[Rendered]:
    """Raises FindingsError with the findings of all environments where any has an error."""
    rendered: list[Rendered] = []
    findings: dict[str, tuple[Finding, ...]] = {}
    with open_remote(workspace.root) as remote:
        for environment in environments:
            name, revision = environment.name, origin.revision
            told(f"rendering {name} from {_named_source(origin.provenance)}")
            try:
                one = render_readable(workspace, name, revision=revision, remote=remote)
                rendered.append(one)
                findings[name] = check(one)
            except FindingsError as error:
                findings[name] = error.findings
    broken = [name for name, found in findings.items() if any(map(_is_error, found))]
    if broken:
        raise FindingsError(
            f"nothing was published: {' and '.join(broken)} must be mended first",
            [finding for found in findings.values() for finding in found],
            hints=[f"look again at any time: gitops validate {' '.join(broken)}"],
        )
    for name in (name for name, found in findings.items() if found):
        told(f"{name} has warnings: gitops validate {name}")
    return rendered


def _remotes(rendered: Rendered) -> tuple[str, ...]:
    """What was taken from elsewhere: an address, and the commit where it is a repository."""
    return tuple(
        f"{use.address}{f'?ref={use.ref}' if use.ref else ''} {use.commit}".rstrip()
        for use in rendered.result.remotes
    )


def _is_error(finding: Finding) -> bool:
    return finding.severity is Severity.ERROR


def _dirty_paths(source: GitSource) -> tuple[str, ...]:
    """Without our own state, which a repository may have forgotten to ignore."""
    return tuple(path for path in source.dirty_paths() if STATE_FOLDER not in path.split("/"))


def _named(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _MOST_NAMED} more" if len(paths) > _MOST_NAMED else ""
    return ", ".join(paths[:_MOST_NAMED]) + more


def _named_source(provenance: Provenance) -> str:
    return "the work tree" if provenance.is_dirty else f"commit {provenance.commit[:12]}"
