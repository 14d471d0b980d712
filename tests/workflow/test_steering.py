"""A wish's way: a verb changes the live object, observe makes events of it, the run follows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from toolkit.errors import RefusedError, UsageError
from toolkit.resource.resource import Body
from toolkit.workflow import verbs
from toolkit.workflow.commands import CallResource, StartContainer
from toolkit.workflow.events import SpecChanged
from toolkit.workflow.rehearsal.simulation import Outcome, Simulation
from toolkit.workflow.status.observe import observe
from toolkit.workflow.status.projection import project_pod, project_workflow

NOW = datetime(2026, 5, 1, tzinfo=UTC)

APPROVAL = """
metadata: {name: wf, namespace: default, uid: u1}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: approve, template: approve}
    - - {name: go, template: ok}
  - name: approve
    suspend: {}
    outputs: {parameters: [{name: answer, valueFrom: {supplied: {}}}]}
  - {name: ok, container: {image: alpine, command: [ok]}}
"""

LOOP = """
metadata: {name: wf, namespace: default, uid: u1}
spec:
  entrypoint: main
  onExit: bye
  templates:
  - name: main
    dag:
      tasks:
      - {name: first, template: ok}
      - {name: each, template: item, depends: first, withItems: [a, b, c],
         arguments: {parameters: [{name: p, value: "{{item}}"}]}}
      - {name: last, template: ok, depends: each}
  - {name: ok, container: {image: alpine, command: [ok]}}
  - name: item
    retryStrategy: {limit: 1}
    inputs: {parameters: [{name: p}]}
    container: {image: alpine, command: [work, "{{inputs.parameters.p}}"]}
  - {name: bye, container: {image: alpine, command: [bye, "{{workflow.status}}"]}}
"""


def body_of(text: str) -> Body:
    body: Body = yaml.safe_load(text)
    return body


def live_of(simulation: Simulation) -> Body:
    """What stands in the cluster."""
    spec = dict(simulation.run.definition.row["spec"])
    return project_workflow(simulation.run, {"metadata": {"name": "wf"}, "spec": spec})


def follow(simulation: Simulation, live: Body) -> None:
    for event in observe(simulation.run, live):
        simulation.send(event)


def test_an_untouched_projection_holds_no_wish() -> None:
    simulation = Simulation(body_of(APPROVAL))
    assert observe(simulation.run, live_of(simulation)) == ()
    simulation.run_to_end()
    assert observe(simulation.run, live_of(simulation)) == ()


def test_resume_hands_over_the_supplied_value() -> None:
    simulation = Simulation(body_of(APPROVAL)).run_to_end()
    live = verbs.resume(live_of(simulation), now=NOW, parameters={"answer": "yes"}, message="ok!")
    follow(simulation, live)
    simulation.run_to_end()
    assert simulation.run.phase == "Succeeded"
    node = simulation.node("approve")
    assert node.message == "ok!"
    assert node.outputs == {"parameters": [{"name": "answer", "value": "yes"}]}
    assert observe(simulation.run, live) == ()


def test_resume_without_the_value_is_refused() -> None:
    simulation = Simulation(body_of(APPROVAL)).run_to_end()
    with pytest.raises(RefusedError, match="'answer' has not been set"):
        verbs.resume(live_of(simulation), now=NOW)
    with pytest.raises(UsageError, match="not expecting output parameter 'other'"):
        verbs.resume(live_of(simulation), now=NOW, parameters={"other": "x"})
    with pytest.raises(RefusedError, match="no suspend node waits"):
        verbs.resume(live_of(simulation), now=NOW, node_field_selector="displayName=nobody")


def test_a_rejected_approval_fails_the_run() -> None:
    simulation = Simulation(body_of(APPROVAL)).run_to_end()
    live = verbs.reject(
        live_of(simulation), now=NOW, node_field_selector="displayName=approve", message="no"
    )
    follow(simulation, live)
    assert (simulation.run.phase, simulation.node("approve").message) == ("Failed", "no")


def test_suspend_and_resume_of_a_run() -> None:
    simulation = Simulation(body_of(LOOP))
    follow(simulation, verbs.suspend(live_of(simulation)))
    simulation.run_to_end()
    assert [command.pod for command in simulation.started] == ["wf-ok-3187348640"]
    suspended = live_of(simulation)
    suspended["spec"]["suspend"] = True
    follow(simulation, verbs.resume(suspended, now=NOW))
    simulation.run_to_end()
    assert simulation.run.phase == "Succeeded"


@pytest.mark.parametrize(("verb", "handlers"), [("stop", 1), ("terminate", 0)])
def test_stop_and_terminate(verb: str, handlers: int) -> None:
    simulation = Simulation(body_of(LOOP), outcome=lambda _: Outcome(is_stuck=True))
    follow(simulation, getattr(verbs, verb)(live_of(simulation)))
    simulation.run_until(NOW)
    assert len(simulation.run.children[""]) == 1 + handlers
    with pytest.raises(RefusedError):
        verbs.stop({**live_of(simulation), "status": {"phase": "Failed"}})


@pytest.mark.parametrize("verb", ["stop", "terminate"])
def test_a_run_that_is_ended_in_its_last_group_has_failed(verb: str) -> None:
    body = body_of(APPROVAL)
    del body["spec"]["templates"][0]["steps"][1]
    simulation = Simulation(body).run_to_end()
    follow(simulation, getattr(verbs, verb)(live_of(simulation)))
    assert simulation.run.phase == "Failed"


SINGLE = """
metadata: {name: wf, namespace: default, uid: u1}
spec:
  entrypoint: main
  templates:
  - {name: main, container: {image: alpine, command: [main]}}
