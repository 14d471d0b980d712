"""ttlStrategy and podGC under a virtual clock, over the engine's own objects."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.controllers.bench import Bench, container
from tests.controllers.conftest import NAMESPACE
from toolkit.adapters.clock import VirtualClock
from toolkit.adapters.embedded import EmbeddedCluster
from toolkit.adapters.memory.executor import Ending
from toolkit.controllers.keeper import SWEEP_INTERVAL, Keeper
from toolkit.controllers.runs.projecting import WORKFLOW
from toolkit.resource.cluster import ObjectRef
from toolkit.resource.resource import Body

WORK = {"name": "work", "container": container()}


def spec(**more: Any) -> dict[str, Any]:
    steps = [[{"name": "a", "template": "work"}], [{"name": "b", "template": "work"}]]
    return {"entrypoint": "main", "templates": [{"name": "main", "steps": steps}, WORK], **more}


class Kept:
    """An engine and the keeper beside it."""

    def __init__(self, cluster: EmbeddedCluster, clock: VirtualClock) -> None:
        self.bench = Bench(cluster, clock)
        self.cluster = cluster
        self.clock = clock
        self.sweeps = 0
        self.boot()

    def boot(self) -> None:
        self.keeper = Keeper(
            "staging", self.cluster, clock=self.clock, on_error=_raise, sweep=self._sweep
        )
        self.version = ""

    def settle(self) -> None:
        self.bench.settle()
        if not self.version:
            found = self.cluster.list(WORKFLOW)
            self.version = found.resource_version
            self.keeper.listed(found.items)
        for event in self.cluster.watch(WORKFLOW, resource_version=self.version, timeout_s=0):
            self.version = event.object["metadata"]["resourceVersion"]
            self.keeper.changed(event)
        self.keeper.loop.run_ready()
        self.bench.settle()

    def advance(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        self.settle()

    def submit(self, name: str = "wf", **fields: Any) -> None:
        self.bench.submit(name, **fields)
        self.settle()

    def has(self, name: str = "wf") -> bool:
        return self.cluster.get(ObjectRef(WORKFLOW, NAMESPACE, name)) is not None

    def _sweep(self) -> None:
        self.sweeps += 1


def _raise(error: Exception) -> None:
    raise error


@pytest.fixture
def kept(cluster: EmbeddedCluster, clock: VirtualClock) -> Kept:
    return Kept(cluster, clock)


def fail(_: Any) -> Ending:
    return Ending(exit_code=1)


BROKEN = {"envFrom": [{"secretRef": {"name": "missing"}}]}
"""What a container has that cannot be started: its workflow ends in Error."""
ALL = {"secondsAfterCompletion": 40, "secondsAfterSuccess": 10, "secondsAfterFailure": 20}


@pytest.mark.parametrize(
    ("code", "fields", "strategy", "seconds"),
    [
        (0, {}, ALL, 10),
        (1, {}, ALL, 20),
        (0, BROKEN, ALL, 40),
        (0, BROKEN, {"secondsAfterError": 5, "secondsAfterFailure": 1}, 5),
        (0, {}, {"secondsAfterCompletion": 40, "secondsAfterFailure": 5}, 40),
        (0, {}, {"secondsAfterSuccess": 0}, 0),
    ],
)
def test_a_workflow_goes_when_its_time_to_live_is_over(
    kept: Kept, code: int, fields: dict[str, Any], strategy: dict[str, int], seconds: int
) -> None:
    kept.bench.script = lambda _: Ending(exit_code=code)
    root = {"name": "main", "container": container(**fields)}
    kept.submit(entrypoint="main", templates=[root], ttlStrategy=strategy)
    kept.advance(max(0, seconds - 1))
    assert kept.has() == (seconds > 0)
    kept.advance(1)
    assert not kept.has()
    assert kept.bench.pods() == {}


def test_a_workflow_without_a_time_to_live_for_its_end_stays(kept: Kept) -> None:
    kept.submit(**spec(ttlStrategy={"secondsAfterFailure": 5}))
    kept.advance(10_000)
    assert kept.has()


def test_the_time_to_live_is_kept_across_a_restart(kept: Kept) -> None:
    kept.submit(**spec(ttlStrategy={"secondsAfterCompletion": 60}))
    kept.advance(59)
    kept.boot()
    kept.settle()
    assert kept.has()
    kept.advance(1)
    assert not kept.has()


def test_what_expired_while_nobody_watched_goes_at_the_start(kept: Kept) -> None:
    kept.submit(**spec(ttlStrategy={"secondsAfterCompletion": 60}))
    kept.clock.advance(timedelta(hours=1))
    kept.boot()
    kept.settle()
    assert not kept.has()


def test_a_workflow_that_is_retried_does_not_expire(kept: Kept) -> None:
    kept.bench.script = fail
    kept.submit(**spec(ttlStrategy={"secondsAfterCompletion": 60}))
    kept.bench.script = lambda _: None
    kept.advance(30)
    kept.bench.edit(_retry)
    kept.settle()
    kept.advance(100)
    assert kept.has()
    assert kept.bench.phase() == "Running"


def _retry(body: Body) -> None:
    from toolkit.workflow import verbs

    changed, _ = verbs.retry(body)
    body.clear()
    body.update(changed)


def test_the_template_says_how_long_its_workflows_live(kept: Kept) -> None:
    template = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowTemplate",
        "metadata": {"name": "shared", "namespace": NAMESPACE},
        "spec": spec(ttlStrategy={"secondsAfterSuccess": 10}),
    }
    kept.cluster.create(template)
    kept.submit(workflowTemplateRef={"name": "shared"})
    kept.advance(10)
    assert not kept.has()


def pods(kept: Kept) -> list[str]:
    return sorted(name.rpartition("-")[0] for name in kept.bench.pods())


def test_pods_go_as_they_complete_after_the_delay(kept: Kept) -> None:
    kept.submit(**spec(podGC={"strategy": "OnPodCompletion", "deleteDelayDuration": "30s"}))
    kept.advance(29)
    assert pods(kept) == ["wf-work", "wf-work"]
    kept.advance(1)
    assert pods(kept) == []
    assert kept.has()


def test_pods_go_after_five_seconds_where_no_delay_is_given(kept: Kept) -> None:
    kept.submit(**spec(podGC={"strategy": "OnPodCompletion"}))
    kept.advance(4)
    assert len(pods(kept)) == 2
    kept.advance(1)
    assert pods(kept) == []


def test_a_pod_that_failed_stays_where_only_success_counts(kept: Kept) -> None:
    kept.bench.script = lambda start: Ending(exit_code=int(start.start.node_name.endswith("b")))
    kept.submit(**spec(podGC={"strategy": "OnPodSuccess", "deleteDelayDuration": "0"}))
    kept.advance(1)
    assert list(kept.bench.pods().values()) == ["Failed"]


@pytest.mark.parametrize(
    ("strategy", "left"), [("OnWorkflowCompletion", 0), ("OnWorkflowSuccess", 2)]
)
def test_pods_go_when_the_workflow_ends(kept: Kept, strategy: str, left: int) -> None:
    kept.bench.script = lambda start: (
        Ending() if start.start.node_name.endswith("a") else Ending(exit_code=1)
    )
    kept.submit(**spec(podGC={"strategy": strategy, "deleteDelayDuration": "0"}))
    kept.advance(1)
    assert len(pods(kept)) == left


def test_pods_of_a_running_workflow_stay_until_it_ends(kept: Kept) -> None:
    kept.bench.script = lambda start: Ending() if start.start.node_name.endswith("a") else None
    kept.submit(**spec(podGC={"strategy": "OnWorkflowCompletion", "deleteDelayDuration": "0"}))
    kept.advance(100)
    assert len(pods(kept)) == 2


def test_only_pods_that_the_selector_means_go(kept: Kept) -> None:
    selector = {
        "matchLabels": {"workflows.argoproj.io/completed": "true"},
        "matchExpressions": [
            {"key": "team", "operator": "In", "values": ["sales", "stock"]},
        ],
    }
    policy = {"strategy": "OnPodCompletion", "labelSelector": selector}
    kept.submit(**spec(podGC={**policy, "deleteDelayDuration": "0"}))
    kept.advance(10)
    assert len(pods(kept)) == 2


def test_pods_that_a_restart_drew_again_go_again(kept: Kept) -> None:
    kept.bench.script = lambda start: Ending() if start.start.node_name.endswith("a") else None
    kept.submit(**spec(podGC={"strategy": "OnPodCompletion"}))
    kept.advance(6)
    assert len(pods(kept)) == 1
    kept.bench.boot()
    kept.boot()
    kept.settle()
    kept.advance(6)
    assert list(kept.bench.pods().values()) == ["Running"]


def test_sweeps_come_round(kept: Kept) -> None:
    kept.keeper.sweep_at(kept.clock.now())
    kept.advance(0)
    kept.advance(SWEEP_INTERVAL.total_seconds() * 0.9)
    assert kept.sweeps == 1
    kept.advance(SWEEP_INTERVAL.total_seconds() * 0.1)
    assert kept.sweeps == 2
