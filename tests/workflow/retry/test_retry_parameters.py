"""A retry with other parameters: what runs again sees them, what is kept stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import yaml

from toolkit.errors import UsageError
from toolkit.resource.resource import Body
from toolkit.workflow import verbs
from toolkit.workflow.commands import StartContainer
from toolkit.workflow.rehearsal.simulation import EPOCH, Outcome, Simulation
from toolkit.workflow.spec.library import Library
from toolkit.workflow.status.observe import observe
from toolkit.workflow.status.projection import project_workflow

NOW = EPOCH + timedelta(minutes=5)


def played(text: str, outcome: Any, library: Library | None = None) -> tuple[Simulation, Body]:
    body = {"metadata": {"name": "wf", "namespace": "data", "uid": "u"}, **yaml.safe_load(text)}
    return Simulation(body, library=library, outcome=outcome).run_to_end(), body


def retried(
    simulation: Simulation, body: Body, *parameters: str, now: datetime = NOW
) -> list[tuple[str, ...]]:
    """What ran again, as (name, words…)."""
    before = len(simulation.started)
    live, _ = verbs.retry(project_workflow(simulation.run, body), now=now, parameters=parameters)
    for event in observe(simulation.run, live):
        simulation.send(event)
    simulation.run_to_end()
    return [said(start) for start in simulation.started[before:]]


def said(start: Any) -> tuple[str, ...]:
    assert isinstance(start, StartContainer)
    return (start.node_name, *start.call.args)


def fails_on(word: str) -> Callable[[Any], Outcome]:
    return lambda start: Outcome(exit_code=int(word in start.call.args))


STEPS = """
spec:
  entrypoint: main
  arguments: {parameters: [{name: day, value: bad, enum: [bad]}, {name: other, value: kept}]}
  volumes: [{name: v, configMap: {name: "of-{{workflow.parameters.day}}"}}]
  templates:
  - name: main
    steps:
    - [{name: a, template: say, arguments: {parameters: [{name: x, value: one}]}}]
    - - {name: b, template: say, arguments: {parameters: [{name: x, value: two}]}}
      - name: c
        template: say
        arguments: {parameters: [{name: x, value: "{{workflow.parameters.day}}"}]}
  - name: say
    inputs: {parameters: [{name: x}]}
    container:
      image: i
      args: ["{{inputs.parameters.x}}", "{{workflow.parameters.other}}"]
"""


def test_what_failed_runs_again_with_the_new_value_and_its_group_with_it() -> None:
    simulation, body = played(STEPS, fails_on("bad"))
    again = retried(simulation, body, "day=good")
    assert simulation.run.phase == "Succeeded"
    assert again == [("wf[1].b", "two", "kept"), ("wf[1].c", "good", "kept")]
    assert simulation.run.definition.spec["volumes"][0]["configMap"]["name"] == "of-good"


def test_without_parameters_only_what_failed_runs_again() -> None:
    simulation, body = played(STEPS, fails_on("bad"))
    assert retried(simulation, body) == [("wf[1].c", "bad", "kept")]


def test_given_parameters_come_first_and_keep_nothing_of_what_they_override() -> None:
    simulation, body = played(STEPS, fails_on("bad"))
    live, _ = verbs.retry(
        project_workflow(simulation.run, body), now=NOW, parameters=["day=x=y", "new=1"]
    )
    assert live["spec"]["arguments"]["parameters"] == [
        {"name": "day", "value": "x=y"},
        {"name": "new", "value": "1"},
        {"name": "other", "value": "kept"},
    ]
    with pytest.raises(UsageError, match="expected parameter of the form NAME=VALUE, found 'day'"):
        verbs.retry(project_workflow(simulation.run, body), now=NOW, parameters=["day"])


def test_the_pods_of_the_whole_group_are_obsolete() -> None:
    simulation, body = played(STEPS, fails_on("bad"))
    _, one = verbs.retry(project_workflow(simulation.run, body), now=NOW)
    _, both = verbs.retry(project_workflow(simulation.run, body), now=NOW, parameters=["day=x"])
    assert (len(one), len(both)) == (1, 2)


LOOP = """
spec:
  entrypoint: main
  arguments: {parameters: [{name: items, value: '["a", "bad"]'}]}
  templates:
  - name: main
    dag:
      tasks:
      - {name: first, template: say, arguments: {parameters: [{name: x, value: one}]}}
      - name: loop
        depends: first
        template: say
        withParam: "{{workflow.parameters.items}}"
        arguments: {parameters: [{name: x, value: "{{item}}"}]}
  - name: say
    inputs: {parameters: [{name: x}]}
    container: {image: i, args: ["{{inputs.parameters.x}}"]}
