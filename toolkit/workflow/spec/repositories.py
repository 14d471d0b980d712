"""The artifact repository of a run: from a ConfigMap, chosen when it is submitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from toolkit.errors import ExpressionError, YamlError
from toolkit.workflow.nodes import Row
from toolkit.workflow.spec.library import REPOSITORIES, Library
from toolkit.yaml import load_all

DEFAULT_KEY: Final = "workflows.argoproj.io/default-artifact-repository"
"""The annotation that names the key to take where none is asked for."""


class RepositoryError(ExpressionError):
    """There is no such repository, or it cannot be read."""


def config_map_of(spec: Row) -> str:
    """The ConfigMap in which a workflow's repository is."""
    return str((spec.get("artifactRepositoryRef") or {}).get("configMap") or REPOSITORIES)


def default_key_of(body: Mapping[str, Row]) -> str:
    """The key that a ConfigMap names as its default, "" where it names none."""
    annotations = body.get("metadata", {}).get("annotations") or {}
    return str(annotations.get(DEFAULT_KEY) or "")


def reference_of(spec: Row, library: Library) -> Row:
    """Where :func:`repository_of` finds it: ``configMap`` and ``key``; {} is the default store."""
    reference: Row = spec.get("artifactRepositoryRef") or {}
    name = config_map_of(spec)
    key = str(reference.get("key") or library.default_keys.get(name, ""))
    if library.config_maps.get(name, {}).get(key) is None:
        return {}
    return {"configMap": name, "key": key}


def repository_of(spec: Row, library: Library) -> Row:
    """The repository; {} is the default store. Raises RepositoryError where the workflow asks for
    one that is not there.
    """
    reference: Row = spec.get("artifactRepositoryRef") or {}
    name = config_map_of(spec)
    key = str(reference.get("key") or library.default_keys.get(name, ""))
    text = library.config_maps.get(name, {}).get(key)
    if text is None and not reference:
        return {}
    if text is None:
        said = f"{reference.get('configMap') or ''}#{reference.get('key') or ''}"
        raise RepositoryError(
            f'failed to find any artifact repository for artifact repository ref "{said}"'
        )
    try:
        documents = load_all(text, f"ConfigMap {name}, {key}")
    except YamlError as error:
        raise RepositoryError(f"artifact repository {name}#{key}: {error}") from error
    repository = documents[0] if documents else {}
    if not isinstance(repository, dict):
        raise RepositoryError(f"artifact repository {name}#{key} is no map")
    return repository
