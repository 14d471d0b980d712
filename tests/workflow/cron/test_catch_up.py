"""What becomes of missed ticks, and of ticks in a blackout."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from toolkit.errors import ExpressionError
from toolkit.resource.resource import Body
from toolkit.workflow.cron.blackout import blackout_at
from toolkit.workflow.cron.catch_up import CatchUp
from toolkit.workflow.cron.decide import CronDecision, decide

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def cron(annotations: dict[str, str] | None = None, **spec: Any) -> Body:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "CronWorkflow",
        "metadata": {
            "name": "c",
            "namespace": "data",
            "creationTimestamp": "2026-01-01T08:30:00Z",
            "annotations": annotations or {},
        },
        "spec": {"schedule": "0 * * * *", "workflowSpec": {"entrypoint": "main"}, **spec},
    }


def child(at: datetime, phase: str) -> Body:
    return {"metadata": {"name": f"c-{int(at.timestamp())}"}, "status": {"phase": phase}}


def follow(body: Body, now: datetime, catch_up: CatchUp, phase: str) -> list[str]:
    """Decide until nothing is due; each run is in ``phase`` at once."""
    made: list[str] = []
    children: list[Body] = []
    while True:
        decision = decide(body, now, children, catch_up=catch_up)
        body = {**body, "status": decision.status or body.get("status") or {}}
        if decision.submit is None:
            return made
        name = decision.submit["metadata"]["name"]
        made.append(name)
        children.append({"metadata": {"name": name}, "status": {"phase": phase}})


def names(*hours: int) -> list[str]:
    return [f"c-{int((NOON + HOUR * each).timestamp())}" for each in hours]


NOW = NOON + timedelta(minutes=20)

CASES = [
    (CatchUp.LATEST, {}, []),
    (CatchUp.LATEST, {"startingDeadlineSeconds": 3600}, names(0)),
    (CatchUp.NONE, {"startingDeadlineSeconds": 3600}, []),
    (CatchUp.ALL, {}, names(-3, -2, -1, 0)),
    (CatchUp.ALL, {"startingDeadlineSeconds": 6000}, names(-1, 0)),
    (CatchUp.ALL, {"concurrencyPolicy": "Forbid"}, names(-3)),
    (CatchUp.ALL, {"concurrencyPolicy": "Replace", "startingDeadlineSeconds": 3600}, names(0)),
]


@pytest.mark.parametrize(("catch_up", "spec", "made"), CASES)
def test_missed_ticks(catch_up: CatchUp, spec: dict[str, Any], made: list[str]) -> None:
    assert follow(cron(**spec), NOW, catch_up, "Running") == made


def test_with_all_and_forbid_each_waits_for_the_one_before() -> None:
    body = cron(concurrencyPolicy="Forbid")
    first = decide(body, NOW, [], catch_up=CatchUp.ALL)
    assert first.submit is not None
    assert first.next_at == NOW
    body["status"] = first.status
    busy = decide(body, NOW, [child(NOON - 3 * HOUR, "Running")], catch_up=CatchUp.ALL)
    assert busy.submit is None
    assert not [reason for _, reason, _ in busy.audit if reason == "Skipped"]
    body["status"] = busy.status
    free = decide(body, NOW, [child(NOON - 3 * HOUR, "Succeeded")], catch_up=CatchUp.ALL)
    assert free.submit is not None
    assert free.submit["metadata"]["name"] == names(-2)[0]


def said(decision: CronDecision) -> str:
    return "; ".join(f"{reason}: {message}" for _, reason, message in decision.audit)


def test_what_was_missed_is_said() -> None:
    latest = decide(cron(startingDeadlineSeconds=3600), NOW, [])
    assert "Missed: 3 earlier ticks missed: only the latest" in said(latest)
    none = decide(cron(startingDeadlineSeconds=3600), NOW, [], catch_up=CatchUp.NONE)
    assert "crons.catchUp is none" in said(none)
    deadline = decide(cron(startingDeadlineSeconds=6000), NOW, [], catch_up=CatchUp.ALL)
    assert "tick 2026-01-01T10:00:00Z was not run" in said(deadline)


def test_a_run_beside_another_is_said() -> None:
    decision = decide(cron(), NOON, [child(NOON - HOUR, "Running")])
    assert "Overlap: " in said(decision)


def test_on_time_ticks_are_the_same_whatever_is_caught_up() -> None:
    body = cron()
    body["status"] = {"lastScheduledTime": "2026-01-01T11:00:00Z"}
    for catch_up in CatchUp:
        decision = decide(body, NOON, [], catch_up=catch_up)
        assert decision.submit is not None
        assert decision.next_at == NOON + HOUR


BLACKOUT = "gitops.toolkit/blackout"


def test_in_a_blackout_nothing_fires() -> None:
    decision = decide(cron({BLACKOUT: "30 11 * * * for 31m"}), NOON, [])
    assert decision.submit is None
    assert "falls into the blackout '30 11 * * * for 31m'" in said(decision)
    later = decide(cron({BLACKOUT: "30 11 * * * for 30m"}), NOON, [])
    assert later.submit is not None


WINDOWS = [
    ("0 18 * * FRI for 62h", "2026-01-02T18:00", True),
    ("0 18 * * FRI for 62h", "2026-01-05T07:59", True),
    ("0 18 * * FRI for 62h", "2026-01-05T08:00", False),
    ("0 1 * * * for 1h; 0 3 * * * for 1h", "2026-01-05T03:30", True),
    ("", "2026-01-05T03:30", False),
]


@pytest.mark.parametrize(("text", "at", "inside"), WINDOWS)
def test_windows_open_by_their_schedule(text: str, at: str, *, inside: bool) -> None:
    instant = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert bool(blackout_at(text, None, instant)) is inside


@pytest.mark.parametrize("text", ["0 18 * * FRI", "x for 1h", "0 1 * * * for ever", "for 0s"])
def test_broken_windows_are_refused_and_reported(text: str) -> None:
    with pytest.raises(ExpressionError):
        blackout_at(text, None, NOON)
    decision = decide(cron({BLACKOUT: text}), NOON, [])
    assert decision.submit is None
    assert "SubmissionError" in said(decision)
