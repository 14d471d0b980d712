"""In which order objects are applied: wave, then kind, then name. Pruning goes the other way.

The table of kinds is Argo CD's; kinds that it does not name, all of Argo Workflows' among them,
come last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from toolkit.errors import InputError
from toolkit.resource.identity import ResourceId
from toolkit.resource.resource import Body

WAVE_ANNOTATION = "argocd.argoproj.io/sync-wave"
HOOK_ANNOTATIONS = ("argocd.argoproj.io/hook", "helm.sh/hook")
OPTIONS_ANNOTATION = "argocd.argoproj.io/sync-options"

_KINDS = (
    "Namespace NetworkPolicy ResourceQuota LimitRange PodSecurityPolicy PodDisruptionBudget "
    "ServiceAccount Secret ConfigMap StorageClass PersistentVolume PersistentVolumeClaim "
    "CustomResourceDefinition ClusterRole ClusterRoleBinding Role RoleBinding Service DaemonSet "
    "Pod ReplicationController ReplicaSet Deployment HorizontalPodAutoscaler StatefulSet Job "
    "CronJob IngressClass Ingress APIService"
)
_RANKS = {kind: rank for rank, kind in enumerate(_KINDS.split())}

NO_PRUNE = "Prune=false"
_SUPPORTED_OPTIONS = frozenset(
    {
        NO_PRUNE,
        "Prune=true",
        "ServerSideApply=true",
        "ApplyOutOfSyncOnly=true",
        "SkipDryRunOnMissingResource=true",
        "CreateNamespace=true",
    }
)


def apply_key(id: ResourceId, wave: int) -> tuple[int, int, str, str, str]:
    """Sorts tasks that create or update."""
    return (wave, _RANKS.get(id.kind, len(_RANKS)), id.kind, id.namespace, id.name)


def prune_key(id: ResourceId, wave: int) -> tuple[int, int, str, str, str]:
    """Sorts tasks that delete: later waves and kinds first."""
    return (-wave, -_RANKS.get(id.kind, len(_RANKS)), id.kind, id.namespace, id.name)


def waves(bodies: Mapping[ResourceId, Body]) -> dict[ResourceId, int]:
    """The wave of each target. A Namespace or CustomResourceDefinition comes no later than the
    first object that needs it. Raises InputError for a wave that is no integer, for a hook, and
    for a sync option that is not supported.
    """
    own = {key: wave_of(body) for key, body in bodies.items()}
    for body in bodies.values():
        _refuse_unsupported(body)
    return {key: min([own[key], *_dependents(key, body, own)]) for key, body in bodies.items()}


def wave_of(body: Body) -> int:
    """The wave an object asks for; 0 where it asks for none. Raises InputError."""
    text = str(_annotations(body).get(WAVE_ANNOTATION, "0"))
    try:
        return int(text)
    except ValueError:
        raise InputError(
            f"{ResourceId.of(body).short}: {WAVE_ANNOTATION} is {text!r}, not an integer"
        ) from None


def sync_options(body: Body) -> frozenset[str]:
    """The object's own sync options, as ``Name=value``."""
    text = str(_annotations(body).get(OPTIONS_ANNOTATION, ""))
    return frozenset(option.strip() for option in text.split(",") if option.strip())


def _dependents(id: ResourceId, body: Body, own: Mapping[ResourceId, int]) -> Iterable[int]:
    if id.kind == "Namespace":
        return [wave for other, wave in own.items() if other.namespace == id.name]
    if id.kind == "CustomResourceDefinition":
        spec = body.get("spec") or {}
        defined = (spec.get("group"), (spec.get("names") or {}).get("kind"))
        return [wave for other, wave in own.items() if (other.group, other.kind) == defined]
    return []


def _refuse_unsupported(body: Body) -> None:
    short = ResourceId.of(body).short
    for annotation in HOOK_ANNOTATIONS:
        if annotation in _annotations(body):
            raise InputError(
                f"{short} is a hook ({annotation}), and hooks are not supported",
                hints=["order objects with waves, or run the step as a workflow"],
            )
    unknown = sorted(sync_options(body) - _SUPPORTED_OPTIONS)
    if unknown:
        raise InputError(
            f"{short}: the sync option {unknown[0]} is not supported",
            hints=[f"supported: {', '.join(sorted(_SUPPORTED_OPTIONS))}"],
        )


def _annotations(body: Body) -> Mapping[str, Any]:
    return (body.get("metadata") or {}).get("annotations") or {}
