"""Artifacts: where each is kept, and what the executor fetches and saves.

An artifact says its whole place, or only a key: then the rest is that of the template's
``archiveLocation``, else of the run's repository (``artifactRepositoryRef``, the ConfigMap
``artifact-repositories``), else the default store of this machine, whose keys status shows as
``s3.key``, as Argo does for its repository.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Final

from toolkit.workflow.commands import InputArtifact, OutputArtifact
from toolkit.workflow.nodes import Row
from toolkit.workflow.run import Run
from toolkit.workflow.spec.definition import Definition
from toolkit.workflow.substitution.parameters import text_of
from toolkit.workflow.substitution.scope import Scope
from toolkit.workflow.substitution.substitute import replace

_SUFFIXES: Final = {"tar": ".tgz", "zip": ".zip"}
_KEYS: Final[Mapping[str, str]] = {
    "s3": "key", "gcs": "key", "oss": "key", "azure": "blob", "hdfs": "path", "plugin": "key",
    "artifactory": "url",
}  # fmt: skip
"""Kinds of places, and where each has its key."""

_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "s3": ("endpoint", "bucket", "key"), "gcs": ("bucket", "key"),
    "oss": ("endpoint", "bucket", "key"), "azure": ("endpoint", "container", "blob"),
    "hdfs": ("addresses", "path"), "artifactory": ("url",), "http": ("url",), "git": ("repo",),
    "plugin": ("name", "key"),
}  # fmt: skip
"""What makes a place whole."""

_DEFAULT_PATTERN: Final = "{{workflow.name}}/{{pod.name}}"
_MAIN: Final = "main"


class Archive:
    """Where ``pod``, of a template, keeps what names no place: ``location`` is whole but for its
    key, {} the default store; ``folder`` is the key below which it keeps.
    """

    __slots__ = ("folder", "location", "logs", "pod")

    def __init__(self, run: Run, template: Row, pod: str, scope: Scope) -> None:
        self.pod = pod
        own = template.get("archiveLocation") or {}
        repository = run.definition.repository
        location = _base(own, repository)
        kind = _kind(location)
        self.location: Row = {kind: location[kind]} if kind else {}
        pattern = key_of(location)
        if kind:
            self.folder = replace(pattern, scope)
        else:
            self.folder = f"{run.namespace}/{run.name}/{pod}"
        self.logs = _keeps_logs(run.definition, own)

    @property
    def kind(self) -> str:
        return _kind(self.location) or "s3"

    def at(self, key: str) -> Row:
        """The place of a key; {} where it is in the default store."""
        return _at(self.location, key)

    def key_for(self, file: str) -> str:
        return posixpath.join(self.folder, file)


def input_artifacts(template: Row, archive: Archive) -> tuple[InputArtifact, ...]:
    """Those to be fetched before the container starts; raw ones are input files."""
    return tuple(
        InputArtifact(
            name=str(artifact["name"]),
            path=str(artifact["path"]),
            key=key_of(artifact),
            location=place_of(artifact, archive),
            archive=_packing(artifact),
            is_optional=bool(artifact.get("optional")),
            mode=artifact.get("mode"),
            recurse_mode=bool(artifact.get("recurseMode")),
        )
        for artifact in (template.get("inputs") or {}).get("artifacts") or ()
        if artifact.get("path") and artifact.get("raw") is None and is_placed(artifact)
    )


def raw_artifacts(template: Row) -> list[tuple[Row, str]]:
    """Input artifacts whose content stands in the template, each with it."""
    declared = (template.get("inputs") or {}).get("artifacts") or ()
    return [
        (artifact, text_of(artifact["raw"].get("data", "")))
        for artifact in declared
        if artifact.get("raw") is not None
    ]


def output_artifacts(template: Row, archive: Archive) -> tuple[OutputArtifact, ...]:
    """Those to be saved when the container has ended; its log too where that is archived."""
    found = [
        _output(artifact, archive)
        for artifact in (template.get("outputs") or {}).get("artifacts") or ()
        if artifact.get("path")
    ]
    return (*found, *(_log(name, archive) for name in _logged(template, archive)))


def kept_at(template: Row, archive: Archive) -> list[Row]:
    """The output artifacts that a template declares, each with the place where it will be."""
    declared = (template.get("outputs") or {}).get("artifacts") or ()
    kept = [_with_key(artifact, archive) for artifact in declared]
    for name in _logged(template, archive):
        key = archive.key_for(f"{name}.log")
        place = {archive.kind: {_KEYS[archive.kind]: key}}
        kept.append({"name": f"{name}-logs", "optional": True, **place})
    return kept


def place_of(artifact: Row, archive: Archive) -> Row:
    """The whole place of an artifact, {} where it is in the default store."""
    own = whole_place(artifact)
    return own or archive.at(key_of(artifact))


def place_in(artifact: Row, own: Row, repository: Row) -> Row:
    """As :func:`place_of`, where a template's ``archiveLocation`` and the run's repository are
    known, and no more.
    """
    return whole_place(artifact) or _at(_base(own, repository), key_of(artifact))


def whole_place(artifact: Row) -> Row:
    """The place an artifact names, where it names all of it, else {}."""
    if not artifact:
        return {}
    for kind, needed in _PLACES.items():
        fields = artifact.get(kind)
        if fields and all(fields.get(field) for field in needed):
            return {kind: fields}
    return {}


def key_of(artifact: Row) -> str:
    """The key in the artifact's store, "" where it names none."""
    kind = _kind(artifact)
    return str((artifact[kind] or {}).get(_KEYS[kind]) or "") if kind else ""


