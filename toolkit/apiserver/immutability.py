"""Fields that an update may not change, by kind: as Kubernetes' own validation has it.

A client that applies such a change must hear of it here, not on the first real cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from toolkit.apiserver.kinds import Kind
from toolkit.apiserver.text import is_same
from toolkit.resource.resource import Body

Cause = tuple[str, str]
"""A field path and what is wrong there."""

_FIXED: Final = "Invalid value: field is immutable"
_SEALED: Final = "Forbidden: field is immutable when `immutable` is set"
_CLAIM: Final = (
    "Forbidden: spec is immutable after creation except resources.requests and "
    "volumeAttributesClassName for bound claims"
)
_STATEFUL_SET: Final = (
    "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', "
    "'template', 'updateStrategy', 'revisionHistoryLimit', "
    "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
_POD: Final = (
    "Forbidden: pod updates may not change fields other than `spec.containers[*].image`, "
    "`spec.initContainers[*].image`, `spec.activeDeadlineSeconds`, `spec.tolerations` "
    "(only additions to existing tolerations), `spec.terminationGracePeriodSeconds`"
)

_FIELDS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "/Secret": (("type",),),
    "apps/DaemonSet": (("spec", "selector"),),
    "apps/Deployment": (("spec", "selector"),),
    "apps/ReplicaSet": (("spec", "selector"),),
    "batch/Job": (("spec", "selector"), ("spec", "template"), ("spec", "completionMode")),
    "rbac.authorization.k8s.io/ClusterRoleBinding": (("roleRef",),),
    "rbac.authorization.k8s.io/RoleBinding": (("roleRef",),),
    "scheduling.k8s.io/PriorityClass": (("value",),),
    "storage.k8s.io/StorageClass": (
        ("parameters",),
        ("provisioner",),
        ("reclaimPolicy",),
        ("volumeBindingMode",),
    ),
    "apiextensions.k8s.io/CustomResourceDefinition": (
        ("spec", "group"),
        ("spec", "names", "kind"),
        ("spec", "names", "plural"),
        ("spec", "scope"),
    ),
}

_SPECS: Final[Mapping[str, tuple[frozenset[str], str]]] = {
    "/PersistentVolumeClaim": (
        frozenset(["resources", "volumeAttributesClassName", "volumeName"]),
        _CLAIM,
    ),
    "apps/StatefulSet": (
        frozenset(
            [
                "minReadySeconds",
                "ordinals",
                "persistentVolumeClaimRetentionPolicy",
                "replicas",
                "revisionHistoryLimit",
                "template",
                "updateStrategy",
            ]
        ),
        _STATEFUL_SET,
    ),
}
"""Kinds whose ``spec`` is fixed but for some fields."""


def update_causes(kind: Kind, live: Body, body: Body) -> Iterator[Cause]:
    """What keeps ``body`` from taking the place of ``live``."""
    yield from _finalizer_causes(live, body)
    for path in _FIELDS.get(kind.storage, ()):
        if not is_same(_at(live, path), _at(body, path)):
            yield ".".join(path), _FIXED
    if found := _SPECS.get(kind.storage):
        free, told = found
        if not is_same(_without(live.get("spec"), free), _without(body.get("spec"), free)):
            yield "spec", told
    if check := _CHECKS.get(kind.storage):
        yield from check(live, body)


def _finalizer_causes(live: Body, body: Body) -> Iterator[Cause]:
    if not live["metadata"].get("deletionTimestamp"):
        return
    before = live["metadata"].get("finalizers") or []
    new = [f for f in body["metadata"].get("finalizers") or [] if f not in before]
    if new:
        told = "no new finalizers can be added if the object is being deleted, found new finalizers"
        yield "metadata.finalizers", f"Forbidden: {told} {new}"


def _sealed_causes(live: Body, body: Body) -> Iterator[Cause]:
    if live.get("immutable") is not True:
        return
    for field in ("immutable", "data", "binaryData"):
        if not is_same(live.get(field) or None, body.get(field) or None):
            yield field, _SEALED


def _pod_causes(live: Body, body: Body) -> Iterator[Cause]:
    if not is_same(_changeable_away(live.get("spec")), _changeable_away(body.get("spec"))):
        yield "spec", _POD


def _changeable_away(spec: Any) -> Any:
    """A pod's ``spec`` without what may change."""
    free = frozenset(["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"])
    kept = _without(spec, free)
    for field in ("containers", "initContainers"):
        if isinstance(kept.get(field), list):
            kept[field] = [_without(each, frozenset(["image"])) for each in kept[field]]
    return kept


def _at(body: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        body = body.get(part) if isinstance(body, Mapping) else None
    return body


def _without(value: Any, fields: frozenset[str]) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {}
    return {key: part for key, part in value.items() if key not in fields}


_CHECKS: Final[Mapping[str, Callable[[Body, Body], Iterator[Cause]]]] = {
    "/ConfigMap": _sealed_causes,
    "/Pod": _pod_causes,
    "/Secret": _sealed_causes,
}
