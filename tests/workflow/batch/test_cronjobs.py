from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from toolkit.resource.resource import Body
from toolkit.workflow.batch.cronjobs import decide
from toolkit.workflow.nodes import rfc3339

MADE = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
TICK = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
NUMBER = int(TICK.timestamp()) // 60
SECOND = timedelta(seconds=1)


def cron(status: Body | None = None, **spec: Any) -> Body:
    created = rfc3339(MADE)
    return {
        "metadata": {"name": "c", "namespace": "data", "uid": "u", "creationTimestamp": created},
        "spec": {"schedule": "*/5 * * * *", "jobTemplate": {"spec": {"template": {}}}, **spec},
        "status": status or {},
    }


def job(name: str, end: str = "", at: datetime = TICK) -> Body:
    conditions = [{"type": end, "status": "True"}] if end else []
    done = {"completionTime": rfc3339(at)} if end == "Complete" else {}
    return {
        "metadata": {"name": name, "namespace": "data", "uid": name},
        "status": {"startTime": rfc3339(at), "conditions": conditions, **done},
    }


def name_of(made: Body | None) -> str:
    return "" if made is None else str(made["metadata"]["name"])


def test_the_job_of_a_time_is_named_for_its_minute() -> None:
    decision = decide(cron(), (), TICK + SECOND)
    assert name_of(decision.create) == f"c-{NUMBER}"
    assert decision.status == {"lastScheduleTime": rfc3339(TICK)}


def test_it_waits_for_its_time() -> None:
    decision = decide(cron(), (), TICK - SECOND)
    assert (decision.create, decision.status, decision.wake_at) == (None, None, TICK)


def test_a_time_is_served_once() -> None:
    assert decide(cron({"lastScheduleTime": rfc3339(TICK)}), (), TICK + SECOND).create is None


def test_of_the_times_that_were_missed_the_latest_is_served() -> None:
    decision = decide(cron(), (), TICK + timedelta(days=40, seconds=1))
    assert name_of(decision.create) == f"c-{NUMBER + 40 * 24 * 60}"


def test_a_time_whose_deadline_is_over_is_let_go() -> None:
    late = cron(startingDeadlineSeconds=10)
    assert decide(late, (), TICK + 11 * SECOND).create is None
    assert decide(late, (), TICK + 9 * SECOND).create is not None


@pytest.mark.parametrize(
    ("policy", "is_made", "deleted"),
    [("Allow", True, ()), ("Forbid", False, ()), ("Replace", True, ("old",))],
)
def test_the_policy_says_what_becomes_of_one_that_runs(
    policy: str, is_made: bool, deleted: tuple[str, ...]
) -> None:
    decision = decide(cron(concurrencyPolicy=policy), [job("old")], TICK + SECOND)
    assert (decision.create is not None, decision.delete) == (is_made, deleted)


def test_suspended_it_makes_none() -> None:
    assert decide(cron(suspend=True), (), TICK + SECOND).create is None


def test_the_zone_is_that_of_the_schedule() -> None:
    decision = decide(cron(schedule="30 21 * * *", timeZone="Asia/Tokyo"), (), MADE)
    assert decision.wake_at == datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def test_older_jobs_go_beyond_the_limits() -> None:
    jobs = [
        job(f"{end}-{age}", end, TICK + age * SECOND)
        for end in ("Complete", "Failed")
        for age in range(5)
    ]
    found = decide(cron(suspend=True, successfulJobsHistoryLimit=4), jobs, TICK).delete
    assert found == ("Complete-0", "Failed-0", "Failed-1", "Failed-2", "Failed-3")


def test_its_status_names_what_runs_and_what_succeeded_last() -> None:
    status = decide(cron(suspend=True), [job("a"), job("b", "Complete")], TICK).status
    assert status is not None
    assert [each["name"] for each in status["active"]] == ["a"]
    assert status["lastSuccessfulTime"] == rfc3339(TICK)


def test_a_broken_schedule_is_told() -> None:
    decision = decide(cron(schedule="* * *"), (), TICK)
    assert (decision.create, "5 fields" in decision.problem) == (None, True)
