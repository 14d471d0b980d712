"""A workflow from a file, as if it stood in the environment's overlay."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any, Final

from toolkit.adapters.files import DiskTree
from toolkit.kustomize.build import build
from toolkit.kustomize.ports import FileTree, RemoteSource
from toolkit.kustomize.result import BuildOptions
from toolkit.repository.settings import Environment
from toolkit.resource.copying import copy_json
from toolkit.resource.resource import Body
from toolkit.wiring.remote import open_remote
from toolkit.wiring.workspace import Workspace
from toolkit.yaml import SETTINGS, emit, emit_all, load_all

_FOLDER: Final = ".gitops-run"
_OBJECTS: Final = "objects.yaml"
_KUSTOMIZATIONS: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_SHARED_FIELDS: Final = ("namespace", "labels", "commonLabels", "commonAnnotations", "images")
"""What an overlay says of all its objects, and so of a workflow that runs beside them."""


def in_environment(
    workspace: Workspace,
    environment: Environment,
    bodies: Sequence[Body],
    *,
    remote: RemoteSource | None = None,
) -> list[Body]:
    """Copies of ``bodies`` with the overlay's namespace, labels, annotations and images, and with
    the names that its objects have there (a generated ConfigMap's hash).

    An environment without an overlay in the work tree adds nothing. Raises what a build raises.
    """
    tree = DiskTree(workspace.root)
    shared = _shared_fields(tree, environment.overlay)
    if shared is None:
        return [copy_json(body) for body in bodies]
    named = [_named(body, number) for number, body in enumerate(bodies)]
    up = posixpath.relpath(environment.overlay, _FOLDER)
    kustomization = {**shared, "resources": [up, _OBJECTS]}
    files = {
        f"{_FOLDER}/kustomization.yaml": emit(kustomization).encode(),
        f"{_FOLDER}/{_OBJECTS}": emit_all(named).encode(),
    }
    options = BuildOptions(environment.compat.value)
    with nullcontext(remote) if remote else open_remote(workspace.root) as source:
        result = build(_Beside(tree, files), _FOLDER, options, remote=lambda: source)
    built = [r.body for r in result.resources if r.origin.path == f"{_FOLDER}/{_OBJECTS}"]
    return [_unnamed(copy_json(after), before) for after, before in zip(built, bodies, strict=True)]


def _shared_fields(tree: FileTree, overlay: str) -> dict[str, Any] | None:
    for name in _KUSTOMIZATIONS:
        path = posixpath.join(overlay, name)
        if tree.is_file(path):
            [fields, *_] = load_all(tree.read(path), path, dialect=SETTINGS)
            return {key: fields[key] for key in _SHARED_FIELDS if key in fields}
    return None


def _named(body: Body, number: int) -> Body:
    """With a name where it has none: a build needs one."""
    metadata = {**(body.get("metadata") or {}), "name": f"run-{number}"}
    return {**body, "metadata": metadata}


def _unnamed(body: Body, original: Body) -> Body:
    """With the name it had: a prefix is for objects that are synced."""
    metadata = original.get("metadata") or {}
    body["metadata"].pop("name", None)
    for key in ("name", "generateName"):
        if key in metadata:
            body["metadata"][key] = metadata[key]
    return body


class _Beside:
    """A tree with one more folder."""

    def __init__(self, tree: FileTree, files: dict[str, bytes]) -> None:
        self._tree = tree
        self._files = files

    def read(self, path: str) -> bytes:
        return self._files[path] if path in self._files else self._tree.read(path)

    def is_file(self, path: str) -> bool:
        return path in self._files or self._tree.is_file(path)

    def is_dir(self, path: str) -> bool:
        return path == _FOLDER or self._tree.is_dir(path)

    def names(self, path: str) -> tuple[str, ...]:
        if path == _FOLDER:
            return tuple(sorted(posixpath.basename(file) for file in self._files))
        return self._tree.names(path)

    def resolve(self, path: str) -> str | None:
        if path == _FOLDER or path in self._files:
            return path
        return self._tree.resolve(path)
