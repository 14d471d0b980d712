from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from toolkit.resource.resource import Body
from toolkit.workflow.batch.jobs import decide, end_of
from toolkit.workflow.nodes import rfc3339

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def job(status: Body | None = None, **spec: Any) -> Body:
    template = {"spec": {"containers": [{"name": "c", "image": "i"}]}}
    return {
        "metadata": {"name": "j", "namespace": "data", "uid": "u"},
        "spec": {"template": template, **spec},
        "status": status or {},
    }


def pod(name: str, phase: str = "Running", index: int | None = None, restarts: int = 0) -> Body:
    ended = {"terminated": {"finishedAt": rfc3339(NOW)}}
    state = ended if phase in ("Succeeded", "Failed") else {"running": {}}
    at = {} if index is None else {"batch.kubernetes.io/job-completion-index": str(index)}
    return {
        "metadata": {"name": name, "annotations": at, "creationTimestamp": rfc3339(NOW)},
        "status": {
            "phase": phase,
            "containerStatuses": [{"state": state, "restartCount": restarts}],
        },
    }


def ends(body: Body, *pods: Body, now: datetime = NOW) -> tuple[str, str]:
    decision = decide(body, pods, now)
    assert decision.status is not None
    end = end_of({**body, "status": decision.status})
    assert end is not None
    return end["type"], end["reason"]


@pytest.mark.parametrize(
    ("spec", "pods", "made"),
    [
        ({}, [], 1),
        ({"parallelism": 3}, [], 3),
        ({"completions": 5, "parallelism": 2}, [], 2),
        ({"completions": 5, "parallelism": 2}, [pod("a")], 1),
        ({"completions": 2, "parallelism": 2}, [pod("a", "Succeeded")], 1),
        ({"parallelism": 2}, [pod("a", "Succeeded"), pod("b")], 0),
        ({"parallelism": 0}, [], 0),
    ],
)
def test_as_many_pods_are_made_as_are_missing(spec: Body, pods: list[Body], made: int) -> None:
    assert len(decide(job(**spec), pods, NOW).create) == made


def test_a_pod_names_its_job_in_labels_and_owner() -> None:
    (made,) = decide(job(), (), NOW).create
    metadata = made["metadata"]
    assert metadata["generateName"] == "j-"
    assert metadata["labels"] == {
        "batch.kubernetes.io/controller-uid": "u",
        "batch.kubernetes.io/job-name": "j",
        "controller-uid": "u",
        "job-name": "j",
    }
    assert metadata["ownerReferences"][0]["controller"]


def test_it_is_complete_when_enough_have_succeeded() -> None:
    done = [pod("a", "Succeeded"), pod("b", "Succeeded")]
    assert ends(job(completions=2), *done) == ("Complete", "CompletionsReached")


def test_more_failures_than_the_limit_end_it() -> None:
    assert ends(job(backoffLimit=1), pod("a", "Failed"), pod("b", "Failed")) == (
        "Failed",
        "BackoffLimitExceeded",
    )


def test_restarts_of_containers_count_as_failures() -> None:
    assert ends(job(backoffLimit=1), pod("a", restarts=2))[1] == "BackoffLimitExceeded"


def test_after_failures_the_next_pod_waits_ten_seconds_and_then_twenty() -> None:
    one, two = [pod("a", "Failed")], [pod("a", "Failed"), pod("b", "Failed")]
    assert decide(job(), one, NOW + SECOND).wake_at == NOW + 10 * SECOND
    assert decide(job(), two, NOW + SECOND).wake_at == NOW + 20 * SECOND
    assert len(decide(job(), one, NOW + 10 * SECOND).create) == 1


def test_a_deadline_ends_it_and_its_pods() -> None:
    late = job({"startTime": rfc3339(NOW)}, activeDeadlineSeconds=5)
    assert decide(late, [pod("a")], NOW).wake_at == NOW + 5 * SECOND
    assert ends(late, pod("a"), now=NOW + 5 * SECOND) == ("Failed", "DeadlineExceeded")
    assert decide(late, [pod("a")], NOW + 5 * SECOND).delete == ("a",)


def test_suspending_deletes_the_pods_and_resuming_makes_them_again() -> None:
    suspended = decide(job({"startTime": rfc3339(NOW)}, suspend=True), [pod("a")], NOW)
    assert suspended.status is not None
    assert (suspended.delete, suspended.status["conditions"][0]["reason"]) == (
        ("a",),
        "JobSuspended",
    )
    resumed = decide(job(suspended.status), (), NOW + SECOND)
    assert resumed.status is not None
    assert (len(resumed.create), resumed.status["startTime"]) == (1, rfc3339(NOW + SECOND))


def test_one_that_has_ended_goes_after_its_time() -> None:
    ended = decide(job(ttlSecondsAfterFinished=60), [pod("a", "Succeeded")], NOW).status
    body = job(ended, ttlSecondsAfterFinished=60)
    assert decide(body, (), NOW).wake_at == NOW + 60 * SECOND
    assert decide(body, (), NOW + 60 * SECOND).is_expired


def test_what_runs_still_when_it_has_ended_is_stopped() -> None:
    ended = decide(job(), [pod("a", "Succeeded")], NOW).status
    assert decide(job(ended), [pod("b")], NOW).delete == ("b",)


def test_indexes_that_are_missing_are_made() -> None:
    spec = {"completions": 5, "parallelism": 5, "completionMode": "Indexed"}
    done = [pod("a", "Succeeded", 0), pod("b", "Succeeded", 1), pod("c", "Succeeded", 3)]
    decision = decide(job(**spec), [*done, pod("d", index=2)], NOW)
    (made,) = decision.create
    assert made["metadata"]["generateName"] == "j-4-"
    assert made["spec"]["containers"][0]["env"] == [{"name": "JOB_COMPLETION_INDEX", "value": "4"}]
    assert decision.status is not None
    assert decision.status["completedIndexes"] == "0-1,3"


def test_what_is_not_supported_is_refused_by_name() -> None:
    assert ends(job(podFailurePolicy={"rules": []})) == ("Failed", "NotSupported")


def test_a_job_of_another_controller_is_left_alone() -> None:
    assert decide(job(managedBy="example.com/other"), (), NOW).create == ()


def test_deciding_again_changes_nothing() -> None:
    decision = decide(job(), (), NOW)
    assert decide(job(decision.status), [pod("a")], NOW).create == ()
    again = decide(job(decision.status), [pod("a")], NOW + SECOND)
    assert (again.status, again.delete) == (None, ())
