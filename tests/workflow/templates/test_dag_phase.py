"""The phase of a dag in which what follows a failed task is omitted."""

from __future__ import annotations

import pytest

from tests.workflow.conftest import Play

TEMPLATES = """
spec:
  entrypoint: main
  templates:
  - name: main
    dag: {{tasks: [{{name: a, template: {template}}}, {{name: b, template: ok, depends: a}}]}}
  - {{name: ok, container: {{image: i}}}}
  - {{name: bad, container: {{image: i}}}}
  - name: groups
    steps: [[{{name: x, template: ok}}], [{{name: y, template: ok}}, {{name: z, template: bad}}]]
  - name: inner
    dag: {{tasks: [{{name: x, template: ok}}, {{name: y, template: bad, depends: x}}]}}
  - {{name: again, retryStrategy: {{limit: 1}}, steps: [[{{name: x, template: bad}}]]}}
"""


@pytest.mark.parametrize("template", ["bad", "groups", "inner", "again"])
@pytest.mark.parametrize(("outcome", "phase"), [({"exit": 1}, "Failed"), ({"error": "x"}, "Error")])
def test_it_is_that_of_what_failed_in_the_task(
    play: Play, template: str, outcome: dict[str, object], phase: str
) -> None:
    run = play(TEMPLATES.format(template=template), {"bad": outcome})
    assert run.node("wf.b").phase == "Omitted"
    assert (run.node("wf").phase, run.run.phase) == (phase, phase)
