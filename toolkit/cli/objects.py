"""Create, list, get and delete objects of one kind: what `template` and `cron` share."""

from __future__ import annotations

import sys

from toolkit.cli.workflows import Place, find, name_of, opened, print_object, read_documents
from toolkit.errors import AlreadyExistsError, UsageError
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body


def create(
    gvk: GroupVersionKind, files: tuple[str, ...], env: str | None, *, dry_run: bool
) -> None:
    """Creates every object of the files; all must be of the kind. They are nobody's but the
    caller's: the reconciler neither changes nor prunes them.
    """
    bodies = [body for file in files for body in _of_kind(gvk, file)]
    with opened(env, write=not dry_run) as place:
        for body in bodies:
            _create(place, gvk, body, dry_run=dry_run)


def show(gvk: GroupVersionKind, names: tuple[str, ...], env: str | None, output: str) -> None:
    """Prints objects, as YAML where not asked otherwise."""
    with opened(env) as place:
        for index, name in enumerate(names):
            if index and output != "name":
                print("---")
            print_object(find(place, gvk, name), "yaml" if output == "text" else output)


def delete(
    gvk: GroupVersionKind, names: tuple[str, ...], env: str | None, *, dry_run: bool
) -> None:
    """Deletes objects; what comes from git comes back with the next sync, and that is said."""
    with opened(env, write=not dry_run) as place:
        bodies = [find(place, gvk, name) for name in names]
        for body in bodies:
            shown = f"{gvk.kind.lower()}/{name_of(body)}"
            if not dry_run:
                place.cluster.delete(place.ref(gvk, name_of(body)))
            print(f"{shown} {'would be deleted' if dry_run else 'deleted'}")
            warn_of_git(body, "comes from git: the next sync brings it back; delete it there")


def warn_of_git(body: Body, words: str) -> None:
    """Says so where the reconciler will have the last word."""
    from toolkit.sync.tracking import owner_of

    if owner_of(body):
        print(f"{str(body['kind']).lower()}/{name_of(body)} {words}", file=sys.stderr)


def _of_kind(gvk: GroupVersionKind, file: str) -> list[Body]:
    bodies = [body for _, body in read_documents(file)]
    for body in bodies:
        if body["kind"] != gvk.kind:
            raise UsageError(
                f"{file} holds a {body['kind']}, not a {gvk.kind}",
                hints=(f"any kind: gitops apply -f {file}",),
            )
    if not bodies:
        raise UsageError(f"{file} holds no {gvk.kind}")
    return bodies


def _create(place: Place, gvk: GroupVersionKind, body: Body, *, dry_run: bool) -> None:
    metadata = dict(body.get("metadata") or {})
    if not gvk.kind.startswith("Cluster"):
        metadata["namespace"] = place.namespace
    try:
        made = place.cluster.create({**body, "metadata": metadata}, dry_run=dry_run)
    except AlreadyExistsError as error:
        name = metadata.get("name")
        raise AlreadyExistsError(
            f'{gvk.kind} "{name}" exists already in {place.environment.name}',
            hints=("change it in git, or: gitops apply -f FILE",),
        ) from error
    print(f"{gvk.kind.lower()}/{name_of(made)} created{' (dry run)' if dry_run else ''}")
