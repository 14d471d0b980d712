"""Variables that stand for nothing, and inputs that nobody supplies: refused as Argo does it."""

from __future__ import annotations

import pytest

from tests.workflow.conftest import Play

LEAVES = """
  - name: say
    inputs: {parameters: [{name: m}]}
    container: {image: i, args: ["{{inputs.parameters.m}}"]}
  - name: make
    script: {image: i, command: [sh], source: x}
    outputs: {parameters: [{name: o, globalName: g, valueFrom: {path: /o}}]}
  - {name: stray, container: {image: i, args: ["{{inputs.parameters.none}}"]}}
  - {name: late, container: {image: i, args: ["{{workflow.outputs.parameters.g}}"]}}
"""


def workflow(main: str, spec: str = "") -> str:
    return f"spec:\n  entrypoint: main\n  {spec}\n  templates:\n  - name: main\n    {main}{LEAVES}"


REFUSED = {
    "steps: [[{name: a, template: say}]]": (
        "templates.main.steps[0].a templates.say inputs.parameters.m was not supplied"
    ),
    "dag: {tasks: [{name: a, template: say}]}": (
        "templates.main.tasks.a templates.say inputs.parameters.m was not supplied"
    ),
    "steps: [[{name: a, template: say, arguments: {parameters: [{name: m}]}}]]": (
        "templates.main.steps[0].a.arguments.m.value or "
        "templates.main.steps[0].a.arguments.m.valueFrom is required"
    ),
    "steps: [[{name: a, template: stray}]]": (
        "templates.main.steps[0].a templates.stray: failed to resolve {{inputs.parameters.none}}"
    ),
    "steps: [[{name: a, template: make}], [{name: b, template: say, "
    "arguments: {parameters: [{name: m, value: '{{steps.a.outputs.parameters.x}}'}]}}]]": (
        "templates.main.steps failed to resolve {{steps.a.outputs.parameters.x}}"
    ),
    "dag: {tasks: [{name: a, template: make}, {name: b, template: say, "
    "arguments: {parameters: [{name: m, value: '{{tasks.a.outputs.parameters.o}}'}]}}]}": (
        "templates.main.tasks.b missing dependency 'a' for parameter 'm'"
    ),
    "dag: {tasks: [{name: a, template: make}]}\n    "
    "outputs: {parameters: [{name: r, valueFrom: {parameter: '{{tasks.a.outputs.no}}'}}]}": (
        "templates.main.outputs failed to resolve {{tasks.a.outputs.no}}"
    ),
    "steps: [[{name: a, template: make, withItems: [1], withParam: '[]'}]]": (
        "templates.main.steps[0].a only one of withItems, withParam, withSequence can be specified"
    ),
    "container: {image: i}": (
        "templates.stray templates.stray: failed to resolve {{inputs.parameters.none}}"
    ),
}


@pytest.mark.parametrize("main", REFUSED)
def test_refused_before_anything_starts(play: Play, main: str) -> None:
    run = play(workflow(main))
    assert (run.run.phase, run.run.row["message"]) == ("Failed", f"invalid spec: {REFUSED[main]}")
    assert not run.run.nodes


ACCEPTED = (
    "steps: [[{name: a, template: make, withParam: '[{}]', when: '{{item.x}} == 1'}]]",
    "steps: [[{name: a, template: make}], [{name: b, template: late}]]",
    "container: {image: i, args: ['{{inputs.parameters}} {{pod.name}} {{workflow.duration}}']}",
    "container: {image: i, args: ['{{=nope.x}} {{user.defined}} {{node.name}}']}",
    (
        "dag: {tasks: [{name: a, template: make},"
        " {name: b, template: make, depends: a, when: '{{tasks.a.status}} == Succeeded'}]}"
    ),
    "steps: [[{name: a, template: make, withItems: [{k: 1}], when: '{{item.k}} == 1'}]]",
)


@pytest.mark.parametrize("main", ACCEPTED)
def test_what_only_the_run_can_know_is_let_pass(play: Play, main: str) -> None:
    text = workflow(main).replace("  - {name: stray", "  - {name: other").replace(
        '["{{inputs.parameters.none}}"]', "[]"
    )  # fmt: skip
    if "container: {image: i, args: ['" in main:  # nobody makes what this template needs
        text = text.partition("  - {name: late")[0]
    assert not play(text).run.row["message"].startswith("invalid spec")


def test_templates_nested_deeper_than_any_run_comes_are_no_obstacle(play: Play) -> None:
    nested = "".join(
        f"  - {{name: t{n}, steps: [[{{name: s, template: t{n + 1}}}]]}}\n" for n in range(400)
    )
    run = play(
        f"spec:\n  entrypoint: t0\n  templates:\n{nested}  - {{name: t400, suspend: {{}}}}\n"
    )
    assert any("Maximum recursion depth" in node.message for node in run.run.nodes.values())
