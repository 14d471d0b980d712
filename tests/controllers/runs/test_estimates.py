"""estimatedDuration comes from the last run of the same origin that succeeded."""

from __future__ import annotations

from typing import Any

import pytest

from tests.controllers.bench import Bench, container
from tests.controllers.conftest import NAMESPACE, workflow
from toolkit.adapters.clock import VirtualClock
from toolkit.adapters.embedded import EmbeddedCluster
from toolkit.adapters.memory.executor import Ending
from toolkit.resource.cluster import ObjectRef
from toolkit.workflow.submission.submission import WORKFLOW

TEMPLATE = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "WorkflowTemplate",
    "metadata": {"name": "shared", "namespace": NAMESPACE},
    "spec": {
        "entrypoint": "main",
        "templates": [
            {"name": "main", "steps": [[{"name": "a", "template": "work"}]]},
            {"name": "work", "container": container()},
        ],
    },
}
OF_TEMPLATE = {"workflowTemplateRef": {"name": "shared"}}


@pytest.fixture
def bench(cluster: EmbeddedCluster, clock: VirtualClock) -> Bench:
    bench = Bench(cluster, clock)
    bench.script = lambda _: None
    cluster.create(TEMPLATE)
    return bench


def played(bench: Bench, name: str, seconds: float, exit_code: int = 0) -> None:
    bench.submit(name, **OF_TEMPLATE)
    end(bench, seconds, exit_code)


def end(bench: Bench, seconds: float, exit_code: int = 0) -> None:
    bench.advance(seconds)
    bench.executor.end(bench.world.starts[-1], Ending(exit_code=exit_code))
    bench.settle()
    bench.advance(2)


def estimates(bench: Bench, name: str) -> dict[str, Any]:
    status = bench.workflow(name)["status"]
    nodes = {node["name"]: node.get("estimatedDuration") for node in status["nodes"].values()}
    return {"": status.get("estimatedDuration"), **nodes}


def test_the_first_run_expects_nothing_and_the_next_what_it_took(bench: Bench) -> None:
    played(bench, "one", 40)
    played(bench, "two", 7)
    assert estimates(bench, "one") == {"": None, "one": None, "one[0]": None, "one[0].a": None}
    assert estimates(bench, "two") == {"": 40, "two": 40, "two[0]": 40, "two[0].a": 40}


def test_a_run_that_failed_lets_nothing_expect(bench: Bench) -> None:
    played(bench, "one", 40)
    played(bench, "two", 7, exit_code=1)
    played(bench, "three", 1)
    assert estimates(bench, "three")[""] == 40


def test_after_a_restart_the_last_run_that_is_still_there_counts(bench: Bench) -> None:
    played(bench, "one", 40)
    played(bench, "two", 20)
    bench.boot()
    bench.settle()
    played(bench, "three", 1)
    assert estimates(bench, "three")["three[0].a"] == 20


def test_after_a_restart_a_run_that_was_deleted_counts(bench: Bench) -> None:
    played(bench, "one", 40)
    played(bench, "two", 20)
    for name in ("one", "two"):
        bench.cluster.delete(ObjectRef(WORKFLOW, NAMESPACE, name))
        bench.settle()
    bench.boot()
    bench.settle()
    played(bench, "three", 1)
    assert estimates(bench, "three")["three[0].a"] == 20


def test_runs_of_a_cron_expect_what_its_last_took(bench: Bench) -> None:
    labels = {"workflows.argoproj.io/cron-workflow": "nightly"}
    for name in ("one", "two"):
        bench.cluster.create(workflow(name, spec=TEMPLATE["spec"], labels=labels))
        bench.settle()
        end(bench, 9)
    assert estimates(bench, "two")[""] == 9


def test_a_workflow_of_its_own_expects_nothing(bench: Bench) -> None:
    spec: Any = TEMPLATE["spec"]
    for name in ("one", "two"):
        bench.submit(name, **spec)
        end(bench, 9)
    assert estimates(bench, "two")[""] is None
