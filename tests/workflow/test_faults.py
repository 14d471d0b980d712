"""What is wrong with a workflow itself, told where Argo tells it: phases, messages, and which nodes
there are. The expectations are what Argo 3.7's own controller made of the same workflows.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.workflow.conftest import Play
from toolkit.workflow.rehearsal.simulation import Simulation
from toolkit.workflow.status.projection import project_workflow

LEAVES = """
  - {name: ok, container: {image: i}}
  - {name: bye, container: {image: i}}
  - {name: need, inputs: {parameters: [{name: q}]}, container: {image: i}}
  - name: ask
    suspend: {duration: "1"}
    outputs: {parameters: [{name: answer, valueFrom: {supplied: {}}}]}
"""
UNSET = "raw output parameter 'answer' has not been set and does not have a default value"
HOOK = "hooks: {x: {template: bye, expression: 'workflow.nope.deep == 1'}}"
EXIT = "hooks: {exit: {template: bye, expression: 'workflow.nope.deep == 1'}}"
NOT_THERE = (
    "unable to evaluate expression 'workflow.nope.deep == 1': cannot fetch deep from <nil> (1:15)\n"
    " | workflow.nope.deep == 1\n"
    " | ..............^"
)
NEED = "inputs.parameters.q was not supplied"


def workflow(main: str, spec: str = "") -> str:
    head = f"spec:\n  entrypoint: main\n  {spec}\n  templates:\n  - name: main\n    "
    return f"{head}{main}{LEAVES}"


def tree(run: Simulation) -> list[str]:
    return run.tree().replace(NOT_THERE, "NOT THERE").splitlines()


SUSPENDS = {
    "steps: [[{name: a, template: ask}], [{name: b, template: ok}]]": [
        f"wf Failed: step group deemed errored due to child wf[0].a error: {UNSET}",
        f"  wf Steps Failed: step group deemed errored due to child wf[0].a error: {UNSET}",
        f"    wf[0] StepGroup Error: step group deemed errored due to child wf[0].a error: {UNSET}",
        f"      wf[0].a Suspend Error: {UNSET}",
    ],
    "dag: {tasks: [{name: a, template: ask}, {name: b, template: ok, depends: a.Errored}]}": [
        "wf Succeeded",
        "  wf DAG Succeeded",
        f"    wf.a Suspend Error: task 'wf.a' errored: {UNSET}",
        "    wf.b Pod Succeeded",
    ],
    "steps: [[{name: a, inline: {suspend: {duration: abc}}}]]": [
        (
            "wf Failed: step group deemed errored due to child wf[0].a error: "
            'unable to parse abc as a duration: time: invalid duration "abc"'
        ),
    ],
}


@pytest.mark.parametrize("main", SUSPENDS)
def test_a_suspend_node_that_nobody_answered(play: Play, main: str) -> None:
    expected = SUSPENDS[main]
    assert tree(play(workflow(main)))[: len(expected)] == expected


def test_an_entrypoint_at_fault_ends_the_workflow_without_its_exit_handler(play: Play) -> None:
    main = "suspend: {duration: '1'}\n    outputs: {parameters: "
    main += "[{name: answer, valueFrom: {supplied: {}}}]}"
    assert tree(play(workflow(main, "onExit: bye"))) == [
        f"wf Error: error in entry template execution: {UNSET}",
        f"  wf Suspend Error: {UNSET}",
    ]


HOOKS = {
    f"steps: [[{{name: a, template: ok, {HOOK}}}, {{name: b, template: ok}}]]": [
        "wf Failed: NOT THERE",
        "  wf Steps Failed: NOT THERE",
        "    wf[0] StepGroup Error: NOT THERE",
        "      wf[0].a Pod Succeeded",
        "      wf[0].b Pod Succeeded",
    ],
    f"steps: [[{{name: a, template: ok, {EXIT}}}]]": [
        "wf Error: NOT THERE",
        "  wf Steps Error: Workflow operation error",
        "    wf[0] StepGroup Error: NOT THERE",
        "      wf[0].a Pod Succeeded",
    ],
    "steps: [[{name: a, template: ok, hooks: {x: {template: need, expression: 'true'}}}]]": [
        f"wf Failed: {NEED}",
        f"  wf Steps Failed: {NEED}",
        f"    wf[0] StepGroup Error: {NEED}",
        "      wf[0].a Pod Succeeded",
        f"      wf[0].a.hooks.x Skipped Error: {NEED}",
    ],
    f"dag: {{tasks: [{{name: a, template: ok, {HOOK}}}]}}": [
        "wf Error: error in entry template execution: NOT THERE",
        "  wf DAG Error: NOT THERE",
        "    wf.a Pod Succeeded",
    ],
    f"dag: {{tasks: [{{name: a, template: ok, {HOOK}}}, {{name: b, template: ok, depends: a}}]}}": [
        "wf Error",
        "  wf DAG Error",
        "    wf.a Pod Succeeded: NOT THERE",
        "    wf.b Skipped Omitted: omitted: depends condition not met",
    ],
    f"dag: {{tasks: [{{name: a, template: ok, {EXIT}}}, {{name: b, template: ok, depends: a}}]}}": [
        "wf Succeeded",
        "  wf DAG Succeeded",
        "    wf.a Pod Succeeded",
        "    wf.b Pod Succeeded",
    ],
}


@pytest.mark.parametrize("main", HOOKS)
def test_a_hook_that_cannot_be_evaluated(play: Play, main: str) -> None:
    assert tree(play(workflow(main))) == HOOKS[main]


def test_an_exit_handler_of_a_step_that_cannot_be_evaluated_beside_that_of_the_workflow(
    play: Play,
) -> None:
    main = f"steps: [[{{name: a, template: ok, {EXIT}}}]]"
    assert tree(play(workflow(main, "onExit: bye"))) == [
        "wf Failed: NOT THERE",
        "  wf Steps Failed: NOT THERE",
        "    wf[0] StepGroup Error: NOT THERE",
        "      wf[0].a Pod Succeeded",
        "  wf.onExit Pod Succeeded",
    ]


def test_a_hook_of_the_workflow_that_cannot_be_evaluated_ends_it(play: Play) -> None:
    main = "steps: [[{name: a, template: ok}], [{name: b, template: ok}]]"
    hooks = f"{HOOK[:-1]}, exit: {{template: bye}}}}"
    assert tree(play(workflow(main, hooks))) == [
        "wf Error: NOT THERE",
        "  wf Steps Error: NOT THERE",
        "    wf[0] StepGroup Running",
        "      wf[0].a Pod Succeeded",
        "  wf.onExit Pod Succeeded",
    ]


def test_a_pod_that_is_the_whole_workflow_goes_on_beside_a_broken_hook(play: Play) -> None:
    run = play(workflow("container: {image: i}", HOOK))
    assert tree(run) == ["wf Succeeded", "  wf Pod Error: NOT THERE"]


def test_an_exit_handler_without_its_input(play: Play) -> None:
    main = "steps: [[{name: a, template: ok}]]"
    run = play(workflow(main, "hooks: {exit: {template: need}}"))
    assert tree(run)[0] == f"wf Error: error in exit template execution : {NEED}"


def test_a_mount_of_a_volume_that_is_nowhere(play: Play) -> None:
    main = "container: {image: i, volumeMounts: [{name: foo, mountPath: /foo}]}"
    assert tree(play(workflow(main))) == [
        "wf Error: error in entry template execution: volume 'foo' not found in workflow spec",
        "  wf Pod Error: volume 'foo' not found in workflow spec",
    ]


def test_the_exit_hook_of_a_workflow_runs_whatever_its_expression(play: Play) -> None:
    main = "steps: [[{name: a, template: ok}]]"
    run = play(workflow(main, "hooks: {exit: {template: bye, expression: 'false'}}"))
    assert run.node("wf.onExit").phase == "Succeeded"


def test_the_hooks_of_a_loop_in_a_dag_are_those_of_the_whole_loop(play: Play) -> None:
    hooks = (
        "{exit: {template: bye}, x: {template: bye, expression: 'tasks.a.status == \"Running\"'}}"
    )
    tasks = f"{{name: a, template: ok, withItems: [1, 2], hooks: {hooks}}}"
    run = play(workflow(f"dag: {{tasks: [{tasks}, {{name: b, template: ok, depends: a}}]}}"))
    body = project_workflow(run.run, {"metadata": {"name": "wf"}, "spec": {}})
    nodes: dict[str, Any] = body["status"]["nodes"]
    names = {id: node["name"] for id, node in nodes.items()}
    assert "wf.a(0:1).hooks.x" not in names.values()
    before_b = [node["name"] for node in nodes.values()
                if run.node("wf.b").id in node.get("children", ())]  # fmt: skip
    assert sorted(before_b) == ["wf.a(0:1)", "wf.a(1:2)", "wf.a.hooks.x", "wf.a.onExit"]
