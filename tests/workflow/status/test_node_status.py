"""A node's status as people and Argo's clients see it: every field, of each kind of node."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import yaml

from toolkit.workflow.nodes import node_id
from toolkit.workflow.rehearsal.simulation import EPOCH, Outcome, Simulation
from toolkit.workflow.spec.library import Library
from toolkit.workflow.status.projection import project_workflow

BEGAN, ENDED = "2026-01-01T00:00:00Z", "2026-01-01T00:00:20Z"
USED = {"cpu": 2, "memory": 20}

STEPS = """
metadata: {name: wf, namespace: data, uid: u}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - name: a
        templateRef: {name: shared, template: work}
        arguments: {parameters: [{name: x, value: one}]}
"""
WORK = {
    "name": "work",
    "inputs": {"parameters": [{"name": "x"}]},
    "container": {"image": "i", "args": ["{{inputs.parameters.x}}"]},
    "outputs": {"parameters": [{"name": "o", "valueFrom": {"path": "/o"}}]},
}
SHARED = {"metadata": {"name": "shared"}, "spec": {"templates": [WORK]}}
LIBRARY = Library(templates={("WorkflowTemplate", "shared"): SHARED})


def nodes_of(simulation: Simulation) -> dict[str, dict[str, Any]]:
    body = project_workflow(simulation.run, {"metadata": {"name": "wf"}, "spec": {}})
    return {node["name"]: node for node in body["status"]["nodes"].values()}


def test_every_field_of_a_steps_run() -> None:
    outcome = Outcome(duration=timedelta(seconds=20), outputs={"/o": "made", "o": "made"})
    body = yaml.safe_load(STEPS)
    played = Simulation(body, library=LIBRARY, outcome=lambda _: outcome).run_to_end()
    pod, group = node_id("wf", "wf[0].a"), node_id("wf", "wf[0]")
    common = {"phase": "Succeeded", "startedAt": BEGAN, "finishedAt": ENDED, "progress": "1/1"}
    common["resourcesDuration"] = USED
    assert nodes_of(played) == {
        "wf": {
            **common,
            "id": "wf",
            "name": "wf",
            "displayName": "wf",
            "type": "Steps",
            "templateName": "main",
            "templateScope": "local/wf",
            "children": [group],
            "outboundNodes": [pod],
        },
        "wf[0]": {
            **common,
            "id": group,
            "name": "wf[0]",
            "displayName": "[0]",
            "type": "StepGroup",
            "nodeFlag": {},
            "templateScope": "local/wf",
            "boundaryID": "wf",
            "children": [pod],
        },
        "wf[0].a": {
            **common,
            "id": pod,
            "name": "wf[0].a",
            "displayName": "a",
            "type": "Pod",
            "templateRef": {"name": "shared", "template": "work"},
            "templateScope": "local/wf",
            "boundaryID": "wf",
            "hostNodeName": "localhost",
            "inputs": {"parameters": [{"name": "x", "value": "one"}]},
            "outputs": {
                "parameters": [{"name": "o", "value": "made", "valueFrom": {"path": "/o"}}],
                "exitCode": "0",
            },
            "taskResultSynced": True,
        },
    }


def test_a_node_that_is_skipped_is_finished_as_it_starts() -> None:
    body = yaml.safe_load(STEPS)
    body["spec"]["templates"][0]["steps"][0][0]["when"] = "1 == 2"
    skipped = nodes_of(Simulation(body, library=LIBRARY).run_to_end())["wf[0].a"]
    assert (skipped["phase"], skipped["type"]) == ("Skipped", "Skipped")
    assert skipped["message"] == "when '1 == 2' evaluated false"
    assert skipped["startedAt"] == skipped["finishedAt"] == BEGAN
    assert not {"progress", "resourcesDuration", "taskResultSynced"} & skipped.keys()


def test_a_daemon_says_where_it_is_while_it_is_up() -> None:
    text = """
metadata: {name: wf, namespace: data, uid: u}
spec:
  entrypoint: main
  templates:
  - name: main
    steps: [[{name: d, template: up}], [{name: w, template: work}]]
  - {name: up, daemon: true, container: {image: i}}
  - {name: work, container: {image: i}}
"""
    simulation = Simulation(
        yaml.safe_load(text), outcome=lambda _: Outcome(duration=timedelta(seconds=20))
    )
    simulation.run_until(EPOCH + timedelta(seconds=5))
    up = nodes_of(simulation)["wf[0].d"]
    assert (up["podIP"], up["daemoned"], up["phase"]) == ("127.0.0.1", True, "Running")


def test_attempts_and_hooks_carry_their_flags() -> None:
    text = """
metadata: {name: wf, namespace: data, uid: u}
spec:
  entrypoint: main
  onExit: work
  templates:
  - {name: main, retryStrategy: {limit: 1}, container: {image: i}}
  - {name: work, container: {image: i}}
