"""PersistentVolumeClaims of the embedded cluster: each is a folder that the executor keeps.

A claim is bound when a step first mounts it. Its folder carries the claim's uid, so that a claim
made anew under an old name is empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from toolkit.errors import AlreadyExistsError, ConflictError, ExecutionError, NotFoundError
from toolkit.resource.cluster import Cluster, ObjectRef
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.workflow.pods.claims import claims_of, keeps_claims
from toolkit.workflow.ports import VolumeStore
from toolkit.workflow.run import Run
from toolkit.workflow.status.projection import GROUP, workflow_reference

CLAIM = GroupVersionKind("", "v1", "PersistentVolumeClaim")


def volume_key(logical_cluster: str, claim: Body) -> str:
    """What the executor's volume store knows a claim by."""
    metadata = claim["metadata"]
    return f"{logical_cluster}/{metadata['namespace']}/{metadata['name']}.{metadata['uid'][:8]}"


def bound_claim(cluster: Cluster, namespace: str, name: str) -> Body:
    """The claim, bound. Raises ExecutionError where there is none."""
    claim = cluster.get(ObjectRef(CLAIM, namespace, name)) if name else None
    if claim is None:
        raise ExecutionError(
            f'persistentvolumeclaim "{name}" not found',
            hints=[f"add a PersistentVolumeClaim {name} to resources/, or gitops apply -f it"],
        )
    if (claim.get("status") or {}).get("phase") != "Bound":
        _bind(cluster, claim)
    return claim


def ensure_claims(cluster: Cluster, run: Run) -> None:
    """Makes the claims of ``volumeClaimTemplates`` that are not there. Raises ExecutionError for
    one that belongs to another.
    """
    for name, template in claims_of(run):
        claim = {**template, "apiVersion": "v1", "kind": "PersistentVolumeClaim"}
        metadata = template.get("metadata") or {}
        claim["metadata"] = {
            **metadata,
            "name": name,
            "namespace": run.namespace,
            "labels": {**(metadata.get("labels") or {}), f"{GROUP}/workflow": run.name},
            "ownerReferences": [workflow_reference(run)],
        }
        try:
            cluster.create(claim)
        except AlreadyExistsError:
            _check_owner(cluster, run, name)


def release_claims(cluster: Cluster, run: Run, volumes: VolumeStore, logical_cluster: str) -> None:
    """A run has ended: its own claims go, unless ``volumeClaimGC`` keeps them for a retry."""
    if keeps_claims(run):
        return
    for name, _ in claims_of(run):
        ref = ObjectRef(CLAIM, run.namespace, name)
        claim = cluster.get(ref)
        if claim is None or not _is_owned(claim, run):
            continue
        with suppress(NotFoundError):
            cluster.delete(ref)
        volumes.remove(volume_key(logical_cluster, claim))


def sweep_claims(cluster: Cluster, volumes: VolumeStore, logical_cluster: str) -> None:
    """Folders of claims that are gone go too."""
    listed = cluster.list(CLAIM)
    volumes.sweep(logical_cluster, {volume_key(logical_cluster, claim) for claim in listed.items})


def _bind(cluster: Cluster, claim: Body) -> None:
    spec: Mapping[str, Any] = claim.get("spec") or {}
    status = {
        "phase": "Bound",
        "accessModes": spec.get("accessModes") or ["ReadWriteOnce"],
        "capacity": (spec.get("resources") or {}).get("requests") or {},
    }
    try:
        cluster.update_status({**claim, "status": status})
    except (ConflictError, NotFoundError):
        return  # somebody else writes it: the next step that mounts it binds it


def _check_owner(cluster: Cluster, run: Run, name: str) -> None:
    claim = cluster.get(ObjectRef(CLAIM, run.namespace, name))
    if claim is not None and not _is_owned(claim, run):
        raise ExecutionError(f"{name} pvc already exists with different ownerreference")


def _is_owned(claim: Body, run: Run) -> bool:
    owners = claim["metadata"].get("ownerReferences") or ()
    return any(owner.get("uid") == run.uid for owner in owners)
