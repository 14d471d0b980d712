"""A workflow that is submitted with ``spec.shutdown``, and what still starts after a stop."""

from __future__ import annotations

import pytest

from tests.workflow.conftest import Play
from toolkit.workflow.events import SpecChanged
from toolkit.workflow.status.projection import project_workflow

LEAVES = """
  - {name: ok, container: {image: i}}
  - {name: bye, container: {image: i}}
  - {name: wait, suspend: {}}
  - {name: again, retryStrategy: {limit: 2}, container: {image: i}}
"""
POD = "workflow shutdown with strategy: Stop"
STOPPED = "Stopped with strategy 'Stop'"

CASES = {
    "container: {image: i}": [f"  wf Pod Failed: {POD}"],
    "suspend: {}": [f"  wf Suspend Failed: {STOPPED}"],
    "steps: [[{name: a, template: again}]]": [
        "  wf Steps Failed: child 'wf-3986212215' failed",
        "    wf[0] StepGroup Failed: child 'wf-3986212215' failed",
        f"      wf[0].a Retry Failed: {STOPPED}",
        f"        wf[0].a(0) Pod Failed: {POD}",
    ],
    "steps: [[{name: a, template: ok, continueOn: {failed: true}}], [{name: b, template: wait}]]": [
        "  wf Steps Failed: child 'wf-2760215211' failed",
        "    wf[0] StepGroup Succeeded",
        f"      wf[0].a Pod Failed: {POD}",
        "    wf[1] StepGroup Failed: child 'wf-2760215211' failed",
        f"      wf[1].b Suspend Failed: {STOPPED}",
    ],
    "dag: {tasks: [{name: a, template: ok}, {name: b, template: ok, depends: a},"
    " {name: c, template: ok, depends: a.Failed, withItems: [1]}]}": [
        "  wf DAG Failed",
        f"    wf.a Pod Failed: {POD}",
        "    wf.b Skipped Omitted: omitted: depends condition not met",
        "    wf.c TaskGroup Failed",
        f"      wf.c(0:1) Pod Failed: {POD}",
    ],
}


def workflow(main: str, shutdown: str) -> str:
    head = f"spec:\n  entrypoint: main\n  shutdown: {shutdown}\n  onExit: bye\n  templates:\n"
    return f"{head}  - name: main\n    {main}{LEAVES}"


@pytest.mark.parametrize("main", CASES)
def test_stopped_before_it_began(play: Play, main: str) -> None:
    run = play(workflow(main, "Stop"))
    lines = [f"wf Failed: {STOPPED}", *CASES[main], "  wf.onExit Pod Succeeded"]
    assert run.tree().splitlines() == lines
    assert [work.node_name for work in run.started] == ["wf.onExit"]


def test_terminated_before_it_began(play: Play) -> None:
    run = play(workflow("steps: [[{name: a, template: ok}]]", "Terminate"))
    assert run.tree().splitlines()[0] == "wf Failed: Stopped with strategy 'Terminate'"
    assert run.node("a").message == "workflow shutdown with strategy: Terminate"
    assert run.started == []
    body = project_workflow(run.run, {"metadata": {"name": "wf"}, "spec": {}})
    assert body["status"]["conditions"] == [{"type": "Completed", "status": "True"}]


def test_what_comes_after_hooks_does_not_come_after_a_stop(play: Play) -> None:
    tasks = "{name: a, template: ok, onExit: bye}, {name: b, template: ok, depends: a}"
    run = play(workflow(f"dag: {{tasks: [{tasks}]}}", "Stop"))
    names = [node.name for node in run.run.nodes.values()]
    assert names == ["wf", "wf.a", "wf.a.onExit", "wf.onExit"]


def test_what_waits_for_a_lock_is_stopped_in_words_of_its_own(play: Play) -> None:
    lock = "synchronization: {mutexes: [{name: m}]}"
    steps = "steps: [[{name: a, template: w, withItems: [1, 2]}]]"
    text = f"""
spec:
  entrypoint: main
  templates:
  - {{name: main, {steps}}}
  - {{name: w, {lock}, container: {{image: i}}}}
"""
    run = play(text, {"w": {"stuck": True}}, to_end=False)
    run.run_until(run.now)
    run.send(SpecChanged(suspend=False, shutdown="Stop"))
    run.run_to_end()
    messages = {run.node(f"wf[0].a({item})").message for item in ("0:1", "1:2")}
    assert messages == {"workflow shutdown with strategy:  Stop", "Stopped with strategy 'Stop'"}


@pytest.mark.parametrize(
    "template", ["container: {image: i}", "daemon: true, container: {image: i}"]
)
def test_a_pod_that_is_ended_has_no_exit_code(play: Play, template: str) -> None:
    text = f"""
spec:
  entrypoint: main
  templates:
  - {{name: main, steps: [[{{name: a, template: w}}], [{{name: b, template: x}}]]}}
  - {{name: w, {template}}}
  - {{name: x, container: {{image: i}}}}
"""
    run = play(text, {"w": {"stuck": True}, "x": {"stuck": True}}, to_end=False)
    run.run_until(run.now)
    run.send(SpecChanged(suspend=False, shutdown="Stop"))
    run.run_to_end()
    assert run.node("wf[0].a").has_ended
    assert run.node("wf[0].a").outputs is None
