"""From a checkout to a publication or a plan: which files, which checks, which repository."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from toolkit.adapters.git import GitSource
from toolkit.errors import FindingsError, RefusedError
from toolkit.publish.provenance import Provenance
from toolkit.publish.publication import Publication
from toolkit.publish.tree import RenderedTree, render_tree
from toolkit.repository.settings import Environment
from toolkit.sync.plan import SyncPlan
from toolkit.validate import Severity
from toolkit.wiring.delivery import open_publisher, open_reconciler, open_source, provenance_of
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
    trees: list[RenderedTree] = []
    for environment in environments:
        told(f"rendering {environment.name} from {_named_source(origin.provenance)}")
        rendered = _checked(
            render_readable(workspace, environment.name, revision=origin.revision), told
        )
        trees.append(render_tree(rendered.result, environment=environment.name))
    publications = []
    for environment, tree in zip(environments, trees, strict=True):
        told(f"publishing {environment.name} to {environment.deploy.branch}")
        with open_publisher(workspace, environment) as publisher:
            publications.append(
                publisher.publish(
                    tree,
                    branch=environment.deploy.branch,
                    provenance=origin.provenance,
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


def _checked(rendered: Rendered, told: Told) -> Rendered:
    """Raises FindingsError with all findings where one is an error; tells warnings' number."""
    findings = check(rendered)
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    name = rendered.target.name
    if errors:
        raise FindingsError(
            f"{name} has {len(errors)} error{'s' if len(errors) > 1 else ''}: nothing is published",
            findings,
            hints=[f"all of them, at any time: gitops validate {name}"],
        )
    if findings:
        told(f"{name} has warnings: gitops validate {name}")
    return rendered


def _dirty_paths(source: GitSource) -> tuple[str, ...]:
    """Without our own state, which a repository may have forgotten to ignore."""
    return tuple(path for path in source.dirty_paths() if STATE_FOLDER not in path.split("/"))


def _named(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _MOST_NAMED} more" if len(paths) > _MOST_NAMED else ""
    return ", ".join(paths[:_MOST_NAMED]) + more


def _named_source(provenance: Provenance) -> str:
    return "the work tree" if provenance.is_dirty else f"commit {provenance.commit[:12]}"
