"""What is around a step that cannot be started: nothing else starts, and its group errors."""

from __future__ import annotations

import pytest

from tests.workflow.conftest import Play
from toolkit.workflow.rehearsal.simulation import Simulation

LEAVES = """
  - {name: ok, inputs: {parameters: [{name: p, default: d}]}, container: {image: i}}
  - {name: broken, podSpecPatch: "{", container: {image: i}}
  - {name: again, retryStrategy: {limit: 1}, podSpecPatch: "{", container: {image: i}}
  - name: always
    retryStrategy: {limit: 1, retryPolicy: Always}
    podSpecPatch: "{"
    container: {image: i}
"""
REASON = "step group deemed errored due to child wf[0].a error: Error applying PodSpecPatch"


def played(play: Play, main: str, spec: str = "") -> Simulation:
    return play(
        f"spec:\n  entrypoint: main\n  {spec}\n  templates:\n  - {{name: main, {main}}}{LEAVES}"
    )


def names(simulation: Simulation) -> set[str]:
    return {node.name for node in simulation.run.nodes.values()}


def test_what_comes_after_it_in_its_group_is_not_started(play: Play) -> None:
    run = played(play, "steps: [[{name: a, template: broken}, {name: b, template: ok}]]")
    assert (run.node("wf[0]").phase, run.node("wf[0]").message) == ("Error", REASON)
    assert "wf[0].b" not in names(run)


def test_a_policy_that_does_not_retry_errors_passes_them_on(play: Play) -> None:
    step = "{name: a, template: again, continueOn: {error: true}}"
    run = played(play, f"steps: [[{step}]]")
    assert (run.run.phase, run.run.row["message"]) == ("Failed", REASON)
    assert run.node("wf[0].a").phase == "Error"


def test_a_policy_that_retries_errors_takes_them_for_failures(play: Play) -> None:
    step = "{name: a, template: always, continueOn: {error: true}}"
    run = played(play, f"steps: [[{step}]]")
    assert run.run.phase == "Succeeded"
    assert run.node("wf[0].a").message == "No more retries left"


def test_a_task_says_that_it_errored(play: Play) -> None:
    run = played(play, "dag: {tasks: [{name: a, template: again}]}")
    assert run.node("wf.a").message == "task 'wf.a' errored: Error applying PodSpecPatch"


def test_an_entrypoint_ends_the_workflow_without_its_exit_handler(play: Play) -> None:
    run = play(f"spec:\n  entrypoint: again\n  onExit: ok\n  templates:{LEAVES}")
    said = "error in entry template execution: Error applying PodSpecPatch"
    assert (run.run.phase, run.run.row["message"]) == ("Error", said)
    assert "wf.onExit" not in names(run)


ITEMS = "withItems: [{x: 1}, {y: 2}], arguments: {parameters: [{name: p, value: '{{item.x}}'}]}"


@pytest.mark.parametrize(
    ("main", "started"),
    [
        (
            f"steps: [[{{name: b, template: ok}}, {{name: a, template: ok, {ITEMS}}}]]",
            {"wf", "wf[0]"},
        ),
        (f"dag: {{tasks: [{{name: a, template: ok, {ITEMS}}}]}}", {"wf", "wf.a"}),
    ],
)
def test_a_loop_with_a_broken_item_starts_none(play: Play, main: str, started: set[str]) -> None:
    assert names(played(play, main)) == started


def test_outputs_of_a_dag_are_the_workflows_where_it_is_a_task(play: Play) -> None:
    def exported(outer: str) -> bool:
        run = play(f"""
spec:
  entrypoint: main
  templates:
  - {{name: main, {outer}}}
  - name: inner
    dag: {{tasks: [{{name: t, template: make}}]}}
    outputs:
      parameters:
      - {{name: o, globalName: g, valueFrom: {{parameter: "{{{{tasks.t.outputs.parameters.o}}}}"}}}}
  - name: make
    container: {{image: i}}
    outputs: {{parameters: [{{name: o, valueFrom: {{path: /o, default: x}}}}]}}
""")
        assert run.run.phase == "Succeeded"
        return bool(run.run.row.get("outputs"))

    assert exported("dag: {tasks: [{name: a, template: inner}]}")
    assert not exported("steps: [[{name: a, template: inner}]]")


@pytest.mark.parametrize(("timeout", "phase"), [("1s", "Error"), ("2s", "Error"), ("3s", "Failed")])
def test_a_timeout_of_two_seconds_is_over_before_the_pod_is_asked_for(
    play: Play, timeout: str, phase: str
) -> None:
    leaf = f"{{name: main, timeout: {timeout}, container: {{image: i}}}}"
    run = play(f"spec: {{entrypoint: main, templates: [{leaf}]}}", {"main": {"stuck": True}})
    said = {
        "Error": "wf exceeded its deadline",
        "Failed": "Pod was active on the node longer than the specified deadline",
    }
    assert (run.node("wf").phase, run.node("wf").message) == (phase, said[phase])