"""


@pytest.mark.parametrize(
    ("items", "again"),
    [
        ('["c", "d"]', [("wf.loop(0:c)", "c"), ("wf.loop(1:d)", "d")]),
        ('["a", "d"]', [("wf.loop(0:a)", "a"), ("wf.loop(1:d)", "d")]),
        ("[]", []),
    ],
)
def test_a_loop_comes_to_the_new_items(items: str, again: list[tuple[str, ...]]) -> None:
    simulation, body = played(LOOP, fails_on("bad"))
    assert retried(simulation, body, f"items={items}") == again
    assert simulation.run.phase == "Succeeded"


NESTED = """
spec:
  entrypoint: outer
  arguments: {parameters: [{name: day, value: bad}]}
  templates:
  - name: outer
    inputs: {parameters: [{name: day}]}
    dag:
      tasks:
      - name: t
        template: inner
        arguments: {parameters: [{name: d, value: "{{inputs.parameters.day}}"}]}
  - name: inner
    retryStrategy: {limit: 0}
    inputs: {parameters: [{name: d}]}
    dag:
      tasks:
      - {name: ok, template: say, arguments: {parameters: [{name: x, value: one}]}}
      - name: deep
        template: say
        depends: ok
        arguments: {parameters: [{name: x, value: "on {{inputs.parameters.d}}"}]}
  - name: say
    inputs: {parameters: [{name: x}]}
    container: {image: i, args: ["{{inputs.parameters.x}}"]}
"""


def test_what_is_around_gets_its_inputs_anew() -> None:
    simulation, body = played(NESTED, fails_on("on bad"))
    assert retried(simulation, body, "day=good") == [("wf.t(0).deep", "on good")]
    assert simulation.run.phase == "Succeeded"
    for name in ("wf", "wf.t", "wf.t(0)"):
        (parameter,) = simulation.node(name).status["inputs"]["parameters"]
        assert parameter["value"] == "good"


def test_an_attempt_sees_them_too() -> None:
    text = """
spec:
  entrypoint: main
  arguments: {parameters: [{name: day, value: bad}]}
  templates:
  - name: main
    retryStrategy: {limit: 1}
    container: {image: i, args: ["{{workflow.parameters.day}}"]}
"""
    simulation, body = played(text, fails_on("bad"))
    (again,) = retried(simulation, body, "day=good")
    assert (again[1], simulation.run.phase) == ("good", "Succeeded")


def test_a_second_retry_keeps_them_and_takes_others() -> None:
    simulation, body = played(STEPS, fails_on("bad"))
    live, _ = verbs.retry(
        project_workflow(simulation.run, body), now=NOW, parameters=["other=bad", "day=x"]
    )
    for event in observe(simulation.run, live):
        simulation.send(event)
    simulation.run_to_end()
    later = NOW + timedelta(minutes=5)
    again = retried(simulation, {**body, "spec": live["spec"]}, "other=fine", now=later)
    assert again == [("wf[1].b", "two", "fine"), ("wf[1].c", "x", "fine")]


def test_of_a_template_they_override_its_defaults() -> None:
    spec: Any = yaml.safe_load(STEPS)["spec"]
    template = {"kind": "WorkflowTemplate", "metadata": {"name": "t"}, "spec": spec}
    library = Library(templates={("WorkflowTemplate", "t"): template})
    simulation, body = played("spec: {workflowTemplateRef: {name: t}}", fails_on("bad"), library)
    again = retried(simulation, body, "day=good")
    assert again == [("wf[1].b", "two", "kept"), ("wf[1].c", "good", "kept")]


def test_a_succeeded_run_may_be_retried_with_them_from_chosen_nodes() -> None:
    simulation, body = played(LOOP, fails_on("nothing"))
    live, _ = verbs.retry(
        project_workflow(simulation.run, body),
        now=NOW,
        restart_successful=True,
        node_field_selector="displayName=first",
        parameters=['items=["z"]'],
    )
    for event in observe(simulation.run, live):
        simulation.send(event)
    simulation.run_to_end()
    assert [said(start) for start in simulation.started[3:]] == [
        ("wf.first", "one"),
        ("wf.loop(0:z)", "z"),
    ]


def test_a_value_that_the_spec_cannot_be_read_with_ends_the_run_again() -> None:
    text = """
spec:
  entrypoint: main
  arguments: {parameters: [{name: n, value: '"three"'}]}
  workflowMetadata: {labelsFrom: {of: {expression: "fromJSON(workflow.parameters.n)"}}}
  templates: [{name: main, container: {image: i}}]
"""
    simulation, body = played(text, lambda _: Outcome(exit_code=1))
    assert retried(simulation, body, "n=3") == []
    assert (simulation.run.phase, simulation.run.is_finished) == ("Error", True)
    assert "it is no string" in simulation.run.row["message"]
    later = NOW + timedelta(minutes=5)
    assert len(retried(simulation, body, 'n="four"', now=later)) == 1
    assert simulation.run.definition.metadata["labels"] == {"of": "four"}
