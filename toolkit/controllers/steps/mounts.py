"""Volumes of a step that are folders: the pod's own, PersistentVolumeClaims, and this machine's."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from toolkit.controllers.steps.claims import bound_claim, volume_key
from toolkit.errors import ExecutionError
from toolkit.resource.cluster import Cluster
from toolkit.workflow.commands import ContainerCall
from toolkit.workflow.ports import PodAddress, VolumeMount

_FOLDERS = ("persistentVolumeClaim", "hostPath", "emptyDir", "ephemeral")


def is_folder(volume: Mapping[str, Any]) -> bool:
    """Whether it is a folder that others see too: the pod's containers, or later steps."""
    return any(kind in volume for kind in _FOLDERS)


def mounts_of(
    call: ContainerCall, cluster: Cluster, address: PodAddress
) -> tuple[VolumeMount, ...]:
    """Where the volumes of ``call`` are that are folders. Raises ExecutionError for a claim that
    is not there, and for a path that leads outside its volume.
    """
    volumes = {str(volume.get("name")): volume for volume in call.volumes}
    return tuple(
        _mount(mount, volumes[str(mount.get("name"))], cluster, address)
        for mount in call.volume_mounts
        if is_folder(volumes.get(str(mount.get("name")), {}))
    )


def _mount(
    mount: Mapping[str, Any], volume: Mapping[str, Any], cluster: Cluster, address: PodAddress
) -> VolumeMount:
    claim: Mapping[str, Any] | None = volume.get("persistentVolumeClaim")
    if claim is not None:
        found = bound_claim(cluster, address.namespace, str(claim.get("claimName") or ""))
        source = volume_key(address.cluster, found)
    elif "hostPath" in volume:
        source = str((volume["hostPath"] or {}).get("path") or "")
    else:
        source = str(volume["name"])
    return VolumeMount(
        path=str(mount.get("mountPath")),
        volume=_below(source, str(mount.get("subPath") or "")),
        is_read_only=bool(mount.get("readOnly") or (claim or {}).get("readOnly")),
        is_host="hostPath" in volume,
        is_pods=claim is None and "hostPath" not in volume,
    )


def _below(source: str, sub_path: str) -> str:
    if not sub_path:
        return source
    if sub_path.startswith("/") or ".." in sub_path.split("/"):
        raise ExecutionError(f"subPath {sub_path!r} leads outside the volume")
    return posixpath.join(source, posixpath.normpath(sub_path))
