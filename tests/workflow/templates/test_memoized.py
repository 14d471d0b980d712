"""resubmit --memoized: what went well is taken over, the rest runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import yaml

from toolkit.errors import RefusedError
from toolkit.resource.resource import Body
from toolkit.workflow import verbs
from toolkit.workflow.templates.memoized import with_nodes_of
from toolkit.workflow.nodes import node_id
from toolkit.workflow.status.observe import observe
from toolkit.workflow.status.projection import project_workflow
from toolkit.workflow.rehearsal.simulation import EPOCH, Outcome, Simulation

NOW = EPOCH + timedelta(minutes=5)
Script = Callable[[Any], Outcome]


def resubmitted(text: str, outcome: Script) -> tuple[Simulation, Body]:
    """The run that failed, and the workflow that is submitted then as ``new``."""
    body = {"metadata": {"name": "wf", "namespace": "data", "uid": "u"}, **yaml.safe_load(text)}
    old = Simulation(body, outcome=outcome).run_to_end()
    shown = project_workflow(old.run, body)
    return old, with_nodes_of(shown, verbs.resubmit(shown, name="new"), "ignored", NOW)


def played(fresh: Body) -> Simulation:
    return Simulation({**fresh, "metadata": {**fresh["metadata"], "uid": "n"}}).run_to_end()


def said(simulation: Simulation) -> list[tuple[str, ...]]:
    return [(start.node_name, *start.call.args) for start in simulation.started]  # type: ignore[union-attr]


STEPS = """
spec:
  entrypoint: main
  onExit: say
  templates:
  - name: main
    steps:
    - [{name: a, template: make}]
    - [{name: skipped, template: say, when: "1 == 2"}]
    - [{name: b, template: use, arguments: {parameters: [{name: x, value: "{{steps.a.outputs.parameters.o}}"}]}}]
    - [{name: c, template: say}]
  - name: make
    container: {image: i, args: [make]}
    outputs: {parameters: [{name: o, globalName: g, valueFrom: {path: /o}}]}
  - name: use
    inputs: {parameters: [{name: x}]}
    container: {image: i, args: ["{{inputs.parameters.x}}"]}
  - {name: say, container: {image: i, args: [say, "{{workflow.outputs.parameters.g}}"]}}
"""  # noqa: E501


def makes(start: Any) -> Outcome:
    is_use = start.template == "use"
    return Outcome(exit_code=int(is_use), outputs={"/o": "made", "o": "made"})


def test_the_nodes_are_argos() -> None:
    old, fresh = resubmitted(STEPS, makes)
    nodes = {node["name"]: node for node in fresh["status"]["nodes"].values()}
    assert set(nodes) == {"new", "new[0]", "new[0].a", "new[1]", "new[2]", "new[2].b"}
    a = nodes["new[0].a"]
    assert (a["type"], a["phase"]) == ("Skipped", "Skipped")
    assert a["message"] == f"original pod: {old.node('wf[0].a').id}"
    assert a["id"] == node_id("new", "new[0].a") == next(iter(nodes["new[0]"]["children"]))
    assert a["boundaryID"] == "new"
    assert a["startedAt"] == a["finishedAt"] == "2026-01-01T00:05:00Z"
    assert a["outputs"]["parameters"][0]["value"] == "made"
    b = nodes["new[2].b"]
    assert (b["phase"], b["startedAt"], "message" in b) == ("Pending", None, False)
    assert nodes["new"]["phase"] == "Pending"
    assert fresh["status"]["phase"] == ""
    assert fresh["status"]["conditions"] == [{"type": "Completed", "status": "False"}]


def test_what_went_well_is_skipped_and_its_outputs_are_there() -> None:
    _, fresh = resubmitted(STEPS, makes)
    simulation = played(fresh)
    assert said(simulation) == [
        ("new[2].b", "made"), ("new[3].c", "say", "made"), ("new.onExit", "say", "made"),
    ]  # fmt: skip
    assert simulation.run.phase == "Succeeded"
    a = simulation.node("new[0].a")
    assert (a.type, a.phase) == ("Skipped", "Skipped")
    assert a.message.startswith("original pod: wf-")
    assert simulation.node("new[1].skipped").phase == "Skipped"


def test_of_a_loop_the_failed_items_run_and_all_are_gathered() -> None:
    text = """
