"""``gitops build -o FOLDER``: a file an object, named as kustomize names them."""

from __future__ import annotations

from pathlib import Path

from toolkit.kustomize.result import BuildResult
from toolkit.resource.identity import GroupVersionKind
from toolkit.yaml.emit import emit


def write_folder(result: BuildResult, folder: str) -> None:
    """``<group_version_kind>_<name>.yaml``; ``<namespace>_`` before it where there are several."""
    namespaces = {resource.id.namespace for resource in result.resources}
    for resource in result.resources:
        gvk = GroupVersionKind.of(resource.body)
        kind = "_".join(part for part in (gvk.group, gvk.version, gvk.kind) if part)
        name = f"{kind}_{resource.id.name}.yaml".lower()
        if len(namespaces) > 1 and resource.id.namespace:
            name = f"{resource.id.namespace}_{name}"
        (Path(folder) / name.replace("/", "_")).write_text(emit(resource.body), encoding="utf-8")
