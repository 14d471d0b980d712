from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.controllers.conftest import NAMESPACE, START
from toolkit.adapters.clock import VirtualClock
from toolkit.adapters.embedded import EmbeddedCluster
from toolkit.controllers.cron_controller import CRON_WORKFLOW, CronController, CronNotice
from toolkit.controllers.runs.projecting import WORKFLOW
from toolkit.errors import InvalidError, StateError
from toolkit.resource.cluster import ObjectRef, PatchType
from toolkit.resource.resource import Body
from toolkit.workflow.cron.after import AFTER

MINUTE = timedelta(minutes=1)


class CronBench:
    """Fires the crons of a cluster under a virtual clock; workflows end when told."""

    def __init__(self, cluster: EmbeddedCluster, clock: VirtualClock) -> None:
        self.cluster = cluster
        self.clock = clock
        self.notices: list[CronNotice] = []
        self.past: Callable[[str, str], str] = lambda _namespace, _run: ""
        self.boot()

    def boot(self, on_error: Callable[[Exception], None] | None = None) -> None:
        self.controller = CronController(
            "staging",
            self.cluster,
            clock=self.clock,
            notice=self.notices.append,
            on_error=on_error or _raise,
            past=self.past,
        )
        self.versions: dict[Any, str] = {}

    def settle(self) -> None:
        calls = {
            CRON_WORKFLOW: (self.controller.listed, self.controller.changed),
            WORKFLOW: (self.controller.children_listed, self.controller.child_changed),
        }
        if not self.versions:
            for gvk, (listed, _) in calls.items():
                found = self.cluster.list(gvk)
                self.versions[gvk] = found.resource_version
                listed(found.items)
        is_busy = True
        while is_busy:
            is_busy = False
            self.controller.loop.run_ready()
            for gvk, (_, changed) in calls.items():
                version = self.versions[gvk]
                for event in self.cluster.watch(gvk, resource_version=version, timeout_s=0):
                    self.versions[gvk] = event.object["metadata"]["resourceVersion"]
                    changed(event)
                    is_busy = True

    def advance(self, step: timedelta) -> None:
        """In steps of ten seconds, as far as any timer is concerned."""
        end = self.clock.now() + step
        while self.clock.now() < end:
            self.clock.advance(min(timedelta(seconds=10), end - self.clock.now()))
            self.settle()

    def create(self, name: str = "c", after: str = "", **spec: Any) -> None:
        body: Body = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "CronWorkflow",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {"schedules": ["* * * * *"], "workflowSpec": {"entrypoint": "m"}, **spec},
        }
        if after:
            body["metadata"]["annotations"] = {AFTER: after}
        self.cluster.create(body)
        self.settle()

    def cron(self, name: str = "c") -> Body:
        body = self.cluster.get(ObjectRef(CRON_WORKFLOW, NAMESPACE, name))
        assert body is not None
        return body

    def children(self) -> list[Body]:
        return list(self.cluster.list(WORKFLOW, NAMESPACE).items)

    def names(self) -> list[str]:
        return [child["metadata"]["name"] for child in self.children()]

    def end(self, name: str, phase: str = "Succeeded") -> None:
        ref = ObjectRef(WORKFLOW, NAMESPACE, name)
        body = self.cluster.get(ref)
        assert body is not None
        self.cluster.update(
            {**body, "status": {"phase": phase, "finishedAt": str(self.clock.now())}}
        )
        self.settle()


def _raise(error: Exception) -> None:
    raise error


@pytest.fixture
def bench(cluster: EmbeddedCluster, clock: VirtualClock) -> CronBench:
    return CronBench(cluster, clock)


def at(minutes: int) -> str:
    return f"c-{int((START + minutes * MINUTE).timestamp())}"


def test_each_tick_makes_one_child(bench: CronBench) -> None:
    bench.create()
    assert bench.names() == []
    bench.advance(2 * MINUTE)
    assert bench.names() == [at(1), at(2)]
    (owner,) = bench.children()[0]["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"]) == ("CronWorkflow", "c")
    assert [notice.text for notice in bench.notices] == [f"fired: {at(1)}", f"fired: {at(2)}"]


def test_status_tells_of_the_last_tick_and_what_runs(bench: CronBench) -> None:
    bench.create()
    bench.advance(MINUTE)
    status = bench.cron()["status"]
    assert status["lastScheduledTime"] == "2026-03-01T12:01:00Z"
    assert [child["name"] for child in status["active"]] == [at(1)]
    bench.end(at(1))
    status = bench.cron()["status"]
    assert (status["active"], status["succeeded"]) == ([], 1)


