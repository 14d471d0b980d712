from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from toolkit.resource.resource import Body
from toolkit.workflow.batch import pods
from toolkit.workflow.events import ContainerEnded, ContainerErrored, ContainerState

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=7)


def pod(policy: str = "Never", *names: str, **spec: Any) -> Body:
    containers = [{"name": name, "image": "i"} for name in names or ("c",)]
    metadata = {"name": "p", "namespace": "data", "uid": "u"}
    return {
        "metadata": metadata,
        "spec": {"restartPolicy": policy, "containers": containers, **spec},
    }


def begun(body: Body) -> Body:
    return {**body, "status": pods.begun(body, NOW)}


def after(body: Body, **codes: int) -> Body:
    """``body`` when its start has ended."""
    states = tuple(
        ContainerState(name, started=NOW, finished=LATER, exit_code=code)
        for name, code in codes.items()
    )
    end = ContainerEnded(pods.start_id(body), "u", max(codes.values()), LATER, containers=states)
    return {**body, "status": pods.ended(body, end, LATER)}


def ready(body: Body) -> str:
    return next(c["status"] for c in body["status"]["conditions"] if c["type"] == "Ready")


@pytest.mark.parametrize(
    ("policy", "code", "phase"),
    [
        ("Never", 0, "Succeeded"),
        ("Never", 3, "Failed"),
        ("OnFailure", 0, "Succeeded"),
        ("OnFailure", 3, "Running"),
        ("Always", 0, "Running"),
        ("Always", 3, "Running"),
    ],
)
def test_the_policy_decides_what_an_exit_code_means(policy: str, code: int, phase: str) -> None:
    assert after(begun(pod(policy)), c=code)["status"]["phase"] == phase


def test_each_start_has_an_id_of_its_own() -> None:
    first = begun(pod("OnFailure"))
    second = after(first, c=1)
    assert (pods.start_id(first), pods.start_id(second)) == ("pod-u-0", "pod-u-1")


def test_deciding_again_before_the_start_changes_nothing() -> None:
    body = begun(pod())
    assert pods.begun(body, LATER) == body["status"]


def test_only_what_failed_is_started_again() -> None:
    body = after(begun(pod("OnFailure", "a", "b")), a=0, b=2)
    assert [each.name for each in pods.start_of(body).containers] == ["b"]


def test_the_second_restart_waits_ten_seconds_and_the_third_twenty() -> None:
    once = after(begun(pod("OnFailure")), c=1)
    twice = after(once, c=1)
    thrice = after(twice, c=1)
    assert [pods.due_at(each) for each in (once, twice, thrice)] == [
        None,
        LATER + timedelta(seconds=10),
        LATER + timedelta(seconds=20),
    ]


def test_a_running_pod_is_ready_when_its_containers_are() -> None:
    body = begun(pod())
    state = ContainerState("c", started=NOW, is_ready=True)
    body = {**body, "status": pods.moved(body, [state], NOW)}
    assert (body["status"]["phase"], ready(body)) == ("Running", "True")
    assert ready(after(body, c=0)) == "False"


def test_one_that_was_interrupted_has_failed_whatever_the_policy() -> None:
    body = begun(pod("Always"))
    status = pods.ended(body, ContainerErrored("pod-u-0", "u", "interrupted", LATER), LATER)
    assert (status["phase"], status["message"]) == ("Failed", "interrupted")


def test_a_deadline_is_told_with_kubernetes_reason() -> None:
    body = begun(pod(activeDeadlineSeconds=5))
    assert pods.start_of(body).deadline == NOW + timedelta(seconds=5)
    end = ContainerErrored("pod-u-0", "u", "late", LATER, is_deadline=True)
    assert pods.ended(body, end, LATER)["reason"] == "DeadlineExceeded"


def test_an_init_container_that_restarts_is_a_sidecar() -> None:
    inits = [
        {"name": "first", "image": "i"},
        {"name": "beside", "image": "i", "restartPolicy": "Always"},
    ]
    start = pods.start_of(begun(pod(initContainers=inits)))
    assert [(each.name, each.role) for each in start.containers] == [
        ("first", "init"),
        ("beside", "sidecar"),
        ("c", "main"),
    ]


def test_the_pods_that_show_a_workflows_steps_are_left_alone() -> None:
    labels = {"labels": {"workflows.argoproj.io/workflow": "wf"}}
    assert not pods.is_run_here({"metadata": labels})


def test_the_pods_that_a_resource_template_makes_are_run() -> None:
    owners = {"ownerReferences": [{"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow"}]}
    assert pods.is_run_here({"metadata": owners})
