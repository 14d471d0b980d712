"""Crons that run after others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from toolkit.errors import ExpressionError
from toolkit.resource.resource import Body
from toolkit.workflow.cron.after import AFTER, Dependency, dependencies_of, last_tick
from toolkit.workflow.cron.catch_up import CatchUp
from toolkit.workflow.cron.decide import CronDecision, decide
from toolkit.workflow.cron.ticks import child_name, schedules_of
from toolkit.workflow.cron.waiting import WAITING

DAY = datetime(2026, 3, 2, tzinfo=UTC)
ONE = DAY + timedelta(hours=1)
TWO = DAY + timedelta(hours=2)


def cron(name: str, schedule: str, after: str = "", **spec: Any) -> Body:
    created = (DAY - timedelta(minutes=1)).isoformat()
    metadata: Body = {"name": name, "namespace": "data", "creationTimestamp": created}
    if after:
        metadata["annotations"] = {AFTER: after}
    return {
        "metadata": metadata,
        "spec": {"schedules": [schedule], "workflowSpec": {}, **spec},
    }


class Others:
    """Crons, and phases of runs by their names."""

    def __init__(self, *crons: Body, **phases: str) -> None:
        self.crons = {body["metadata"]["name"]: body for body in crons}
        self.phases = {name.replace("_", "-"): phase for name, phase in phases.items()}

    def cron(self, name: str) -> Body | None:
        return self.crons.get(name)

    def phase(self, cron: str, run: str) -> str:
        assert run.startswith(cron)
        return self.phases.get(run, "")


EXTRACT = cron("extract", "0 1 * * *")
LOAD = cron("load", "0 2 * * *", "extract")
RUN = child_name("extract", ONE)


def others(phase: str = "", *crons: Body) -> Others:
    found = Others(EXTRACT, *crons)
    found.phases[RUN] = phase
    return found


def at(now: datetime, phase: str, body: Body = LOAD, **options: Any) -> CronDecision:
    return decide(body, now, (), upstream=others(phase), **options)


def after(decision: CronDecision, body: Body = LOAD) -> Body:
    """The cron with what the decision wrote."""
    return {**body, "status": decision.status or body.get("status") or {}}


def reasons(decision: CronDecision) -> list[str]:
    return [reason for _, reason, _ in decision.audit]


def test_a_tick_runs_where_what_it_waits_for_has_succeeded() -> None:
    decision = at(TWO, "Succeeded")
    assert decision.submit is not None
    assert decision.submit["metadata"]["name"] == child_name("load", TWO)


@pytest.mark.parametrize(
    ("phase", "said"),
    [
        ("", f"{RUN} has not run"),
        ("Running", f"{RUN} has not succeeded yet"),
        ("Failed", f"{RUN} has failed"),
        ("Error", f"{RUN} has ended in Error"),
    ],
)
def test_a_tick_waits_and_says_for_what(phase: str, said: str) -> None:
    decision = at(TWO, phase)
    assert decision.submit is None
    assert decision.status is not None
    assert decision.status[WAITING]["reason"] == said
    assert reasons(decision) == ["Waiting"]
    assert decision.next_at == TWO + timedelta(days=1)


def test_what_waits_runs_hours_later_and_is_not_late() -> None:
    waiting = after(at(TWO, "Running"))
    decision = at(TWO + timedelta(hours=7), "Succeeded", waiting)
    assert decision.submit is not None
    assert decision.submit["metadata"]["name"] == child_name("load", TWO)
    assert decision.status is not None
    assert decision.status[WAITING] is None


def test_waiting_is_said_once_for_each_reason() -> None:
    waiting = after(at(TWO, "Running"))
    assert reasons(at(TWO + timedelta(minutes=5), "Running", waiting)) == []
    assert reasons(at(TWO + timedelta(minutes=9), "Failed", waiting)) == ["Waiting"]


def test_patience_has_an_end() -> None:
    patient = cron("load", "0 2 * * *", "extract for 6h")
    first = at(TWO, "Failed", patient)
    assert first.next_at == TWO + timedelta(hours=6)
    waiting = after(first, patient)
    last = at(TWO + timedelta(hours=6), "Failed", waiting)
    assert last.submit is None
    assert reasons(last) == ["Skipped"]
    assert "it waited 6 hours: " in last.audit[0][2]
    assert at(TWO + timedelta(hours=7), "Succeeded", after(last, patient)).submit is None


def test_the_next_tick_takes_the_place_of_one_that_waits() -> None:
    hourly = cron("load", "0 * * * *", "extract for 6h")
    waiting = after(at(TWO, "Running", hourly), hourly)
    three = TWO + timedelta(hours=1)
    decision = at(three, "Succeeded", waiting)
    assert decision.submit is not None
    assert decision.submit["metadata"]["name"] == child_name("load", three)
    assert reasons(decision) == ["Missed"]


def test_with_catch_up_of_all_missed_ticks_wait_one_after_the_other() -> None:
    late = DAY + timedelta(days=2, hours=3)
    first = at(late, "", catch_up=CatchUp.ALL)
    assert first.submit is None
    assert first.status is not None
    assert first.status[WAITING]["tick"] == "2026-03-02T02:00:00Z"
    second = at(late, "Succeeded", after(first), catch_up=CatchUp.ALL)
    assert second.submit is not None
    assert second.submit["metadata"]["name"] == child_name("load", TWO)


def test_all_of_several_must_have_succeeded() -> None:
    rates = cron("rates", "30 0 * * *")
    both = cron("load", "0 2 * * *", "extract; rates for 2h")
    known = others("Succeeded", rates)
    decision = decide(both, TWO, (), upstream=known)
    assert decision.submit is None
    assert decision.next_at == TWO + timedelta(hours=2)
    known.phases[child_name("rates", DAY + timedelta(minutes=30))] = "Succeeded"
    assert decide(both, TWO, (), upstream=known).submit is not None


@pytest.mark.parametrize(
    ("upstream", "said"),
    [
        (Others(), "there is no CronWorkflow extract"),
        (Others(cron("extract", "@every 1h")), "there is no tick of it to wait for"),
        (Others(cron("extract", "0 0 30 2 *")), "extract has had no tick"),
    ],
)
def test_what_can_never_be_waits_with_the_reason(upstream: Others, said: str) -> None:
    decision = decide(LOAD, TWO, (), upstream=upstream)
    assert decision.submit is None
    assert decision.status is not None
    assert said in decision.status[WAITING]["reason"]


def test_a_broken_annotation_is_a_condition_of_the_cron() -> None:
    decision = at(TWO, "Succeeded", cron("load", "0 2 * * *", "two words"))
    assert decision.submit is None
    assert decision.status is not None
    assert decision.status["conditions"][0]["type"] == "SpecError"


def test_the_annotation_is_a_list() -> None:
    body = cron("x", "* * * * *", "a ; b for 90m;c for 1h30m;")
    span = timedelta(minutes=90)
    assert dependencies_of(body) == (
        Dependency("a"),
        Dependency("b", span),
        Dependency("c", span),
    )
    assert dependencies_of(cron("x", "* * * * *")) == ()


@pytest.mark.parametrize("text", ["a b", "a for", "a for ever", "a for 0s", " for 6h"])
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError, match="expected"):
        dependencies_of(cron("x", "* * * * *", text))


@pytest.mark.parametrize(
    ("schedule", "at", "tick"),
    [
        ("* * * * *", "2026-03-02T10:07:31", "2026-03-02T10:07"),
        ("0 1 * * *", "2026-03-02T01:00", "2026-03-02T01:00"),
        ("0 1 * * *", "2026-03-02T00:59", "2026-03-01T01:00"),
        ("0 5 1 * *", "2026-03-01T04:00", "2026-02-01T05:00"),
        ("0 0 29 2 *", "2026-03-01T00:00", "2024-02-29T00:00"),
        ("0 0 30 2 *", "2026-03-01T00:00", ""),
    ],
)
def test_the_last_tick_at_or_before(schedule: str, at: str, tick: str) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    expected = datetime.fromisoformat(tick).replace(tzinfo=UTC) if tick else None
    assert last_tick(schedules_of(cron("x", schedule)), moment) == expected
