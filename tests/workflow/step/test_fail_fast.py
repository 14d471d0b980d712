"""A template's own ``failFast``: as Argo 3.7's controller has it."""

from __future__ import annotations

import pytest

from tests.workflow.conftest import Play
from toolkit.workflow.status.projection import project_workflow

FAST = "template has failed or errored children and failFast enabled"
SPEC = """
spec:
  entrypoint: main
  templates:
  - name: main
    failFast: true
    {}
  - {{name: ok, container: {{image: i}}}}
  - {{name: bad, container: {{image: i}}}}
"""

STARTED = {
    "parallelism: 1\n    steps: [[{name: a, template: bad, withItems: [1, 2]}]]": ["wf[0].a(0:1)"],
    "parallelism: 1\n    dag: {tasks: [{name: a, template: bad, withItems: [1, 2]}]}": [
        "wf.a(0:1)"
    ],
    "steps: [[{name: a, template: bad, continueOn: {failed: true}}], [{name: b, template: ok}]]": [
        "wf[0].a"
    ],
    "steps: [[{name: a, template: bad, onExit: ok}, {name: b, template: ok}]]": [
        "wf[0].a",
        "wf[0].b",
    ],
    "dag: {tasks: [{name: a, template: bad}, {name: b, template: ok, depends: a.Failed}]}": [
        "wf.a"
    ],
}


@pytest.mark.parametrize("main", STARTED)
def test_nothing_starts_after_a_failure(play: Play, main: str) -> None:
    run = play(SPEC.format(main), {"bad": {"exit": 1}})
    assert [work.node_name for work in run.started] == STARTED[main]
    assert (run.run.phase, run.run.row["message"]) == ("Failed", FAST)
    body = project_workflow(run.run, {"metadata": {"name": "wf"}, "spec": {}})
    assert "outboundNodes" not in body["status"]["nodes"]["wf"]


def test_what_a_limit_held_back_does_not_start_after_a_failure(play: Play) -> None:
    main = "parallelism: 2\n    steps: [[{name: a, template: bad, withItems: [1, 2, 3]}]]"
    run = play(SPEC.format(main), {"bad": {"exit": 1}})
    assert len(run.started) == 2
