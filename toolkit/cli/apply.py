"""``gitops apply``: objects from a file into the cluster, past git."""

from __future__ import annotations

import sys

import click

from toolkit.cli.workflows import Place, dry_run_option, env_option, opened, read_documents
from toolkit.resource.cluster import ServedKind
from toolkit.resource.resource import Body

FIELD_MANAGER = "gitops-apply"

Kinds = dict[tuple[str, str], ServedKind]
"""Group and kind → what the cluster serves."""


@click.command()
@click.option("-f", "--file", "files", multiple=True, required=True, metavar="FILE|-", help="What.")
@env_option
@click.option("--force-conflicts", is_flag=True, help="Take over fields that others manage.")
@dry_run_option
def apply(files: tuple[str, ...], env: str | None, force_conflicts: bool, dry_run: bool) -> None:
    """Apply objects from files, or from standard input, to an environment's cluster.

    What is applied so is not in git: the reconciler leaves it alone, and never prunes it.
    Workflows without a name, or to be run more than once, are for `gitops run`.

    \b
    Example:
      gitops apply -f secret.yaml --env staging
      cat cron.yaml | gitops apply -f -
    """
    from toolkit.wiring.validation import refuse_broken

    documents = [(file, read_documents(file)) for file in files]
    with opened(env, write=not dry_run) as place:
        kinds = {(kind.gvk.group, kind.gvk.kind): kind for kind in place.cluster.served_kinds()}
        placed = [
            (file, [(number, _in_namespace(place, body, kinds)) for number, body in found])
            for file, found in documents
        ]
        for file, found in placed:
            refuse_broken(found, file, cluster=place.cluster, namespace=place.namespace)
        for _, body in (document for _, found in placed for document in found):
            _apply(place, body, force_conflicts, dry_run)


def _apply(place: Place, body: Body, force: bool, dry_run: bool) -> None:
    from toolkit.errors import ConflictError
    from toolkit.resource.cluster import ObjectRef
    from toolkit.resource.identity import GroupVersionKind

    gvk, metadata = GroupVersionKind.of(body), body["metadata"]
    shown = f"{gvk.kind.lower()}/{metadata.get('name')}"
    ref = ObjectRef(gvk, str(metadata.get("namespace", "")), str(metadata["name"]))
    before = place.cluster.get(ref)
    try:
        after = place.cluster.apply(body, field_manager=FIELD_MANAGER, force=force, dry_run=dry_run)
    except ConflictError as error:
        hint = "take these fields over: --force-conflicts (git takes them back with the next sync)"
        raise ConflictError(error.message, details=error.details, hints=(hint,)) from error
    is_same = before is not None and _version(before) == _version(after)
    done = "created" if before is None else "unchanged" if is_same and not dry_run else "configured"
    print(f"{shown} {done}{' (dry run)' if dry_run else ''}")
    if before is not None and not dry_run:
        _warn_of_git(before, shown)


def _in_namespace(place: Place, body: Body, kinds: Kinds) -> Body:
    """The body in the environment's namespace, where its kind has one and it names none."""
    from toolkit.errors import NotFoundError, UsageError
    from toolkit.resource.identity import GroupVersionKind

    gvk = GroupVersionKind.of(body)
    metadata = dict(body.get("metadata") or {})
    if not metadata.get("name"):
        hint = "gitops run FILE submits a workflow with generateName"
        raise UsageError(f"{gvk.kind} without metadata.name cannot be applied", hints=(hint,))
    served = kinds.get((gvk.group, gvk.kind))
    if served is None:
        raise NotFoundError(f"{place.environment.name} serves no kind {gvk}")
    if served.is_namespaced:
        metadata.setdefault("namespace", place.namespace)
    return {**body, "metadata": metadata}


def _warn_of_git(before: Body, shown: str) -> None:
    from toolkit.sync.tracking import owner_of

    if owner_of(before):
        print(f"{shown} comes from git: the next sync puts back what git says", file=sys.stderr)


def _version(body: Body) -> str:
    return str((body.get("metadata") or {}).get("resourceVersion", ""))