spec:
  entrypoint: main
  templates:
  - name: main
    dag:
      tasks:
      - {name: loop, template: item, withItems: [1, 2, 3], arguments: {parameters: [{name: x, value: "{{item}}"}]}}
      - {name: all, template: use, depends: loop, arguments: {parameters: [{name: x, value: "{{tasks.loop.outputs.result}}"}]}}
  - {name: item, inputs: {parameters: [{name: x}]}, script: {image: i, source: "x", args: ["{{inputs.parameters.x}}"]}}
  - {name: use, inputs: {parameters: [{name: x}]}, container: {image: i, args: ["{{inputs.parameters.x}}"]}}
"""  # noqa: E501

    def outcome(start: Any) -> Outcome:
        return Outcome(exit_code=int("2" in start.call.args), result='"r"')

    _, fresh = resubmitted(text, outcome)
    again = Simulation(
        {**fresh, "metadata": {**fresh["metadata"], "uid": "n"}},
        outcome=lambda _: Outcome(result='"again"'),
    ).run_to_end()
    assert said(again) == [("new.loop(1:2)", "2"), ("new.all", '["r","again","r"]')]


def test_an_attempt_that_went_well_is_not_tried_again() -> None:
    text = """
spec:
  entrypoint: main
  templates:
  - name: main
    steps: [[{name: a, template: flaky}], [{name: b, template: bad}]]
  - {name: flaky, retryStrategy: {limit: 3}, container: {image: i}}
  - {name: bad, container: {image: i}}
"""
    tries = iter([1, 1, 0, 1])
    _, fresh = resubmitted(text, lambda _: Outcome(exit_code=next(tries)))
    simulation = played(fresh)
    assert said(simulation) == [("new[1].b",)]
    retried = simulation.node("new[0].a")
    assert (retried.type, retried.phase) == ("Retry", "Succeeded")
    assert simulation.node("new[0].a(2)").phase == "Skipped"


def test_a_task_that_asks_for_success_is_omitted_as_in_argo() -> None:
    text = """
spec:
  entrypoint: main
  templates:
  - name: main
    dag:
      tasks:
      - {name: a, template: ok}
      - {name: b, template: ok, depends: a}
      - {name: c, template: ok, depends: a.Succeeded}
      - {name: d, template: bad}
  - {name: ok, container: {image: i}}
  - {name: bad, container: {image: i}}
"""
    _, fresh = resubmitted(text, lambda start: Outcome(exit_code=int(start.node_name != "wf.a")))
    simulation = played(fresh)
    assert sorted(name for name, *_ in said(simulation)) == ["new.b", "new.d"]
    assert simulation.node("new.c").phase == "Omitted"


def test_only_what_failed_is_resubmitted_so() -> None:
    body = {"metadata": {"name": "wf", "uid": "u"}, **yaml.safe_load(STEPS)}
    shown = {**body, "status": {"phase": "Succeeded"}}
    with pytest.raises(RefusedError, match="must be Failed/Error to resubmit in memoized mode"):
        with_nodes_of(shown, verbs.resubmit(shown), "x", NOW)


def test_the_name_is_generated_here() -> None:
    body = {"metadata": {"name": "w" * 60, "uid": "u"}, "spec": {}, "status": {"phase": "Failed"}}
    fresh = with_nodes_of(body, verbs.resubmit(body), "abcde", NOW)
    assert fresh["metadata"]["name"] == "w" * 58 + "abcde"


def test_the_nodes_of_a_copy_are_no_memory() -> None:
    _, fresh = resubmitted(STEPS, makes)
    copied = {**fresh, "status": {**fresh["status"], "phase": "Running"}}
    assert said(played(copied))[0][0] == "new[0].a"


def test_a_retry_runs_again_what_was_taken_over_where_it_is_asked_to() -> None:
    _, fresh = resubmitted(STEPS, makes)
    body = {**fresh, "metadata": {**fresh["metadata"], "uid": "n"}}
    again = Simulation(body, outcome=makes).run_to_end()
    assert [name for name, *_ in said(again)] == ["new[2].b", "new.onExit"]
    live, _ = verbs.retry(
        project_workflow(again.run, fresh),
        now=NOW,
        restart_successful=True,
        node_field_selector="displayName=a",
    )
    for event in observe(again.run, live):
        again.send(event)
    again.run_to_end()
    assert said(again)[2] == ("new[0].a", "make")