"""
    nodes = nodes_of(Simulation(yaml.safe_load(text)).run_to_end())
    assert nodes["wf(0)"]["nodeFlag"] == {"retried": True}
    assert nodes["wf.onExit"]["nodeFlag"] == {"hooked": True}
    assert nodes["wf"]["type"] == "Retry"
    assert nodes["wf"]["children"] == [nodes["wf(0)"]["id"]]


def test_every_field_of_a_workflow_that_failed() -> None:
    fails = Outcome(exit_code=1)
    simulation = Simulation(yaml.safe_load(STEPS), library=LIBRARY, outcome=lambda _: fails)
    simulation.run_to_end()
    body = project_workflow(simulation.run, {"metadata": {"name": "wf"}, "spec": {}})
    assert set(body["status"]) == {
        "artifactRepositoryRef", "conditions", "finishedAt", "message", "nodes", "phase",
        "progress", "resourcesDuration", "startedAt", "storedTemplates",
    }  # fmt: skip


def test_a_node_says_whether_a_cache_had_it() -> None:
    text = """
metadata: {name: wf, namespace: data, uid: u}
spec:
  entrypoint: main
  templates:
  - name: main
    memoize: {key: k, cache: {configMap: {name: c}}}
    container: {image: i}
"""
    node = nodes_of(Simulation(yaml.safe_load(text)).run_to_end())["wf"]
    assert node["memoizationStatus"] == {"hit": False, "key": "k", "cacheName": "c"}


def test_a_hook_that_is_retried_shares_the_flag_of_its_attempts() -> None:
    text = """
metadata: {name: wf, namespace: data, uid: u}
spec:
  entrypoint: main
  onExit: again
  templates:
  - {name: main, container: {image: i}}
  - {name: again, retryStrategy: {limit: 1}, container: {image: i}}
"""
    nodes = nodes_of(Simulation(yaml.safe_load(text)).run_to_end())
    both = {"hooked": True, "retried": True}
    assert nodes["wf.onExit"]["nodeFlag"] == nodes["wf.onExit(0)"]["nodeFlag"] == both


def test_a_reference_in_the_namespace_says_nothing_of_its_scope() -> None:
    body = yaml.safe_load(STEPS)
    body["spec"]["templates"][0]["steps"][0][0]["templateRef"]["clusterScope"] = False
    nodes = nodes_of(Simulation(body, library=LIBRARY).run_to_end())
    assert nodes["wf[0].a"]["templateRef"] == {"name": "shared", "template": "work"}


@pytest.mark.parametrize("retry", ["", "retryStrategy: {limit: 1}, "])
def test_a_daemon_alone_ends_once_it_is_up(retry: str) -> None:
    text = f"""
metadata: {{name: wf, namespace: data, uid: u}}
spec:
  entrypoint: main
  templates: [{{name: main, {retry}daemon: true, container: {{image: i}}}}]
"""
    simulation = Simulation(yaml.safe_load(text), outcome=lambda _: Outcome(is_stuck=True))
    simulation.run_to_end()
    node = simulation.node("wf")
    assert (simulation.run.phase, node.phase, node.outputs) == ("Succeeded", "Succeeded", None)
    assert simulation.stopped


def test_the_containers_of_a_daemon_alone_end_with_it() -> None:
    text = """
metadata: {name: wf, namespace: data, uid: u}
spec:
  entrypoint: main
  templates:
  - name: main
    daemon: true
    containerSet: {containers: [{name: a, image: i}, {name: b, image: i}]}
"""
    simulation = Simulation(yaml.safe_load(text), outcome=lambda _: Outcome(is_stuck=True))
    nodes = nodes_of(simulation.run_to_end())
    assert {name: node["phase"] for name, node in nodes.items()} == {
        "wf": "Succeeded", "wf.a": "Succeeded", "wf.b": "Succeeded",
    }  # fmt: skip


def test_a_suspend_template_with_a_retry_strategy_has_an_attempt() -> None:
    text = """
metadata: {name: wf, namespace: data, uid: u}
spec:
  entrypoint: main
  templateDefaults: {retryStrategy: {limit: 1}}
  templates: [{name: main, suspend: {duration: 5}}]
"""
    nodes = nodes_of(Simulation(yaml.safe_load(text)).run_to_end())
    assert (nodes["wf"]["type"], nodes["wf"]["phase"]) == ("Retry", "Succeeded")
    assert (nodes["wf(0)"]["type"], nodes["wf(0)"]["phase"]) == ("Suspend", "Succeeded")


def test_a_resource_is_under_way_at_once_and_its_hooks_hear_of_it() -> None:
    text = """
metadata: {name: wf, namespace: data, uid: u}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - name: a
        template: get
        hooks: {begun: {template: tell, expression: 'steps["a"].status == "Running"'}}
  - {name: get, resource: {action: get, manifest: "kind: ConfigMap"}}
  - {name: tell, container: {image: i}}
"""
    simulation = Simulation(yaml.safe_load(text))
    assert simulation.node("wf[0].a").phase == "Running"
    simulation.run_to_end()
    assert simulation.node("wf[0].a.hooks.begun").phase == "Succeeded"
