"""How an object is doing, by kind. The health of runs is reported, and gates nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body


class HealthStatus(IntEnum):
    """From best to worst; an environment takes the worst of its objects."""

    HEALTHY = 0
    SUSPENDED = 1
    PROGRESSING = 2
    MISSING = 3
    DEGRADED = 4
    UNKNOWN = 5

    @property
    def title(self) -> str:
        return self.name.capitalize()


@dataclass(frozen=True, slots=True)
class Health:
    """``message`` says why, where there is more to say than the status."""

    status: HealthStatus
    message: str = ""


HEALTHY = Health(HealthStatus.HEALTHY)


def health_of(live: Body | None) -> Health:
    """Kinds without a rule are healthy once they exist."""
    if live is None:
        return Health(HealthStatus.MISSING, "not in the cluster")
    if (live.get("metadata") or {}).get("deletionTimestamp"):
        return Health(HealthStatus.PROGRESSING, "being deleted")
    gvk = GroupVersionKind.of(live)
    rule = _RULES.get((gvk.group, gvk.kind))
    return rule(live) if rule else HEALTHY


def worst(healths: Iterable[Health]) -> Health:
    """The first of the worst; healthy where there is none."""
    return max(healths, key=lambda health: health.status, default=HEALTHY)


def is_run(gvk: GroupVersionKind) -> bool:
    """Workflows and Pods: what runs, in contrast to what is deployed."""
    return (gvk.group, gvk.kind) in {("argoproj.io", "Workflow"), ("", "Pod")}


def _workflow(live: Body) -> Health:
    status = live.get("status") or {}
    phase = status.get("phase") or "Pending"
    if phase in ("Pending", "Running"):
        return Health(HealthStatus.PROGRESSING, phase)
    if phase == "Succeeded":
        return HEALTHY
    return Health(HealthStatus.DEGRADED, str(status.get("message") or phase))


def _cron_workflow(live: Body) -> Health:
    for condition in _conditions(live):
        is_bad = condition.get("type") in ("SpecError", "SubmissionError")
        if is_bad and condition.get("status") == "True":
            return Health(HealthStatus.DEGRADED, str(condition.get("message") or "SpecError"))
    return HEALTHY


def _deployment(live: Body) -> Health:
    for condition in _conditions(live):
        if condition.get("reason") == "ProgressDeadlineExceeded":
            return Health(HealthStatus.DEGRADED, str(condition.get("message") or ""))
    return _replicas(live)


def _replicas(live: Body) -> Health:
    spec, status = live.get("spec") or {}, live.get("status") or {}
    wanted = spec.get("replicas", 1)
    ready = min(status.get(name, 0) for name in ("updatedReplicas", "readyReplicas"))
    if not _is_observed(live) or ready < wanted:
        return Health(HealthStatus.PROGRESSING, f"{ready} of {wanted} replicas ready")
    return HEALTHY


def _daemon_set(live: Body) -> Health:
    status = live.get("status") or {}
    wanted, ready = status.get("desiredNumberScheduled", 0), status.get("numberReady", 0)
    if not _is_observed(live) or ready < wanted:
        return Health(HealthStatus.PROGRESSING, f"{ready} of {wanted} pods ready")
    return HEALTHY


def _job(live: Body) -> Health:
    if (live.get("spec") or {}).get("suspend"):
        return Health(HealthStatus.SUSPENDED, "suspended")
    for condition in _conditions(live):
        if condition.get("status") != "True":
            continue
        if condition.get("type") == "Failed":
            return Health(HealthStatus.DEGRADED, str(condition.get("message") or ""))
        if condition.get("type") == "Complete":
            return HEALTHY
    return Health(HealthStatus.PROGRESSING, "running")


def _claim(live: Body) -> Health:
    phase = (live.get("status") or {}).get("phase") or "Pending"
    if phase == "Lost":
        return Health(HealthStatus.DEGRADED, "lost")
    return HEALTHY if phase == "Bound" else Health(HealthStatus.PROGRESSING, phase)


def _definition(live: Body) -> Health:
    for condition in _conditions(live):
        if condition.get("type") == "Established" and condition.get("status") == "True":
            return HEALTHY
    return Health(HealthStatus.PROGRESSING, "not established")


def _conditions(live: Body) -> list[Mapping[str, Any]]:
    return (live.get("status") or {}).get("conditions") or []


def _is_observed(live: Body) -> bool:
    generation = (live.get("metadata") or {}).get("generation", 0)
    return bool((live.get("status") or {}).get("observedGeneration", 0) >= generation)


_RULES: Mapping[tuple[str, str], Callable[[Body], Health]] = {
    ("argoproj.io", "Workflow"): _workflow,
    ("argoproj.io", "CronWorkflow"): _cron_workflow,
    ("apps", "Deployment"): _deployment,
    ("apps", "StatefulSet"): _replicas,
    ("apps", "DaemonSet"): _daemon_set,
    ("batch", "Job"): _job,
    ("", "PersistentVolumeClaim"): _claim,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
}
