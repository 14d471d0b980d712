from __future__ import annotations

from typing import Any

import pytest

from tests.controllers.bench import Bench, container
from tests.controllers.conftest import NAMESPACE, config_map
from toolkit.adapters.clock import VirtualClock
from toolkit.adapters.embedded import EmbeddedCluster
from toolkit.adapters.memory.executor import Ending
from toolkit.controllers.runs.projecting import WORKFLOW
from toolkit.resource.cluster import ObjectRef
from toolkit.resource.resource import Body

MUTEX = {"mutexes": [{"name": "one"}]}
LIMITED = {"semaphores": [{"configMapKeyRef": {"name": "limits", "key": "load"}}]}
SHARED = {"semaphores": [{"database": {"key": "load"}}]}


def locked(synchronization: Body) -> dict[str, Any]:
    """A spec whose run needs locks."""
    templates = [{"name": "main", "container": container()}]
    return {"entrypoint": "main", "templates": templates, "synchronization": synchronization}


def locked_steps(synchronization: Body, count: int = 3) -> dict[str, Any]:
    """A spec with steps that need locks, side by side."""
    steps = [[{"name": f"s{at}", "template": "work"} for at in range(count)]]
    work = {"name": "work", "container": container(), "synchronization": synchronization}
    return {"entrypoint": "main", "templates": [{"name": "main", "steps": steps}, work]}


def phases(bench: Bench, *names: str) -> list[str]:
    return [bench.phase(name) for name in names]


def status(bench: Bench, name: str) -> Body:
    body: Body = bench.workflow(name)["status"]
    return body


@pytest.fixture
def bench(cluster: EmbeddedCluster, clock: VirtualClock) -> Bench:
    bench = Bench(cluster, clock)
    bench.script = lambda _: None
    return bench


def end(bench: Bench, start: int, ending: Ending | None = None) -> None:
    bench.executor.end(bench.world.starts[start], ending or Ending())
    bench.settle()


def test_the_second_waits_pending_and_says_for_what(bench: Bench) -> None:
    bench.submit("a", **locked(MUTEX))
    bench.submit("b", **locked(MUTEX))
    assert phases(bench, "a", "b") == ["Running", "Pending"]
    waiting = status(bench, "b")
    assert waiting["message"] == "Waiting for data/Mutex/one lock. Lock status: 0/1"
    assert waiting["startedAt"] is None
    assert waiting["synchronization"] == {
        "mutex": {"waiting": [{"mutex": "data/Mutex/one", "holder": "data/a"}]}
    }
    assert status(bench, "a")["synchronization"] == {
        "mutex": {"holding": [{"mutex": "data/Mutex/one", "holder": "data/a"}]}
    }


def test_the_end_of_a_run_lets_the_next_one_start(bench: Bench) -> None:
    bench.submit("a", **locked(MUTEX))
    bench.submit("b", **locked(MUTEX))
    end(bench, 0)
    assert phases(bench, "a", "b") == ["Succeeded", "Running"]
    assert "synchronization" not in status(bench, "a")
    assert "message" not in status(bench, "b")


def test_steps_wait_for_each_other(bench: Bench) -> None:
    bench.submit("wf", **locked_steps(MUTEX))
    assert len(bench.world.starts) == 1
    bench.advance(1)
    nodes = status(bench, "wf")["nodes"].values()
    waiting = [node for node in nodes if node.get("synchronizationStatus")]
    assert [node["phase"] for node in waiting] == ["Pending", "Pending"]
    assert {node["synchronizationStatus"]["waiting"] for node in waiting} == {"data/Mutex/one"}
    assert "Waiting for data/Mutex/one lock." in waiting[0]["message"]
    end(bench, 0, Ending(exit_code=1))
    assert len(bench.world.starts) == 2


def test_deleting_a_holder_frees_its_lock(bench: Bench) -> None:
    bench.submit("a", **locked(MUTEX))
    bench.submit("b", **locked(MUTEX))
    bench.cluster.delete(ObjectRef(WORKFLOW, NAMESPACE, "a"))
    bench.settle()
    assert bench.phase("b") == "Running"


def test_deleting_one_that_waits_lets_the_one_behind_it_go(bench: Bench) -> None:
    for name in ("a", "b", "c"):
        bench.submit(name, **locked(MUTEX))
    bench.cluster.delete(ObjectRef(WORKFLOW, NAMESPACE, "b"))
    bench.settle()
    end(bench, 0)
    assert phases(bench, "a", "c") == ["Succeeded", "Running"]


def test_terminating_one_that_waits_ends_it(bench: Bench) -> None:
    bench.submit("a", **locked(MUTEX))
    bench.submit("b", **locked(MUTEX))
    bench.edit(lambda body: body["spec"].update(shutdown="Terminate"), "b")
    assert bench.phase("b") == "Failed"
    assert status(bench, "b")["message"] == "Stopped with strategy 'Terminate'"


