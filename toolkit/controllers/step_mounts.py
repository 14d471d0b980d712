"""Volumes of a step that outlive it: PersistentVolumeClaims, and folders of this machine."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from toolkit.controllers.claims import bound_claim, volume_key
from toolkit.errors import ExecutionError
from toolkit.resource.cluster import Cluster
from toolkit.workflow.commands import ContainerCall
from toolkit.workflow.ports import PodAddress, VolumeMount

_LASTING = ("persistentVolumeClaim", "hostPath")


def is_lasting(volume: Mapping[str, Any]) -> bool:
    """Whether what a step writes there is there after it."""
    return any(kind in volume for kind in _LASTING)


def mounts_of(
    call: ContainerCall, cluster: Cluster, address: PodAddress
) -> tuple[VolumeMount, ...]:
    """Where the lasting volumes of ``call`` are. Raises ExecutionError for a claim that is not
    there, and for a path that leads outside its volume.
    """
    volumes = {str(volume.get("name")): volume for volume in call.volumes}
    return tuple(
        _mount(mount, volumes[str(mount.get("name"))], cluster, address)
        for mount in call.volume_mounts
        if is_lasting(volumes.get(str(mount.get("name")), {}))
    )


def _mount(
    mount: Mapping[str, Any], volume: Mapping[str, Any], cluster: Cluster, address: PodAddress
) -> VolumeMount:
    claim: Mapping[str, Any] | None = volume.get("persistentVolumeClaim")
    if claim is None:
        source = str((volume["hostPath"] or {}).get("path") or "")
    else:
        found = bound_claim(cluster, address.namespace, str(claim.get("claimName") or ""))
        source = volume_key(address.cluster, found)
    return VolumeMount(
        path=str(mount.get("mountPath")),
        volume=_below(source, str(mount.get("subPath") or "")),
        is_read_only=bool(mount.get("readOnly") or (claim or {}).get("readOnly")),
        is_host=claim is None,
    )


def _below(source: str, sub_path: str) -> str:
    if not sub_path:
        return source
    if sub_path.startswith("/") or ".." in sub_path.split("/"):
        raise ExecutionError(f"subPath {sub_path!r} leads outside the volume")
    return posixpath.join(source, posixpath.normpath(sub_path))
