"""What a tick of a CronWorkflow does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from toolkit.resource.resource import Body
from toolkit.workflow.cron.decide import CronDecision, decide

CREATED = datetime(2026, 1, 1, tzinfo=UTC)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def cron(status: dict[str, Any] | None = None, **spec: Any) -> Body:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "CronWorkflow",
        "metadata": {
            "name": "nightly",
            "namespace": "data",
            "uid": "c1",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"team": "etl"},
        },
        "spec": {"schedule": "0 12 * * *", "workflowSpec": {"entrypoint": "main"}, **spec},
        **({"status": status} if status else {}),
    }


def child(name: str, phase: str = "Running", finished: str = "") -> Body:
    return {"metadata": {"name": name}, "status": {"phase": phase, "finishedAt": finished}}


def said(decision: CronDecision) -> str:
    return "; ".join(message for _, _, message in decision.audit)


def test_a_due_tick_is_submitted_under_a_name_that_is_its_own() -> None:
    decision = decide(cron(), NOON, ())
    assert decision.submit is not None
    metadata = decision.submit["metadata"]
    assert metadata["name"] == f"nightly-{int(NOON.timestamp())}"
    assert metadata["namespace"] == "data"
    assert metadata["labels"] == {"workflows.argoproj.io/cron-workflow": "nightly"}
    assert metadata["annotations"] == {
        "workflows.argoproj.io/scheduled-time": "2026-01-01T12:00:00Z"
    }
    assert metadata["ownerReferences"][0]["uid"] == "c1"
    assert decision.submit["spec"] == {"entrypoint": "main"}
    assert decision.status is not None
    assert decision.status["lastScheduledTime"] == "2026-01-01T12:00:00Z"
    assert decision.next_at == NOON + timedelta(days=1)


def test_labels_and_annotations_of_its_runs_are_the_crons_to_say() -> None:
    metadata = {"labels": {"team": "etl"}, "annotations": {"note": "n"}, "finalizers": ["x/y"]}
    decision = decide(cron(schedule="0 12 * * *", workflowMetadata=metadata), NOON, ())
    assert decision.submit is not None
    made = decision.submit["metadata"]
    assert made["labels"]["team"] == "etl"
    assert made["annotations"]["note"] == "n"


def test_before_its_time_nothing_happens() -> None:
    decision = decide(cron(), NOON - timedelta(seconds=1), ())
    assert (decision.submit, decision.status) == (None, None)
    assert decision.next_at == NOON


def test_a_tick_that_ran_does_not_run_again() -> None:
    status = {"lastScheduledTime": "2026-01-01T12:00:00Z", "phase": "Active"}
    assert decide(cron(status), NOON + timedelta(seconds=5), ()).submit is None
    ran = child(f"nightly-{int(NOON.timestamp())}")
    assert decide(cron(), NOON, (ran,)).submit is None


def test_a_zone_moves_the_tick() -> None:
    decision = decide(cron(timezone="Asia/Tokyo"), NOON, ())
    assert decision.submit is None
    assert decision.next_at == datetime(2026, 1, 2, 3, tzinfo=UTC)


def test_several_schedules_fire_each() -> None:
    both = cron(schedules=["0 3 * * *", "0 5 * * *"])
    del both["spec"]["schedule"]
    first = decide(both, datetime(2026, 1, 1, 3, tzinfo=UTC), ())
    assert first.submit is not None
    assert first.next_at == datetime(2026, 1, 1, 5, tzinfo=UTC)


def test_a_suspended_cron_has_no_ticks() -> None:
    decision = decide(cron(suspend=True), NOON, ())
    assert (decision.submit, decision.next_at, decision.audit) == (None, None, ())


def test_forbid_skips_and_names_what_runs() -> None:
    decision = decide(cron(concurrencyPolicy="Forbid"), NOON, (child("nightly-1"),))
    assert decision.submit is None
    assert "Forbid, and nightly-1 is still running" in said(decision)
    assert decision.status is not None
    assert [entry["name"] for entry in decision.status["active"]] == ["nightly-1"]
    later = decide(
        cron(decision.status, concurrencyPolicy="Forbid"), NOON + timedelta(seconds=9), ()
    )
    assert later.submit is None, "a skipped tick is not made up for"


def test_replace_terminates_what_runs() -> None:
    decision = decide(cron(concurrencyPolicy="Replace"), NOON, (child("nightly-1"),))
    assert decision.terminate == ("nightly-1",)
    assert decision.submit is not None


def test_allow_runs_beside() -> None:
    decision = decide(cron(concurrencyPolicy="Allow"), NOON, (child("nightly-1"),))
    assert (decision.terminate, decision.submit is not None) == ((), True)


@pytest.mark.parametrize(("deadline", "runs"), [(None, False), (3600, False), (8000, True)])
def test_of_missed_ticks_the_latest_runs_within_the_deadline(
    deadline: int | None, *, runs: bool
) -> None:
    body = cron(schedule="0 */6 * * *")
    if deadline is not None:
        body["spec"]["startingDeadlineSeconds"] = deadline
    decision = decide(body, NOON + timedelta(hours=2), ())
    assert (decision.submit is not None) is runs
    if runs:
        assert decision.submit["metadata"]["name"].endswith(str(int(NOON.timestamp())))
    else:
        assert "it was missed" in said(decision)


def test_a_changed_schedule_runs_nothing_it_missed_before() -> None:
    first = decide(cron(), CREATED, ())
    body = cron(schedule="0 11 * * *", startingDeadlineSeconds=86400)
    body["metadata"]["annotations"] = dict(first.annotations)
    assert decide(body, NOON, ()).submit is None


def test_finished_children_are_counted_once_and_history_is_kept_short() -> None:
    status = {"active": [{"name": "nightly-9"}], "succeeded": 4}
    children = [child(f"nightly-{each}", "Succeeded", f"2026-01-0{each}") for each in range(1, 6)]
    children += [child("nightly-9", "Failed", "2026-01-09"), child("nightly-8", "Error", "2025")]
    decision = decide(cron(status), CREATED, children)
    assert decision.status == {"active": [], "succeeded": 4, "failed": 1}
    assert decision.delete == ("nightly-1", "nightly-2", "nightly-8")
    assert decide(cron(decision.status), CREATED, children).status is None


def test_a_stop_strategy_ends_the_schedule() -> None:
    body = cron({"failed": 3}, stopStrategy={"expression": "cronworkflow.failed >= 3"})
    decision = decide(body, NOON, ())
    assert (decision.submit, decision.next_at) == (None, None)
    assert decision.status is not None
    assert decision.status["phase"] == "Stopped"


WHEN = "{{= cronworkflow.lastScheduledTime == nil || cronworkflow.labels.team == 'ops' }}"


@pytest.mark.parametrize(
    ("status", "runs"), [({}, True), ({"lastScheduledTime": "2026-01-01T06:00:00Z"}, False)]
)
def test_when_decides_on_each_tick(status: dict[str, Any], *, runs: bool) -> None:
    decision = decide(cron(status, when=WHEN), NOON, ())
    assert (decision.submit is not None) is runs


BROKEN = [
    ({"schedule": "x"}, "cron schedule x is malformed: expected exactly 5 fields"),
    ({"schedule": ""}, "cron workflow must have at least one schedule"),
    ({"timezone": "Mars"}, 'invalid timezone "Mars"'),
    ({"concurrencyPolicy": "Never"}, "'Never' is not a valid concurrencyPolicy"),
    ({"when": "{{nope}} == 1"}, "failed to resolve {{nope}}"),
]


@pytest.mark.parametrize(("spec", "message"), BROKEN)
def test_a_broken_cron_says_so_in_its_conditions(spec: dict[str, Any], message: str) -> None:
    decision = decide(cron(**spec), NOON, ())
    assert decision.submit is None
    assert decision.status is not None
    assert message in str(decision.status["conditions"])
    assert message in said(decision)
