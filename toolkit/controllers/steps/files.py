"""The files of a step's volumes: ConfigMaps, Secrets, the downward API, and these projected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.controllers.steps.downward import Downward
from toolkit.controllers.steps.lookup import CONFIG_MAP, SECRET, Lookup
from toolkit.controllers.steps.mounts import is_folder
from toolkit.errors import ExecutionError
from toolkit.workflow.commands import ContainerCall


def files_of(call: ContainerCall, lookup: Lookup, downward: Downward) -> dict[str, bytes]:
    """By absolute path. Raises ExecutionError for what is missing or not supported."""
    volumes = {str(volume.get("name")): volume for volume in call.volumes}
    files: dict[str, bytes] = {}
    for mount in call.volume_mounts:
        name, path = str(mount.get("name")), str(mount.get("mountPath")).rstrip("/")
        if name not in volumes:
            raise ExecutionError(f'volume "{name}" is mounted but not declared')
        if is_folder(volumes[name]):
            continue
        content = _volume(volumes[name], lookup, downward)
        sub_path = str(mount.get("subPath") or "").strip("/")
        for key, value in content.items():
            if not sub_path:
                files[f"{path}/{key}"] = value
            elif key == sub_path:
                files[path] = value
            elif key.startswith(f"{sub_path}/"):
                files[f"{path}/{key[len(sub_path) + 1 :]}"] = value
    return files


def _volume(volume: Mapping[str, Any], lookup: Lookup, downward: Downward) -> Mapping[str, bytes]:
    """A volume's files by relative path."""
    for kind, gvk in (("configMap", CONFIG_MAP), ("secret", SECRET)):
        if kind in volume:
            return _chosen(lookup.entries(gvk, volume[kind] or {}), volume[kind] or {})
    if "projected" in volume:
        merged: dict[str, bytes] = {}
        for source in (volume["projected"] or {}).get("sources") or ():
            merged |= _volume({"name": volume.get("name"), **source}, lookup, downward)
        return merged
    if "downwardAPI" in volume:
        return {
            _relative(str(item.get("path"))): downward.value(item).encode()
            for item in (volume["downwardAPI"] or {}).get("items") or ()
        }
    kind = next((key for key in volume if key != "name"), "no source")
    raise ExecutionError(f'volume "{volume.get("name")}": {kind} is not supported here')


def _chosen(entries: Mapping[str, bytes], source: Mapping[str, Any]) -> Mapping[str, bytes]:
    """All keys, or the ``items``."""
    if not source.get("items"):
        return entries
    chosen: dict[str, bytes] = {}
    for item in source["items"]:
        key, path = str(item.get("key")), _relative(str(item.get("path")))
        if key in entries:
            chosen[path] = entries[key]
        elif not source.get("optional"):
            owner = source.get("name") or source.get("secretName")
            raise ExecutionError(f"key {key} not found in {owner}")
    return chosen


def _relative(path: str) -> str:
    if ".." in path.split("/") or path.startswith("/"):
        raise ExecutionError(f"volume path {path!r} leads outside the volume")
    return path
