"""Artifacts: where each is kept, and what the executor fetches and saves."""

from __future__ import annotations

from toolkit.workflow.commands import InputArtifact, OutputArtifact
from toolkit.workflow.nodes import Row
from toolkit.workflow.run import Run

_SUFFIXES = {"tar": ".tgz", "zip": ".zip", "none": ""}
_STORES = ("s3", "gcs", "oss", "azure", "artifactory", "hdfs", "plugin")


def input_artifacts(template: Row) -> tuple[InputArtifact, ...]:
    """Those to be fetched before the container starts; raw ones are input files."""
    return tuple(
        InputArtifact(
            name=str(artifact["name"]),
            path=str(artifact["path"]),
            key=key_of(artifact),
            location={key: artifact[key] for key in artifact if key in {*_STORES, "http", "git"}},
            archive=_archive(artifact),
            is_optional=bool(artifact.get("optional")),
            mode=artifact.get("mode"),
        )
        for artifact in (template.get("inputs") or {}).get("artifacts") or ()
        if artifact.get("path") and artifact.get("raw") is None and _is_somewhere(artifact)
    )


def output_artifacts(run: Run, template: Row, pod: str) -> tuple[OutputArtifact, ...]:
    """Those to be saved when the container has ended."""
    folder = f"{run.namespace}/{run.name}/{pod}"
    return tuple(
        OutputArtifact(
            name=str(artifact["name"]),
            path=str(artifact["path"]),
            key=key_of(artifact) or f"{folder}/{artifact['name']}{_SUFFIXES[_archive(artifact)]}",
            archive=_archive(artifact),
            is_optional=bool(artifact.get("optional")),
        )
        for artifact in (template.get("outputs") or {}).get("artifacts") or ()
        if artifact.get("path")
    )


def key_of(artifact: Row) -> str:
    """The key in the artifact's store, "" where it names none."""
    for store in _STORES:
        if artifact.get(store) is not None:
            return str((artifact[store] or {}).get("key") or "")
    return ""


def with_sub_path(artifact: Row, path: str) -> Row:
    """The artifact below a path of the one it is taken from."""
    for store in _STORES:
        if artifact.get(store):
            key = str(artifact[store].get("key") or "").rstrip("/")
            return {**artifact, store: {**artifact[store], "key": f"{key}/{path.lstrip('/')}"}}
    return artifact


def _archive(artifact: Row) -> str:
    archive = artifact.get("archive") or {}
    if "none" in archive:
        return "none"
    return "zip" if "zip" in archive else "tar"


def _is_somewhere(artifact: Row) -> bool:
    return bool(key_of(artifact)) or "http" in artifact or "git" in artifact