"""


def test_retry_of_a_single_step_runs_it_again() -> None:
    outcomes = iter([Outcome(exit_code=1), Outcome()])
    simulation = Simulation(body_of(SINGLE), outcome=lambda _: next(outcomes)).run_to_end()
    assert simulation.run.phase == "Failed"
    retried, pods = verbs.retry(live_of(simulation), now=NOW)
    assert pods
    follow(simulation, retried)
    simulation.run_to_end()
    assert (simulation.run.phase, len(simulation.started)) == ("Succeeded", 2)


def items(simulation: Simulation) -> list[str]:
    return [
        command.node_name.removeprefix("wf.")
        for command in simulation.started
        if command is not None
    ]


def test_retry_runs_only_the_failed_items_of_a_loop_again() -> None:
    broken = {"b"}

    def outcome(start: Any) -> Outcome:
        return Outcome(exit_code=1 if broken & set(start.call.command) else 0)

    simulation = Simulation(body_of(LOOP), outcome=outcome).run_to_end()
    assert simulation.run.phase == "Failed"
    before = len(simulation.started)
    broken.clear()
    retried, pods = verbs.retry(live_of(simulation), now=NOW)
    assert len(pods) == 3  # two attempts at b, and the exit handler
    follow(simulation, retried)
    simulation.run_to_end()
    assert simulation.run.phase == "Succeeded"
    again = [command.node_name for command in simulation.started[before:]]
    assert again == ["wf.each(1:b)(0)", "wf.last", "wf.onExit"]
    assert observe(simulation.run, retried) == (), "one wish is followed once"


@pytest.mark.parametrize("phase", ["", "Running"], ids=["argo 4.1", "argo 3"])
def test_a_workflow_that_argo_sets_back_whole_runs_again(phase: str) -> None:
    """Of one pod that failed no node is left; argo 4.1 leaves no phase either."""
    text = """
metadata: {name: wf, namespace: default, uid: u1}
spec: {entrypoint: main, templates: [{name: main, container: {image: i}}]}
"""
    codes = iter([1, 0])
    simulation = Simulation(body_of(text), outcome=lambda _: Outcome(exit_code=next(codes)))
    simulation.run_to_end()
    live = live_of(simulation)
    created = {**live, "metadata": {"name": "wf"}, "status": {}}
    assert observe(simulation.run, created) == (), "what is not shown yet is no wish"
    status = {"startedAt": "2026-01-01T00:01:00Z", "progress": "0/1"}
    retried = {**created, "status": {**status, **({"phase": phase} if phase else {})}}
    follow(simulation, retried)
    simulation.run_to_end()
    assert simulation.run.phase == "Succeeded"


def test_retry_of_steps_goes_on_in_the_group_that_failed() -> None:
    text = """
metadata: {name: wf, namespace: default, uid: u1}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: a, template: ok}
    - - {name: b, template: ok}
      - {name: c, template: inner}
    - - {name: d, template: ok}
  - name: inner
    steps:
    - - {name: x, template: ok}
    - - {name: y, template: bad}
  - {name: ok, container: {image: alpine, command: [ok]}}
  - {name: bad, container: {image: alpine, command: [bad]}}