def test_a_suspended_run_leaves_the_queue_and_comes_back(bench: Bench) -> None:
    for name in ("a", "b", "c"):
        bench.submit(name, **locked(MUTEX))
    bench.edit(lambda body: body["spec"].update(suspend=True), "b")
    end(bench, 0)
    assert phases(bench, "b", "c") == ["Pending", "Running"]
    bench.edit(lambda body: body["spec"].update(suspend=False), "b")
    end(bench, 1)
    assert phases(bench, "b", "c") == ["Running", "Succeeded"]


def test_a_higher_priority_goes_first(bench: Bench) -> None:
    bench.submit("a", **locked(MUTEX))
    bench.submit("b", **locked(MUTEX))
    bench.submit("c", **locked(MUTEX), priority=5)
    end(bench, 0)
    assert phases(bench, "b", "c") == ["Pending", "Running"]


def test_a_config_map_gives_the_limit_and_may_change_it(bench: Bench) -> None:
    bench.cluster.create(config_map("limits", load="1"))
    for name in ("a", "b", "c"):
        bench.submit(name, **locked(LIMITED))
    assert phases(bench, "a", "b", "c") == ["Running", "Pending", "Pending"]
    waiting = status(bench, "b")["message"]
    assert waiting == "Waiting for data/ConfigMap/limits/load lock. Lock status: 0/1"
    changed = bench.cluster.update(config_map("limits", load="3"))
    bench.controller.locks.changed(changed)
    bench.settle()
    assert phases(bench, "a", "b", "c") == ["Running", "Running", "Running"]


def test_a_limit_that_falls_takes_nothing_away(bench: Bench) -> None:
    bench.cluster.create(config_map("limits", load="2"))
    for name in ("a", "b", "c"):
        bench.submit(name, **locked(LIMITED))
    bench.controller.locks.changed(bench.cluster.update(config_map("limits", load="1")))
    end(bench, 0)
    assert phases(bench, "a", "b", "c") == ["Succeeded", "Running", "Pending"]
    end(bench, 1)
    assert bench.phase("c") == "Running"


@pytest.mark.parametrize(
    ("data", "reason"),
    [({"load": "0"}, "it is 0"), ({"load": "x"}, "no whole number"), ({}, "'load' not found")],
)
def test_a_limit_that_is_none_fails_the_run(
    bench: Bench, data: dict[str, str], reason: str
) -> None:
    bench.cluster.create(config_map("limits", **data))
    bench.submit("a", **locked(LIMITED))
    assert bench.phase("a") == "Failed"
    message = status(bench, "a")["message"]
    assert message.startswith("Failed to acquire the synchronization lock. failed to initialize")
    assert reason in message
    assert not status(bench, "a").get("nodes")
    assert bench.world.starts == []


def test_a_config_map_that_is_not_there_is_a_steps_error(bench: Bench) -> None:
    bench.submit("a", **locked_steps(LIMITED, 1))
    assert bench.phase("a") == "Failed"
    nodes = status(bench, "a")["nodes"].values()
    assert any('"limits" not found' in node.get("message", "") for node in nodes)


def test_a_database_semaphore_has_its_limit_from_the_settings(
    bench: Bench, clock: VirtualClock
) -> None:
    bench.semaphores["data/load"] = 1
    bench.submit("a", **locked(SHARED))
    bench.submit("b", **locked(SHARED))
    assert phases(bench, "a", "b") == ["Running", "Pending"]
    assert "data/Database/load" in status(bench, "b")["message"]
    bench.semaphores["data/load"] = 2
    bench.advance(5)
    assert phases(bench, "a", "b") == ["Running", "Running"]


def test_a_database_semaphore_without_a_limit_says_where_to_set_it(bench: Bench) -> None:
    bench.submit("a", **locked(SHARED))
    assert "runtime.semaphores of gitops.yaml" in status(bench, "a")["message"]


def test_after_a_crash_the_holder_still_holds_and_the_waiter_still_waits(bench: Bench) -> None:
    bench.submit("a", **locked(MUTEX))
    bench.submit("b", **locked(MUTEX))
    bench.boot()
    bench.settle()
    assert phases(bench, "a", "b") == ["Running", "Pending"]
    end(bench, 0)
    assert phases(bench, "a", "b") == ["Succeeded", "Running"]
    assert len(bench.world.starts) == 2


def test_a_holder_that_was_deleted_while_nothing_ran_holds_nothing(bench: Bench) -> None:
    bench.submit("a", **locked(MUTEX))
    bench.submit("b", **locked(MUTEX))
    bench.cluster.delete(ObjectRef(WORKFLOW, NAMESPACE, "a"))
    bench.boot()
    bench.settle()
    assert bench.phase("b") == "Running"
