"""What the operate verbs share: the environment's cluster, targets, output."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from toolkit.errors import ConflictError, NotFoundError, UsageError
from toolkit.resource.cluster import Cluster, ObjectRef
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body

if TYPE_CHECKING:
    from toolkit.repository.settings import Environment
    from toolkit.wiring.workspace import Workspace

LATEST = "@latest"
_UPDATE_ATTEMPTS = 5

env_option = click.option(
    "--env", "env", metavar="ENV", help="The environment; else gitops.yaml's defaultEnvironment."
)
_OUTPUTS = ("json", "yaml", "name")
output_option = click.option(
    "-o",
    "--output",
    type=click.Choice(["text", *_OUTPUTS]),
    default="text",
    show_default=True,
    help="How to print.",
)
wide_output_option = click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "wide", *_OUTPUTS]),
    default="text",
    show_default=True,
    help="How to print; wide is text with more columns.",
)
AS_TEXT = frozenset({"text", "wide"})
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be done; do nothing.")


@dataclass(frozen=True, slots=True)
class Place:
    """An environment's cluster, open."""

    workspace: Workspace
    environment: Environment
    cluster: Cluster

    @property
    def namespace(self) -> str:
        return self.environment.namespace

    def ref(self, gvk: GroupVersionKind, name: str) -> ObjectRef:
        """An object of the environment's namespace (or of none: cluster-scoped kinds)."""
        scope = "" if gvk.kind.startswith("Cluster") else self.namespace
        return ObjectRef(gvk, scope, name)


@contextmanager
def opened(env: str | None, *, write: bool = False) -> Iterator[Place]:
    """The environment's cluster, wherever it is (:func:`toolkit.wiring.clusters.open_cluster`)."""
    from toolkit.wiring.clusters import open_cluster
    from toolkit.wiring.workspace import find_workspace

    workspace = find_workspace()
    environment = workspace.settings().environment(env)
    with open_cluster(workspace, environment, write=write) as cluster:
        yield Place(workspace, environment, cluster)


def now() -> datetime:
    """The present instant."""
    return datetime.now(UTC)


def find(place: Place, gvk: GroupVersionKind, name: str) -> Body:
    """One object; ``@latest`` is the newest. Raises NotFoundError with what is close."""
    if name == LATEST:
        return _latest(place, gvk)
    body = place.cluster.get(place.ref(gvk, name))
    if body is not None:
        return body
    raise NotFoundError(
        f'{gvk.kind} "{name}" not found in {place.environment.name} ({place.namespace})',
        hints=_close_to(name, _all(place, gvk)),
    )


def change(place: Place, gvk: GroupVersionKind, name: str, edit: Callable[[Body], Body]) -> Body:
    """Reads, edits, writes; again where somebody else was faster."""
    name = name_of(find(place, gvk, name))
    for _ in range(_UPDATE_ATTEMPTS - 1):
        try:
            return place.cluster.update(edit(find(place, gvk, name)))
        except ConflictError:
            continue
    return place.cluster.update(edit(find(place, gvk, name)))


def name_of(body: Mapping[str, Any]) -> str:
    """``metadata.name``."""
    return str((body.get("metadata") or {}).get("name", ""))


def print_object(body: Mapping[str, Any], output: str) -> None:
    """An object as JSON, YAML, or ``kind/name``."""
    if output == "name":
        print(f"{str(body.get('kind', '')).lower()}/{name_of(body)}")
    elif output == "json":
        print(json.dumps(_shown(body), indent=2, ensure_ascii=False))
    else:
        from toolkit.yaml import emit

        sys.stdout.write(emit(_shown(body)))


def print_objects(bodies: list[Mapping[str, Any]], output: str) -> None:
    """Several objects: a ``List`` as JSON, documents as YAML, or names."""
    if output == "json":
        document = {"apiVersion": "v1", "kind": "List", "items": [_shown(one) for one in bodies]}
        print(json.dumps(document, indent=2, ensure_ascii=False))
        return
    for index, body in enumerate(bodies):
        if output == "yaml" and index:
            print("---")
        print_object(body, output)


def read_documents(file: str) -> list[tuple[int, Body]]:
    """Objects of a file (``-`` is standard input), each with its document number.

    Raises UsageError where the file is missing, FindingsError where it holds something else than
    objects.
    """
    from pathlib import Path

    from toolkit.wiring.validation import read_documents as of_text

    if file == "-":
        shown, content = "standard input", sys.stdin.buffer.read()
    else:
        try:
            shown, content = file, Path(file).read_bytes()
        except OSError as error:
            raise UsageError(f"{file}: {error.strerror}") from error
    return of_text(content, shown)


def _latest(place: Place, gvk: GroupVersionKind) -> Body:
    from toolkit.report.workflow_table import newest_first

    bodies = newest_first(_all(place, gvk))
    if not bodies:
        raise NotFoundError(f"there is no {gvk.kind} in {place.environment.name}")
    return dict(bodies[0])


def _all(place: Place, gvk: GroupVersionKind) -> tuple[Body, ...]:
    return place.cluster.list(gvk, place.ref(gvk, "").namespace).items


def _close_to(name: str, bodies: tuple[Body, ...]) -> tuple[str, ...]:
    from difflib import get_close_matches

    names = [name_of(body) for body in bodies]
    close = get_close_matches(name, names, n=1, cutoff=0.5)
    if close:
        return (f"did you mean {close[0]!r}?",)
    return () if names else ("there are none",)


def _shown(body: Mapping[str, Any]) -> dict[str, Any]:
    """Without the bookkeeping nobody reads."""
    metadata = {k: v for k, v in (body.get("metadata") or {}).items() if k != "managedFields"}
    return {**body, "metadata": metadata}
