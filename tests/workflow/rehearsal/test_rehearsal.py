"""A whole environment under a virtual clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from toolkit.errors import ExpressionError, UsageError
from toolkit.resource.resource import Body
from toolkit.workflow.cron.catch_up import CatchUp
from toolkit.workflow.rehearsal.experience import Experience, experience_of, read_experience
from toolkit.workflow.rehearsal.rehearsal import Rehearsal, RehearsedRun, Stage
from toolkit.workflow.rehearsal.steps import Actors, Failure
from toolkit.workflow.rehearsal.stock import Stock

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def cron(name: str, schedule: str = "0 * * * *", **spec: Any) -> Body:
    templates = [{"name": "main", "container": {"image": "any"}}]
    workflow = {"entrypoint": "main", "templates": templates}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "CronWorkflow",
        "metadata": {"name": name, "namespace": "data"},
        "spec": {"schedules": [schedule], "workflowSpec": workflow, **spec},
    }


def played(
    *crons: Body, hours: int = 4, bodies: tuple[Body, ...] = (), **actors: Any
) -> tuple[list[RehearsedRun], Rehearsal]:
    experience = actors.pop("experience", Experience())
    stage = Stage(crons, Stock(bodies), Actors(experience, **actors))
    rehearsal = Rehearsal(stage, START, START + HOUR * hours)
    return list(rehearsal.play()), rehearsal


def slow(**seconds: float) -> Experience:
    return Experience(steps={f"{name}.main": (time,) for name, time in seconds.items()})


def test_each_tick_runs_once_and_ends() -> None:
    runs, rehearsal = played(cron("a"), cron("b", "30 * * * *"))
    assert [(run.cron, run.phase, run.steps) for run in runs] == [
        ("a", "Succeeded", 1), ("b", "Succeeded", 1),
    ] * 4  # fmt: skip
    assert (rehearsal.unfinished, rehearsal.incidents) == ([], [])
    assert runs[0].finished == START + timedelta(seconds=1)


POLICIES = [
    ("Forbid", ["Succeeded"] * 2, ["Skipped", "Skipped"], 0),
    ("Allow", ["Succeeded"] * 3, ["Overlap"] * 3, 1),
    ("Replace", ["Failed", "Failed", "Failed"], ["Replaced"] * 3, 1),
]


@pytest.mark.parametrize(("policy", "phases", "said", "going"), POLICIES)
def test_runs_that_meet_do_as_the_policy_says(
    policy: str, phases: list[str], said: list[str], going: int
) -> None:
    runs, rehearsal = played(cron("c", concurrencyPolicy=policy), experience=slow(c=6000))
    assert [run.phase for run in runs] == phases
    assert [one.reason for one in rehearsal.incidents] == said
    assert len(rehearsal.unfinished) == going


def test_the_first_attempts_fail_as_asked_and_are_tried_again() -> None:
    body = cron("c")
    body["spec"]["workflowSpec"]["templates"][0]["retryStrategy"] = {"limit": "2"}
    runs, _ = played(body, hours=2, failures=[Failure.parse("c.main=2")])
    assert [(run.phase, run.retries) for run in runs] == [("Succeeded", 2)] * 2
    runs, _ = played(body, hours=1, failures=[Failure.parse("*.main=always")])
    assert [(run.phase, run.retries) for run in runs] == [("Failed", 2)]


def test_a_failure_that_never_met_its_step_is_known() -> None:
    actors = Actors(Experience(), failures=[Failure("c", "nope", 1), Failure("c", "main", 1)])
    list(Rehearsal(Stage([cron("c")], Stock([]), actors), START, START + HOUR).play())
    assert actors.met == {Failure("c", "main", 1)}


@pytest.mark.parametrize("text", ["c", "c.main=0", "c.main=x", ".main=1", "c.=1"])
def test_broken_failures_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"CRON\.STEP=k"):
        Failure.parse(text)


def test_steps_wait_for_slots_in_the_order_of_asking() -> None:
    crons = [cron(name, "0 0 * * *") for name in "abc"]
    runs, _ = played(*crons, experience=slow(a=60, b=60, c=60), slots=2)
    assert [(run.cron, run.waited_s) for run in runs] == [("a", 0.0), ("b", 0.0), ("c", 60.0)]
    assert runs[-1].finished == START + timedelta(seconds=120)


def test_steps_wait_for_their_own_parallelism() -> None:
    body = cron("c", "0 0 * * *")
    body["spec"]["workflowSpec"] |= {
        "parallelism": 1,
        "entrypoint": "fan",
        "templates": [
            {"name": "fan", "steps": [[{"name": "x", "template": "main", "withItems": [1, 2]}]]},
            {"name": "main", "container": {"image": "any"}},
        ],
    }
    (run,), _ = played(body, hours=1, experience=slow(c=60))
    assert (run.held_s, run.finished) == (60.0, START + timedelta(seconds=120))


def test_durations_are_drawn_by_the_seed() -> None:
    known = Experience(steps={"c.main": (1.0, 60.0, 600.0)})
    first, _ = played(cron("c"), hours=12, experience=known, seed=1)
    again, _ = played(cron("c"), hours=12, experience=known, seed=1)
    other, _ = played(cron("c"), hours=12, experience=known, seed=2)
    ends = [[run.finished for run in runs] for runs in (first, again, other)]
    assert ends[0] == ends[1]
    assert ends[0] != ends[2]


def test_the_stop_strategy_ends_a_cron() -> None:
    body = cron("c", stopStrategy={"expression": "cronworkflow.failed >= 2"})
    runs, rehearsal = played(body, hours=6, failures=[Failure("c", "main")])
    assert [run.phase for run in runs] == ["Failed", "Failed"]
    assert [one.reason for one in rehearsal.incidents] == ["Stopped"]


def test_a_suspended_cron_is_silent_and_a_broken_one_says_so() -> None:
    runs, rehearsal = played(cron("rests", suspend=True), cron("broken", "x"))
    assert runs == []
    assert [(one.cron, one.reason) for one in rehearsal.incidents] == [("broken", "SpecError")]


def test_cost_is_linear_in_runs() -> None:
    """Counted, not timed: the machine's steps a run do not grow."""
    short, _ = played(cron("c", "* * * * *"), hours=2)
    long, rehearsal = played(cron("c", "* * * * *"), hours=8)
    assert (len(short), len(long)) == (120, 480)
    (kept,) = rehearsal._crons
    assert len(kept.children) <= 4, "history limits hold, or each decision would cost more"