"""
    codes = iter([1, 0])

    def outcome(start: Any) -> Outcome:
        return Outcome(exit_code=next(codes) if start.template == "bad" else 0)

    simulation = Simulation(body_of(text), outcome=outcome).run_to_end()
    before = len(simulation.started)
    retried, _ = verbs.retry(live_of(simulation), now=NOW)
    follow(simulation, retried)
    simulation.run_to_end()
    assert simulation.run.phase == "Succeeded"
    assert [command.node_name for command in simulation.started[before:]] == [
        "wf[1].c[1].y",
        "wf[2].d",
    ]


def test_retry_of_a_running_workflow_is_refused() -> None:
    simulation = Simulation(body_of(LOOP))
    with pytest.raises(RefusedError, match="Cannot retry a workflow in phase Running"):
        verbs.retry(live_of(simulation), now=NOW)


def test_resubmit_makes_a_new_workflow_of_the_same_spec() -> None:
    simulation = Simulation(body_of(LOOP)).run_to_end()
    fresh = verbs.resubmit(live_of(simulation))
    assert fresh["metadata"]["generateName"] == "wf-"
    assert fresh["metadata"]["labels"] == {"workflows.argoproj.io/resubmitted-from-workflow": "wf"}
    assert "status" not in fresh


def test_a_workflow_from_a_template_refers_to_it() -> None:
    template = {
        "kind": "ClusterWorkflowTemplate",
        "metadata": {"name": "shared"},
        "spec": {"arguments": {"parameters": [{"name": "a", "value": "1"}]}},
    }
    workflow = verbs.from_template(template)
    assert workflow["metadata"]["generateName"] == "shared-"
    assert workflow["spec"] == {
        "workflowTemplateRef": {"name": "shared", "clusterScope": True},
        "arguments": {"parameters": [{"name": "a", "value": "1"}]},
    }


def test_the_projection_has_argos_graph() -> None:
    simulation = Simulation(body_of(LOOP)).run_to_end()
    nodes = live_of(simulation)["status"]["nodes"]
    by_name = {node["name"]: node for node in nodes.values()}

    def children(name: str) -> list[str]:
        return [nodes[id]["displayName"] for id in by_name[name].get("children", ())]

    assert children("wf") == ["first"]
    assert children("wf.first") == ["each"]
    assert children("wf.each") == ["each(0:a)", "each(1:b)", "each(2:c)"]
    assert children("wf.each(0:a)(0)") == ["last"]
    assert [nodes[id]["name"] for id in by_name["wf"]["outboundNodes"]] == ["wf.last"]


def test_the_projection_tells_phase_progress_and_labels() -> None:
    simulation = Simulation(body_of(LOOP)).run_to_end()
    live = live_of(simulation)
    assert live["status"]["phase"] == "Succeeded"
    assert live["status"]["progress"] == "6/6"
    assert live["metadata"]["labels"] == {
        "workflows.argoproj.io/completed": "true",
        "workflows.argoproj.io/phase": "Succeeded",
    }


def test_a_pod_is_projected_with_its_end() -> None:
    simulation = Simulation(body_of(LOOP), outcome=lambda _: Outcome(exit_code=3)).run_to_end()
    pod = project_pod(simulation.run, simulation.node("first").id)
    assert pod is not None
    assert pod["metadata"]["name"] == "wf-ok-3187348640"
    assert pod["metadata"]["annotations"]["workflows.argoproj.io/node-name"] == "wf.first"
    state = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (pod["status"]["phase"], state["exitCode"]) == ("Failed", 3)
    assert project_pod(simulation.run, simulation.node("wf").id) is None


MEMOIZED = """
metadata: {name: wf, namespace: default, uid: u1}
spec:
  entrypoint: main
  templates:
  - name: main
    memoize: {key: k, cache: {configMap: {name: c}}}
    container: {image: alpine, command: [main]}
"""


def test_what_is_in_no_cache_starts_when_the_suspended_run_goes_on() -> None:
    simulation = Simulation(body_of(MEMOIZED), outcome=lambda _: Outcome(exit_code=1))
    simulation.send(SpecChanged(suspend=True, shutdown=""))
    simulation.run_to_end()
    assert [type(work) for work in simulation.started] == [CallResource]
    simulation.send(SpecChanged(suspend=False, shutdown=""))
    assert [type(work) for work in simulation.started] == [CallResource, StartContainer]


def test_a_run_whose_deadline_comes_before_it_is_started_never_starts() -> None:
    workflow = body_of(SINGLE)
    workflow["spec"] |= {"suspend": True, "activeDeadlineSeconds": 5}
    simulation = Simulation(workflow).run_to_end()
    assert simulation.tree() == "wf Failed: Step exceeded its deadline"
    assert simulation.started == []


def test_a_run_that_is_submitted_suspended_and_stopped_ends() -> None:
    workflow = body_of(SINGLE)
    workflow["spec"] |= {"suspend": True, "shutdown": "Stop"}
    assert Simulation(workflow).run_to_end().run.phase == "Failed"


def test_a_backoff_that_outlasts_the_calendar_is_the_end_of_retries() -> None:
    workflow = body_of(SINGLE)
    workflow["spec"]["templates"][0]["retryStrategy"] = {"backoff": {"duration": "9h", "factor": 2}}
    simulation = Simulation(workflow, outcome=lambda _: Outcome(exit_code=1)).run_to_end()
    assert simulation.run.phase == "Failed"
    assert "would end after the year 9999" in simulation.node("wf").message
