"""Progress and resourcesDuration of nodes and runs, as Argo sums them."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from toolkit.workflow.events import ContainerProgressed
from toolkit.workflow.measures.descent import descendants, summation
from toolkit.workflow.rehearsal.simulation import EPOCH, Outcome, Simulation
from toolkit.workflow.run import Run
from toolkit.workflow.status.projection import project_workflow, summary_status

Play = Callable[..., Simulation]

STEPS = """
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - [{name: a, template: ok}, {name: b, template: bad, continueOn: {failed: true}}]
    - [{name: c, template: ok, when: "1 == 2"}]
    - [{name: d, template: ok}]
  - {name: ok, container: {image: i, command: [ok]}}
  - {name: bad, container: {image: i, command: [bad]}}
"""


def status_of(simulation: Simulation) -> dict[str, Any]:
    live = {"metadata": {"name": simulation.run.name}, "spec": {}}
    status: dict[str, Any] = project_workflow(simulation.run, live)["status"]
    return status


def by_name(simulation: Simulation, field: str) -> dict[str, Any]:
    nodes = status_of(simulation)["nodes"].values()
    return {node["name"]: node[field] for node in nodes if field in node}


def test_what_failed_is_not_done_and_a_group_counts_what_comes_after_it(play: Play) -> None:
    played = play(STEPS, {"bad": {"exit": 1, "seconds": 30}, "ok": {"seconds": 20}})
    assert by_name(played, "progress") == {
        "wf": "2/3", "wf[0]": "2/3", "wf[0].a": "1/1", "wf[0].b": "0/1",
        "wf[1]": "1/1", "wf[1].c": "1/1", "wf[2]": "1/1", "wf[2].d": "1/1",
    }  # fmt: skip
    assert status_of(played)["progress"] == "2/3"


def test_an_ended_run_says_its_totals_without_its_nodes(play: Play) -> None:
    played = play(STEPS, {"bad": {"exit": 1, "seconds": 30}, "ok": {"seconds": 20}})
    status = summary_status(Run(played.run.row))
    assert (status["progress"], status["resourcesDuration"]) == ("2/3", {"cpu": 7, "memory": 70})


def test_pods_count_their_seconds_by_default_requests(play: Play) -> None:
    played = play(STEPS, {"bad": {"exit": 1, "seconds": 30}, "ok": {"seconds": 20}})
    assert by_name(played, "resourcesDuration") == {
        "wf": {"cpu": 7, "memory": 70}, "wf[0]": {"cpu": 7, "memory": 70},
        "wf[0].a": {"cpu": 2, "memory": 20}, "wf[0].b": {"cpu": 3, "memory": 30},
        "wf[1]": {"cpu": 2, "memory": 20}, "wf[1].c": {"cpu": 2, "memory": 20},
        "wf[2]": {"cpu": 2, "memory": 20}, "wf[2].d": {"cpu": 2, "memory": 20},
    }  # fmt: skip
    assert status_of(played)["resourcesDuration"] == {"cpu": 7, "memory": 70}


def test_requests_go_before_limits_and_those_before_the_defaults(play: Play) -> None:
    text = """
spec:
  entrypoint: main
  templates:
  - name: main
    container:
      image: i
      command: [x]
      resources:
        limits: {cpu: 2000m, memory: 1Gi, nvidia.com/gpu: 1, ephemeral-storage: 5Gi}
        requests: {memory: 50Mi}
"""
    played = play(text, {"main": {"seconds": 180}})
    used = {"cpu": 360, "memory": 90, "nvidia.com/gpu": 180, "ephemeral-storage": 90}
    assert status_of(played)["resourcesDuration"] == used


def test_each_container_of_a_pod_counts_for_itself(play: Play) -> None:
    text = """
spec:
  entrypoint: main
  templates:
  - name: main
    initContainers:
    - {name: first, image: i, command: [x], resources: {requests: {cpu: 1}}}
    sidecars: [{name: beside, image: i, command: [x]}]
    container: {image: i, command: [x], resources: {requests: {cpu: 500m}}}
"""
    containers = {"first": {"seconds": 10}, "main": {"seconds": 20}, "beside": {"seconds": 5}}
    played = play(text, {"main": {"containers": containers}})
    # 10 s of one cpu, 20 s of half a one, 5 s of a tenth.
    assert status_of(played)["resourcesDuration"] == {"cpu": 20, "memory": 35}


def test_containers_of_a_set_and_suspended_steps_count_too(play: Play) -> None:
    text = """