def test_a_suspended_cron_stays_silent(bench: CronBench) -> None:
    bench.create(suspend=True)
    bench.advance(3 * MINUTE)
    assert (bench.names(), bench.notices) == ([], [])


def test_forbid_skips_while_one_runs_and_says_so(bench: CronBench) -> None:
    bench.create(concurrencyPolicy="Forbid")
    bench.advance(2 * MINUTE)
    assert bench.names() == [at(1)]
    assert "Forbid" in bench.notices[-1].text
    bench.end(at(1))
    bench.advance(MINUTE)
    assert bench.names() == [at(1), at(3)]


def test_replace_terminates_what_runs(bench: CronBench) -> None:
    bench.create(concurrencyPolicy="Replace")
    bench.advance(2 * MINUTE)
    first, second = bench.children()
    assert first["spec"]["shutdown"] == "Terminate"
    assert "shutdown" not in second["spec"]


def test_history_is_kept_within_its_limits(bench: CronBench) -> None:
    bench.create(successfulJobsHistoryLimit=1, failedJobsHistoryLimit=0)
    for minute, phase in ((1, "Succeeded"), (2, "Failed"), (3, "Succeeded")):
        bench.advance(MINUTE)
        bench.end(at(minute), phase)
    assert bench.names() == [at(3)]


def test_a_restart_fires_no_tick_again(bench: CronBench) -> None:
    bench.create()
    bench.advance(MINUTE)
    bench.boot()
    bench.settle()
    assert bench.names() == [at(1)]
    bench.advance(MINUTE)
    assert bench.names() == [at(1), at(2)]