def with_sub_path(artifact: Row, path: str) -> Row:
    """The artifact below a path of the one it is taken from."""
    kind = _kind(artifact)
    if not kind or not artifact[kind]:
        return artifact
    key = posixpath.join(key_of(artifact).rstrip("/"), path.lstrip("/"))
    return {**artifact, kind: {**artifact[kind], _KEYS[kind]: key}}


def _base(own: Row, repository: Row) -> Row:
    """Where what names no place is kept; {} is the default store."""
    return own if whole_place(own) else _of_repository(repository)


def _at(base: Row, key: str) -> Row:
    kind = _kind(base)
    return {kind: {**base[kind], _KEYS[kind]: key}} if kind else {}


def _of_repository(repository: Row) -> Row:
    """A repository as a place whose key is a pattern."""
    kind = _kind(repository)
    if not kind:
        return {}
    fields = dict(repository[kind])
    pattern = str(fields.pop("keyFormat", None) or "")
    pattern = pattern or posixpath.join(str(fields.pop("keyPrefix", "") or ""), _DEFAULT_PATTERN)
    if kind == "artifactory":
        pattern = posixpath.join(str(fields.pop("repoURL", "") or ""), pattern)
    return {kind: {**fields, _KEYS[kind]: pattern}}


def _keeps_logs(definition: Definition, own: Row) -> bool:
    """The repository says yes for all; else the template, else the workflow."""
    if definition.repository.get("archiveLogs"):
        return True
    if own.get("archiveLogs") is not None:
        return bool(own["archiveLogs"])
    return bool(definition.spec.get("archiveLogs"))


def _output(artifact: Row, archive: Archive) -> OutputArtifact:
    kept = _with_key(artifact, archive)
    tar = (artifact.get("archive") or {}).get("tar") or {}
    return OutputArtifact(
        name=str(artifact["name"]),
        path=str(artifact["path"]),
        key=key_of(kept),
        archive=_packing(artifact),
        is_optional=bool(artifact.get("optional")),
        location=place_of(kept, archive),
        compression=tar.get("compressionLevel"),
    )


def _logged(template: Row, archive: Archive) -> list[str]:
    """The containers whose logs are archived, as ``<name>-logs``."""
    members = (template.get("containerSet") or {}).get("containers")
    names = [str(member.get("name")) for member in members] if members else [_MAIN]
    return names if archive.logs else []


def _log(name: str, archive: Archive) -> OutputArtifact:
    key = archive.key_for(f"{name}.log")
    place = archive.at(key)
    return OutputArtifact(
        f"{name}-logs", "", key, "none", is_optional=True, location=place, log_of=name
    )


def _with_key(artifact: Row, archive: Archive) -> Row:
    """One that names no key gets the archive's, and the archive's kind."""
    if not artifact.get("path") or is_placed(artifact):
        return artifact
    packing = _packing(artifact)
    file = f"{artifact['name']}{_SUFFIXES[packing]}" if packing in _SUFFIXES else ""
    key = archive.key_for(file or posixpath.basename(str(artifact["path"]).rstrip("/")))
    rest = {name: value for name, value in artifact.items() if name not in _KEYS}
    return {**rest, archive.kind: {_KEYS[archive.kind]: key}}


def _packing(artifact: Row) -> str:
    archive = artifact.get("archive") or {}
    if "none" in archive:
        return "none"
    return "zip" if "zip" in archive else "tar"


def is_placed(artifact: Row) -> bool:
    """Whether it says where it is: wholly, or by a key."""
    return bool(key_of(artifact)) or bool(artifact.get("http")) or bool(artifact.get("git"))


def _kind(artifact: Row) -> str:
    if not artifact:
        return ""
    return next((kind for kind in _KEYS if artifact.get(kind) is not None), "")