spec:
  entrypoint: main
  templates:
  - name: main
    dag:
      tasks:
      - {name: set, template: set}
      - {name: wait, template: wait, depends: set}
  - name: set
    containerSet: {containers: [{name: a, image: i, command: [x]}, {name: main, image: i, command: [x]}]}
  - {name: wait, suspend: {}}
"""  # noqa: E501
    played = play(text)
    progress = by_name(played, "progress")
    assert (progress["wf"], progress["wf.set"], progress["wf.wait"]) == ("3/4", "1/1", "0/1")


def test_a_pod_says_its_progress_itself(play: Play) -> None:
    text = """
spec:
  entrypoint: main
  templates:
  - name: main
    metadata: {annotations: {workflows.argoproj.io/progress: 0/100}}
    container: {image: i, command: [x]}
"""
    simulation = play(text, {"main": {"seconds": 60, "exit": 1}}, to_end=False)
    simulation.run_until(EPOCH + timedelta(seconds=5))
    assert status_of(simulation)["progress"] == "0/100"
    start = simulation.started[0]
    for said in ("40/100", "nonsense", "5/0", "101/100"):
        simulation.send(ContainerProgressed(start.id, start.node_id, said, simulation.now))
    assert status_of(simulation)["progress"] == "40/100"
    simulation.run_to_end()
    assert status_of(simulation)["progress"] == "40/100"


def test_what_ended_well_is_complete_whatever_it_said(play: Play) -> None:
    text = """
spec:
  entrypoint: main
  templates:
  - {name: main, container: {image: i, command: [x]}}
"""
    simulation = play(text, to_end=False)
    start = simulation.started[0]
    simulation.run_until(EPOCH)
    simulation.send(ContainerProgressed(start.id, start.node_id, "7/10", simulation.now))
    simulation.run_to_end()
    assert status_of(simulation)["progress"] == "10/10"


def test_a_pod_that_never_ran_used_nothing(play: Play) -> None:
    text = """
spec:
  entrypoint: main
  templates:
  - {name: main, container: {image: i, command: [x]}}
"""
    played = play(text, {"main": {"error": "no such image"}})
    assert status_of(played)["resourcesDuration"] == {"cpu": 0, "memory": 0}


@pytest.mark.parametrize("seed", range(30))
def test_sums_are_those_of_a_walk_from_each_node(seed: int) -> None:
    rng = random.Random(seed)
    names = [f"n{at}" for at in range(rng.randint(1, 25))]
    children = {
        name: [other for other in names[at + 1 :] if rng.random() < 0.2]
        for at, name in enumerate(names)
    }
    shuffled = dict(sorted(children.items(), key=lambda _: rng.random()))
    numbered = [name for name in names if rng.random() < 0.7]
    numbers = {name: at for at, name in enumerate(numbered)}
    weights = [rng.choice([0, 1, 5, 1000]) for _ in numbered]
    total = summation(weights)
    found = {id: total(bits) for id, bits in descendants(shuffled, numbers)}
    assert found == {
        name: sum(weights[numbers[id]] for id in walk(children, name) if id in numbers)
        for name in names
    }


def walk(children: dict[str, list[str]], name: str) -> set[str]:
    seen: set[str] = set()
    pending = list(children[name])
    while pending:
        child = pending.pop()
        if child not in seen:
            seen.add(child)
            pending += children[child]
    return seen


def test_a_long_chain_is_summed_at_once() -> None:
    """Twenty thousand nodes: a walk from each would take a hundred million steps."""
    length = 20_000
    children = {str(at): [str(at + 1)] for at in range(length)} | {str(length): []}
    numbers = {str(length - at): at for at in range(length + 1)}
    total = summation([1] * (length + 1))
    found = {id: total(bits) for id, bits in descendants(children, numbers)}
    assert (found["0"], found[str(length)]) == (length, 0)


def test_a_resource_template_is_a_pod_too() -> None:
    template = {"name": "main", "resource": {"action": "get", "manifest": "kind: x"}}
    body = {
        "metadata": {"name": "wf"},
        "spec": {"entrypoint": "main", "templates": [template]},
    }
    outcome = Outcome(duration=timedelta(seconds=40))
    played = Simulation(body, outcome=lambda _: outcome).run_to_end()
    assert status_of(played)["resourcesDuration"] == {"cpu": 4, "memory": 40}