def test_a_crash_between_child_and_status_makes_no_second_child(
    bench: CronBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.create()
    with monkeypatch.context() as patch:
        patch.setattr(CronController, "_write", lambda *_: None)
        bench.advance(MINUTE)
    bench.boot()
    bench.settle()
    assert bench.names() == [at(1)]
    assert bench.cron()["status"]["lastScheduledTime"] == "2026-03-01T12:01:00Z"


def test_the_latest_missed_tick_is_caught_up_within_its_deadline(bench: CronBench) -> None:
    bench.create(startingDeadlineSeconds=600)
    bench.create("late")
    bench.clock.advance(5 * MINUTE + timedelta(seconds=70))
    bench.boot()
    bench.settle()
    assert bench.names() == [at(6), at(6).replace("c-", "late-")]


def test_a_deleted_cron_fires_no_more(bench: CronBench) -> None:
    bench.create()
    bench.cluster.delete(ObjectRef(CRON_WORKFLOW, NAMESPACE, "c"))
    bench.settle()
    bench.advance(2 * MINUTE)
    assert bench.names() == []


def test_a_broken_schedule_is_told_and_harms_no_other(bench: CronBench) -> None:
    bench.create("bad", schedules=["61 * * * *"])
    bench.create()
    bench.advance(MINUTE)
    assert bench.names() == [at(1)]
    assert any(notice.name == "bad" for notice in bench.notices)
    assert bench.cron("bad")["status"]["conditions"][0]["type"] == "SpecError"


def test_a_cron_fires_when_the_run_it_waits_for_succeeds(bench: CronBench) -> None:
    bench.create("first")
    bench.create("second", after="first")
    bench.advance(MINUTE)
    (run,) = bench.names()
    assert run.startswith("first-")
    assert "has not succeeded yet" in bench.cron("second")["status"]["waitingFor"]["reason"]
    bench.end(run)
    assert sorted(bench.names()) == [run, run.replace("first", "second")]
    assert "waitingFor" not in bench.cron("second")["status"]


def test_a_failed_run_that_is_put_right_lets_the_next_cron_fire(bench: CronBench) -> None:
    bench.create("first", schedules=["1 12 * * *"])
    bench.create("second", schedules=["2 12 * * *"], after="first for 1h")
    bench.advance(2 * MINUTE)
    (run,) = bench.names()
    bench.end(run, "Failed")
    bench.advance(20 * MINUTE)
    bench.boot()
    bench.settle()
    assert bench.names() == [run]
    bench.end(run, "Succeeded")
    assert len(bench.names()) == 2


def test_a_run_that_is_gone_is_asked_of_the_archive(
    cluster: EmbeddedCluster, clock: VirtualClock
) -> None:
    bench = CronBench(cluster, clock)
    bench.create("first", schedules=["1 12 * * *"], suspend=True)
    bench.create("second", schedules=["2 12 * * *"], after="first")
    bench.past = lambda _namespace, run: "Succeeded" if run.startswith("first-") else ""
    bench.boot()
    bench.advance(2 * MINUTE)
    assert [name.rpartition("-")[0] for name in bench.names()] == ["second"]


def test_crons_of_one_minute_are_made_in_one_transaction_and_written_in_another(
    bench: CronBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        bench.create(name, schedules=["1 12 * * *"])
    made = counted(monkeypatch, "create_all")
    drawn = counted(monkeypatch, "draw")
    bench.advance(MINUTE)
    assert len(bench.names()) == 3
    assert made == [3]
    assert drawn[0] == 3


def test_a_run_that_is_refused_holds_up_no_other_and_is_tried_again(
    cluster: EmbeddedCluster, clock: VirtualClock
) -> None:
    bench = CronBench(cluster, clock)
    errors: list[Exception] = []
    bench.boot(on_error=errors.append)
    bad = {"labels": {"no label": "x"}}
    bench.create("bad", schedules=["1 12 * * *"], workflowMetadata=bad)
    bench.create("good", schedules=["1 12 * * *"])
    bench.advance(MINUTE)
    assert [name.rpartition("-")[0] for name in bench.names()] == ["good"]
    assert [type(error) for error in errors] == [InvalidError]
    ref = ObjectRef(CRON_WORKFLOW, NAMESPACE, "bad")
    bench.cluster.patch(ref, {"spec": {"workflowMetadata": None}}, PatchType.MERGE)
    bench.settle()
    assert [name.rpartition("-")[0] for name in bench.names()] == ["bad", "good"]


def test_a_cluster_that_fails_is_told_once_and_asked_again(
    cluster: EmbeddedCluster, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = CronBench(cluster, clock)
    errors: list[Exception] = []
    bench.boot(on_error=errors.append)
    for name in ("a", "b"):
        bench.create(name, schedules=["1 12 * * *"])
    with monkeypatch.context() as patch:
        patch.setattr(EmbeddedCluster, "create_all", _fail)
        bench.advance(MINUTE)
    assert (len(errors), bench.names()) == (1, [])
    bench.advance(timedelta(seconds=2))
    assert len(bench.names()) == 2


def test_a_cron_that_somebody_changed_meanwhile_is_looked_at_again(bench: CronBench) -> None:
    for name in ("a", "b"):
        bench.create(name, schedules=["1 12 * * *"])
    ref = ObjectRef(CRON_WORKFLOW, NAMESPACE, "a")
    bench.cluster.patch(ref, {"metadata": {"labels": {"new": "1"}}}, PatchType.MERGE)
    bench.clock.advance(MINUTE)
    bench.controller.loop.run_ready()  # before it hears of the change
    assert len(bench.names()) == 2
    assert "lastScheduledTime" in bench.cron("b")["status"]
    bench.settle()
    assert bench.cron("a")["status"]["lastScheduledTime"] == "2026-03-01T12:01:00Z"
    assert bench.cron("a")["metadata"]["labels"] == {"new": "1"}
    assert len(bench.names()) == 2


def test_a_cron_whose_status_somebody_broke_is_told_and_harms_no_other(
    cluster: EmbeddedCluster, clock: VirtualClock
) -> None:
    bench = CronBench(cluster, clock)
    for name in ("bad", "c"):
        bench.create(name, schedules=["1 12 * * *"])
    ref = ObjectRef(CRON_WORKFLOW, NAMESPACE, "bad")
    bench.cluster.patch(ref, {"status": {"lastScheduledTime": "soon"}}, PatchType.MERGE)
    errors: list[Exception] = []
    bench.boot(on_error=errors.append)
    bench.advance(MINUTE)
    assert bench.names() == [at(1)]
    assert {type(error) for error in errors} == {ValueError}


def counted(monkeypatch: pytest.MonkeyPatch, verb: str) -> list[int]:
    """How many objects each call of a verb for many was given."""
    calls: list[int] = []
    known = getattr(EmbeddedCluster, verb)

    def noted(cluster: EmbeddedCluster, bodies: list[Body]) -> Any:
        calls.append(len(bodies))
        return known(cluster, bodies)

    monkeypatch.setattr(EmbeddedCluster, verb, noted)
    return calls


def _fail(*_: object) -> None:
    raise StateError("the disk is full")
