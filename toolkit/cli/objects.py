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
    """Creates every object of the files; all must be of the kind, and none broken. They are
    nobody's but the caller's: the reconciler neither changes nor prunes them.
    """
    from toolkit.wiring.validation import refuse_broken

    documents = [(file, _of_kind(gvk, file)) for file in files]
    with opened(env, write=not dry_run) as place:
        placed = [
            (file, [(number, _placed(place, gvk, body)) for number, body in found])
            for file, found in documents
        ]
        for file, found in placed:
            refuse_broken(found, file, cluster=place.cluster, namespace=place.namespace)
        for _, body in (document for _, found in placed for document in found):
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


def _of_kind(gvk: GroupVersionKind, file: str) -> list[tuple[int, Body]]:
    documents = read_documents(file)
    for _, body in documents:
        if body["kind"] != gvk.kind:
            raise UsageError(
                f"{file} holds a {body['kind']}, not a {gvk.kind}",
                hints=(f"any kind: gitops apply -f {file}",),
            )
    if not documents:
        raise UsageError(f"{file} holds no {gvk.kind}")
    return documents


def _placed(place: Place, gvk: GroupVersionKind, body: Body) -> Body:
    """In the environment's namespace, where the kind has one."""
    if gvk.kind.startswith("Cluster"):
        return body
    return {**body, "metadata": {**(body.get("metadata") or {}), "namespace": place.namespace}}


def _create(place: Place, gvk: GroupVersionKind, body: Body, *, dry_run: bool) -> None:
    try:
        made = place.cluster.create(body, dry_run=dry_run)
    except AlreadyExistsError as error:
        raise AlreadyExistsError(
            f'{gvk.kind} "{name_of(body)}" exists already in {place.environment.name}',
            hints=("change it in git, or: gitops apply -f FILE",),
        ) from error
    print(f"{gvk.kind.lower()}/{name_of(made)} created{' (dry run)' if dry_run else ''}")
