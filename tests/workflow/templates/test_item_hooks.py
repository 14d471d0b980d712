"""What the hooks of a step in a loop may say of their own step."""

from __future__ import annotations

from tests.workflow.conftest import Play

BODY = """
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - name: a
        template: work
        withItems: [1, 2]
        hooks: {{done: {{template: note, expression: '{expression}'}}}}
  - {{name: work, container: {{image: i}}}}
  - {{name: note, container: {{image: i}}}}
"""


def test_an_item_goes_by_its_own_name(play: Play) -> None:
    expression = '(steps["a(0:1)"] ?? steps["a(1:2)"]).status == "Succeeded"'
    run = play(BODY.format(expression=expression))
    assert run.node("wf[0].a(0:1).hooks.done").phase == "Succeeded"
    assert run.node("wf[0].a(1:2).hooks.done").phase == "Succeeded"


def test_the_name_of_the_step_stands_for_nothing(play: Play) -> None:
    run = play(BODY.format(expression='steps["a"].status == "Succeeded"'))
    group = run.node("wf[0]")
    assert group.phase == "Error"
    assert group.message.startswith("unable to evaluate expression")
