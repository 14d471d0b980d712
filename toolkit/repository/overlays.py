"""Which mode a build of a folder takes, read from gitops.yaml on the hot build path.

No dataclasses and no schema here: a build of ten files takes less time than their import. What is
broken is reported by the verbs that load all the settings.
"""

from __future__ import annotations

from typing import Any

from toolkit.yaml.dialect import STRICT_SETTINGS
from toolkit.yaml.parse import load_all

STANDARD_MODE = "kustomize"
_ENVIRONMENT_MODE = "argo"


def overlay_of(text: bytes, path: str, target: str) -> tuple[str, str]:
    """(folder, mode) of a build's ``target``: an environment's name, or a folder from the root.

    A folder that is an environment's overlay takes its mode; any other one is built exactly as
    kustomize does. Raises YamlError.
    """
    documents = load_all(text, path, dialect=STRICT_SETTINGS)
    environments = _mapping(_mapping(documents[0] if documents else None).get("environments"))
    folder = _folder(_mapping(environments.get(target)).get("overlay")) or _folder(target)
    for fields in map(_mapping, environments.values()):
        if _folder(fields.get("overlay")) == folder:
            return folder, str(fields.get("compat", _ENVIRONMENT_MODE))
    return folder, STANDARD_MODE


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _folder(value: Any) -> str:
    return value.rstrip("/").removeprefix("./") if isinstance(value, str) else ""
