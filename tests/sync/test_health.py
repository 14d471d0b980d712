from __future__ import annotations

from typing import Any

import pytest

from toolkit.resource.identity import GroupVersionKind
from toolkit.sync.health import HEALTHY, Health, HealthStatus, health_of, is_run, worst


def live(api_version: str, kind: str, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"generation": 2}, **fields}


def condition(type: str, status: str = "True", **fields: str) -> dict[str, Any]:
    return {"conditions": [{"type": type, "status": status, **fields}]}


ARGO = "argoproj.io/v1alpha1"
CASES = [
    (live("v1", "ConfigMap"), HealthStatus.HEALTHY),
    (live(ARGO, "Workflow"), HealthStatus.PROGRESSING),
    (live(ARGO, "Workflow", status={"phase": "Running"}), HealthStatus.PROGRESSING),
    (live(ARGO, "Workflow", status={"phase": "Succeeded"}), HealthStatus.HEALTHY),
    (live(ARGO, "Workflow", status={"phase": "Failed"}), HealthStatus.DEGRADED),
    (live(ARGO, "Workflow", status={"phase": "Error"}), HealthStatus.DEGRADED),
    (live(ARGO, "CronWorkflow"), HealthStatus.HEALTHY),
    (live(ARGO, "CronWorkflow", spec={"suspend": True}), HealthStatus.HEALTHY),
    (live(ARGO, "CronWorkflow", status=condition("SpecError")), HealthStatus.DEGRADED),
    (live(ARGO, "CronWorkflow", status=condition("SubmissionError")), HealthStatus.DEGRADED),
    (live(ARGO, "CronWorkflow", status=condition("SpecError", "False")), HealthStatus.HEALTHY),
    (live("apps/v1", "Deployment"), HealthStatus.PROGRESSING),
    (
        live(
            "apps/v1",
            "Deployment",
            spec={"replicas": 1},
            status={"observedGeneration": 2, "updatedReplicas": 1, "readyReplicas": 1},
        ),
        HealthStatus.HEALTHY,
    ),
    (
        live(
            "apps/v1",
            "Deployment",
            status={"observedGeneration": 1, "updatedReplicas": 1, "readyReplicas": 1},
        ),
        HealthStatus.PROGRESSING,
    ),
    (
        live(
            "apps/v1",
            "Deployment",
            status=condition("Progressing", "False", reason="ProgressDeadlineExceeded"),
        ),
        HealthStatus.DEGRADED,
    ),
    (
        live("apps/v1", "DaemonSet", status={"desiredNumberScheduled": 2, "numberReady": 1}),
        HealthStatus.PROGRESSING,
    ),
    (live("batch/v1", "Job", spec={"suspend": True}), HealthStatus.SUSPENDED),
    (live("batch/v1", "Job", status=condition("Complete")), HealthStatus.HEALTHY),
    (live("batch/v1", "Job", status=condition("Failed")), HealthStatus.DEGRADED),
    (live("batch/v1", "Job"), HealthStatus.PROGRESSING),
    (live("v1", "PersistentVolumeClaim", status={"phase": "Bound"}), HealthStatus.HEALTHY),
    (live("v1", "PersistentVolumeClaim", status={"phase": "Lost"}), HealthStatus.DEGRADED),
    (
        live(
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            status=condition("Established"),
        ),
        HealthStatus.HEALTHY,
    ),
    (None, HealthStatus.MISSING),
]


@pytest.mark.parametrize(("body", "status"), CASES)
def test_health_by_kind(body: dict[str, Any] | None, status: HealthStatus) -> None:
    assert health_of(body).status is status


def test_an_object_being_deleted_is_progressing() -> None:
    body = live("v1", "ConfigMap")
    body["metadata"]["deletionTimestamp"] = "2024-05-06T07:08:09Z"
    assert health_of(body).status is HealthStatus.PROGRESSING


def test_a_bad_cron_tells_why() -> None:
    status = condition("SpecError", message="bad schedule")
    assert health_of(live(ARGO, "CronWorkflow", status=status)).message == "bad schedule"


def test_an_environment_takes_the_worst() -> None:
    bad = Health(HealthStatus.DEGRADED, "first")
    assert worst([HEALTHY, bad, Health(HealthStatus.DEGRADED, "second"), HEALTHY]) == bad
    assert worst([]) == HEALTHY


def test_workflows_and_pods_are_runs() -> None:
    assert is_run(GroupVersionKind("argoproj.io", "v1alpha1", "Workflow"))
    assert is_run(GroupVersionKind("", "v1", "Pod"))
    assert not is_run(GroupVersionKind("argoproj.io", "v1alpha1", "CronWorkflow"))
