"""What ``gitops validate`` checks: environments, folders, and manifests that are run by hand."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeGuard

from toolkit.errors import FindingsError, InputError, NotFoundError, UsageError, YamlError
from toolkit.kustomize.ports import RemoteSource
from toolkit.report.findings import TargetFindings
from toolkit.repository.settings import Settings
from toolkit.resource.cluster import Cluster
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body, Origin
from toolkit.validate import Document, Finding, Severity, validate_documents
from toolkit.validate.broken import finding_of_error
from toolkit.wiring.remote import open_remote
from toolkit.wiring.render import bodies_of, check, find_target, render, shown_paths, time_zones
from toolkit.wiring.submission import in_environment
from toolkit.wiring.workspace import Workspace
from toolkit.yaml.parse import load_all

_REFERRED = (
    GroupVersionKind("", "v1", "ConfigMap"),
    GroupVersionKind("argoproj.io", "v1alpha1", "WorkflowTemplate"),
    GroupVersionKind("argoproj.io", "v1alpha1", "ClusterWorkflowTemplate"),
)
"""What manifests refer to. Secrets are left alone: nobody need read them to check a name."""

MANUAL_FOLDER = "workflows"
STANDARD_INPUT = "-"
_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_YAML_ENDINGS = (".yaml", ".yml")


def check_targets(
    workspace: Workspace, targets: Sequence[str], *, environment: str | None = None
) -> tuple[TargetFindings, ...]:
    """The findings of each target: an environment's name, a folder with a kustomization, a file
    or folder of manifests, ``-`` for standard input. No target: every environment, and every file
    of ``workflows/``.

    Manifests are checked against the objects of ``environment`` (None: the default one). Errors
    of reading and building are findings. Raises UsageError for a target that does not exist.
    """
    try:
        settings = workspace.settings()
    except InputError as error:
        return (TargetFindings(workspace.settings_file.name, (finding_of_error(error),)),)
    chosen = settings.environment(environment).name
    names = targets or (*settings.environments, *_manual_files(workspace))
    with open_remote(workspace.root) as remote:
        checked = _Checked(workspace, settings, chosen, remote)
        return tuple(group for name in names for group in checked.findings_of(name))


def check_manifest(
    bodies: Iterable[tuple[int, Mapping[str, Any]]],
    text: str | bytes,
    path: str,
    *,
    environment: Iterable[Mapping[str, Any]] | None,
    is_submission: bool = False,
) -> tuple[Finding, ...]:
    """The findings of one file's documents, (position, body) each, before they are run or applied.

    ``environment``: the objects that are there; None where that is not known.
    """
    return validate_documents(
        [Document(body, Origin(path, index)) for index, body in bodies],
        sources=lambda _: text,
        environment=environment,
        zones=time_zones(),
        is_submission=is_submission,
    )


def read_documents(text: str | bytes, path: str) -> list[tuple[int, Body]]:
    """The objects of a file, each with its document number; ``kind: List`` stands for its items.

    Raises FindingsError where it is no YAML, or holds what is no object with apiVersion and kind.
    """
    refused = f"{path} is refused: nothing was changed"
    try:
        documents = load_all(text, path)
    except YamlError as error:
        raise FindingsError(refused, [finding_of_error(error)]) from error
    found = _without_lists((n, body) for n, body in enumerate(documents) if body is not None)
    broken = [(n, body) for n, body in found if not _has_type(body)]
    if broken:
        raise FindingsError(refused, check_manifest(broken, text, path, environment=None))
    return found


def _without_lists(documents: Iterable[tuple[int, Any]]) -> list[tuple[int, Any]]:
    flat: list[tuple[int, Any]] = []
    for number, body in documents:
        is_list = isinstance(body, dict) and body.get("kind") == "List"
        items = body.get("items") if is_list else None
        flat += [(number, item) for item in items] if isinstance(items, list) else [(number, body)]
    return flat


def _has_type(body: object) -> TypeGuard[Body]:
    return isinstance(body, dict) and all(
        isinstance(body.get(key), str) and body[key] for key in ("apiVersion", "kind")
    )


def refuse_broken(
    bodies: Iterable[tuple[int, Mapping[str, Any]]],
    path: str,
    *,
    cluster: Cluster,
    namespace: str,
    is_submission: bool = False,
) -> None:
    """Raises FindingsError where manifests that are about to be applied or run have an error.

    ``bodies``: (position, body) of each document in the file ``path``. They may refer to each
    other and to what is in the cluster. ``is_submission``: a run starts, so every parameter has
    its value.
    """
    file = Path(path)
    text = file.read_bytes() if file.is_file() else b""
    around = [body for gvk in _REFERRED for body in _listed(cluster, gvk, namespace)]
    findings = check_manifest(bodies, text, path, environment=around, is_submission=is_submission)
    if is_refused(findings):
        raise FindingsError(
            f"{path} is refused: nothing was changed",
            findings,
            hints=[f"check it at any time: gitops validate {path}"] if text else [],
        )


def is_refused(findings: Iterable[Finding], *, is_strict: bool = False) -> bool:
    """Whether findings refuse a publish; ``is_strict``: warnings do, too."""
    return any(is_strict or finding.severity is Severity.ERROR for finding in findings)


def _listed(cluster: Cluster, gvk: GroupVersionKind, namespace: str) -> tuple[Body, ...]:
    try:
        return cluster.list(gvk, "" if gvk.kind.startswith("Cluster") else namespace).items
    except NotFoundError:
        return ()


class _Checked:
    """One run of the verb: environments are built once, however many manifests look at them, and
    what is elsewhere is asked for once.
    """

    def __init__(
        self, workspace: Workspace, settings: Settings, environment: str, remote: RemoteSource
    ) -> None:
        self._remote = remote
        self._workspace = workspace
        self._settings = settings
        self._environment = environment
        self._surroundings = cache(self._rendered_bodies)

    def findings_of(self, name: str) -> Iterable[TargetFindings]:
        path = Path(name)
        if name == STANDARD_INPUT:
            yield TargetFindings("<stdin>", self._manifest(sys.stdin.buffer.read(), "<stdin>"))
        elif name in self._settings.environments or _is_kustomization(path):
            yield TargetFindings(name, self._target(name))
        elif path.is_file():
            yield TargetFindings(name, self._manifest(path.read_bytes(), name))
        elif path.is_dir() and (files := _yaml_files(path)):
            for file in files:
                yield TargetFindings(str(file), self._manifest(file.read_bytes(), str(file)))
        else:
            raise UsageError(
                f"nothing to validate at {name!r}",
                hints=[f"environments: {', '.join(self._settings.environments)}"],
            )

    def _target(self, name: str) -> tuple[Finding, ...]:
        find_target(self._workspace, self._settings, name)
        try:
            return check(render(self._workspace, name, remote=self._remote))
        except InputError as error:
            return (finding_of_error(error),)

    def _manifest(self, text: bytes, shown: str) -> tuple[Finding, ...]:
        try:
            documents = load_all(text, shown)
        except InputError as error:
            return (finding_of_error(error),)
        written = ((index, body) for index, body in enumerate(documents) if body is not None)
        bodies = _without_lists(written)
        surroundings = self._surroundings()
        if surroundings is not None:
            bodies = self._as_run(bodies)
        return check_manifest(bodies, text, shown, environment=surroundings)

    def _as_run(self, bodies: list[tuple[int, Body]]) -> list[tuple[int, Body]]:
        """As they would be run: with the names that objects have in the environment. What is too
        broken to be built stays as it is, and is found broken.
        """
        if not all(_has_identity(body) for _, body in bodies):
            return bodies
        environment = self._settings.environment(self._environment)
        plain = [body for _, body in bodies]
        try:
            built = in_environment(self._workspace, environment, plain, remote=self._remote)
        except InputError:
            return bodies
        return [(index, body) for (index, _), body in zip(bodies, built, strict=True)]

    def _rendered_bodies(self) -> list[Mapping[str, Any]] | None:
        """None where the environment cannot be built: that is a finding of its own."""
        try:
            return bodies_of(render(self._workspace, self._environment, remote=self._remote))
        except InputError:
            return None


def _manual_files(workspace: Workspace) -> tuple[str, ...]:
    shown = shown_paths(workspace)
    files = _yaml_files(workspace.root / MANUAL_FOLDER)
    return tuple(shown(file.relative_to(workspace.root).as_posix()) for file in files)


def _yaml_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in _YAML_ENDINGS)


def _has_identity(body: object) -> bool:
    return _has_type(body) and isinstance(body.get("metadata"), dict)


def _is_kustomization(path: Path) -> bool:
    return any((path / name).is_file() for name in _KUSTOMIZATIONS)