def test_catching_up_changes_nothing_on_time() -> None:
    counts = set()
    for catch_up in CatchUp:
        stage = Stage([cron("c")], Stock([]), Actors(Experience()), catch_up=catch_up)
        counts.add(len(list(Rehearsal(stage, START, START + 5 * HOUR).play())))
    assert counts == {5}


def finished(name: str, cron_name: str, seconds: int, rows: str) -> Body:
    end = (START + timedelta(seconds=seconds)).isoformat()
    node = {
        "type": "Pod",
        "templateName": "load",
        "phase": "Succeeded",
        "startedAt": START.isoformat(),
        "finishedAt": end,
        "outputs": {"parameters": [{"name": "rows", "value": rows}], "result": "r"},
    }
    return {
        "metadata": {"name": name, "labels": {"workflows.argoproj.io/cron-workflow": cron_name}},
        "status": {"startedAt": START.isoformat(), "finishedAt": end, "nodes": {"n": node}},
    }


def test_experience_comes_from_runs_that_ended() -> None:
    ended = [finished(str(n), "c", seconds, str(n)) for n, seconds in ((1, 10), (2, 30), (3, 20))]
    known = experience_of([*ended, {"metadata": {"name": "open"}}])
    assert known.expected_run_s("c") == 20.0
    assert known.expected_run_s("other") is None
    assert known.step_s("c", "load") == (10.0, 30.0, 20.0)
    assert known.step_s("other", "load") == (10.0, 30.0, 20.0), "of any cron, where it has none"
    assert known.outputs_of("c", "load") == {"rows": "3", "result": "r"}


def test_experience_comes_from_a_file() -> None:
    known = read_experience(
        {"runs": {"c": "12m"}, "steps": {"*.load": [1, "2s"]}, "outputs": {"c.load": {"n": 1}}}
    )
    assert known.expected_run_s("c") == 720.0
    assert known.step_s("c", "load") == (1.0, 2.0)
    assert known.outputs_of("c", "load") == {"n": "1"}


@pytest.mark.parametrize(
    "document",
    [[], {"run": {}}, {"runs": {"c": "soon"}}, {"runs": {"c": []}}, {"outputs": {"c": 1}}],
)
def test_broken_experience_is_refused(document: Any) -> None:
    with pytest.raises(ExpressionError):
        read_experience(document)


def locking(name: str, **synchronization: Any) -> Body:
    body = cron(name)
    body["spec"]["workflowSpec"]["synchronization"] = synchronization
    return body


def test_runs_of_different_crons_queue_for_one_mutex() -> None:
    mutex = [{"name": "warehouse"}]
    crons = [locking(name, mutexes=mutex) for name in ("a", "b", "c")]
    runs, _ = played(*crons, hours=1, experience=slow(a=60, b=60, c=60))
    assert [(run.cron, run.locked_s) for run in runs] == [("a", 0.0), ("b", 60.0), ("c", 120.0)]
    assert runs[-1].finished == START + timedelta(minutes=3)


def test_a_semaphore_has_its_limit_from_the_rendered_config_map() -> None:
    limits = {"kind": "ConfigMap", "metadata": {"name": "limits"}, "data": {"load": "2"}}
    semaphore = [{"configMapKeyRef": {"name": "limits", "key": "load"}}]
    crons = [locking(name, semaphores=semaphore) for name in ("a", "b", "c")]
    runs, _ = played(*crons, hours=1, bodies=(limits,), experience=slow(a=60, b=60, c=60))
    assert [run.locked_s for run in runs] == [0.0, 0.0, 60.0]


def test_a_run_that_still_waits_for_a_lock_says_so() -> None:
    mutex = [{"name": "warehouse"}]
    crons = [locking(name, mutexes=mutex) for name in ("a", "b")]
    _, rehearsal = played(*crons, hours=1, experience=slow(a=7200))
    words = [run.message for run in rehearsal.unfinished]
    assert words == ["", "Waiting for data/Mutex/warehouse lock. Lock status: 0/1"]


def test_a_cron_that_runs_after_another_waits_for_it() -> None:
    second = cron("second")
    second["metadata"]["annotations"] = {"gitops.toolkit/after": "first"}
    runs, rehearsal = played(cron("first"), second, hours=2, experience=slow(first=600))
    assert [run.cron for run in runs] == ["first", "second"] * 2
    assert runs[1].started == START + timedelta(seconds=600)
    assert [one.reason for one in rehearsal.incidents] == ["Waiting"] * 2


def test_what_it_waits_for_may_fail() -> None:
    second = cron("second")
    second["metadata"]["annotations"] = {"gitops.toolkit/after": "first for 10m"}
    failure = (Failure("first", "main", None),)
    runs, rehearsal = played(cron("first"), second, hours=1, failures=failure)
    assert [run.cron for run in runs] == ["first"]
    assert [one.reason for one in rehearsal.incidents] == ["Waiting", "Waiting", "Skipped"]
