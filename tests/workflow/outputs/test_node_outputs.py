"""What of a container's end becomes outputs of its node."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workflow.conftest import Play
from toolkit.workflow.events import ContainerEnded, TaskAnswered
from toolkit.workflow.rehearsal.simulation import Outcome, Simulation


def workflow(text: str) -> dict[str, Any]:
    steps = [
        [{"name": "a", "template": "asks", "continueOn": {"failed": True}}],
        [{"name": "b", "template": "says"}],
    ]
    asks = {"name": "asks", "script": {"image": "i", "command": ["sh"], "source": "x"}}
    says = {"name": "says", "container": {"image": "i", "args": ["x"]}}
    parameter = {"name": "m", "value": text}
    steps[1][0]["arguments"] = {"parameters": [parameter]}
    says["inputs"] = {"parameters": [{"name": "m"}]}
    templates = [{"name": "main", "steps": steps}, asks, says]
    return {"metadata": {"name": "wf"}, "spec": {"entrypoint": "main", "templates": templates}}


def played(text: str) -> Simulation:
    outcome = Outcome(exit_code=3, result="answer")
    return Simulation(workflow(text), outcome=lambda _: outcome).run_to_end()


def test_the_result_and_the_exit_code() -> None:
    outputs = played("{{steps.a.outputs.result}}").node("wf[0].a").outputs
    assert outputs is not None
    assert (outputs["result"], outputs["exitCode"]) == ("answer", "3")


def test_no_result_where_nobody_asks_for_it() -> None:
    assert played("plain").node("wf[0].a").outputs == {"exitCode": "3"}


def test_what_there_is_to_say_of_an_end_follows_the_exit_code(play: Play) -> None:
    lacking = "{name: main, container: {image: alpine, command: [lacking]}}"
    body = f"spec: {{entrypoint: main, templates: [{lacking}]}}"
    simulation = play(body, to_end=False)
    [start] = simulation.started
    message = 'exec: "lacking": executable file not found in $PATH'
    simulation.send(ContainerEnded(start.id, start.node_id, 64, simulation.now, message=message))
    assert simulation.run.phase == "Failed"
    assert simulation.node("wf").message == f"main: Error (exit code 64): {message}"
    assert simulation.node("wf").status["outputs"] == {"exitCode": "64"}


RESOURCE = "{name: main, resource: {action: get, manifest: 'kind: ConfigMap'}}"
LISTING = (
    "{name: main, data: {source: {artifactPaths: {name: a, s3: {bucket: b, key: k}}},"
    " transformation: [{expression: 'data'}]}}"
)


@pytest.mark.parametrize("template", [RESOURCE, LISTING])
def test_what_the_executor_does_itself_has_an_exit_code(play: Play, template: str) -> None:
    simulation = play(f"spec: {{entrypoint: main, templates: [{template}]}}")
    outputs = simulation.node("wf").outputs
    assert outputs is not None
    assert outputs["exitCode"] == "0"


def test_a_resource_that_fails_ends_as_the_executor_does(play: Play) -> None:
    outcome = {"exit": 1, "result": "it is not there"}
    body = f"spec: {{entrypoint: main, templates: [{RESOURCE}]}}"
    node = play(body, {"main": outcome, "wf": outcome}).node("wf")
    assert (node.phase, node.outputs) == ("Failed", {"exitCode": "64"})
    assert node.message == "main: Error (exit code 64): it is not there"


def test_a_listing_that_fails_ends_as_the_executor_does(play: Play) -> None:
    simulation = play(f"spec: {{entrypoint: main, templates: [{LISTING}]}}", to_end=False)
    [call] = simulation.started
    answer = TaskAnswered(call.id, call.node_id, "Failed", "no such bucket", simulation.now)
    simulation.send(answer)
    node = simulation.node("wf")
    assert (node.phase, node.outputs) == ("Failed", {"exitCode": "64"})
    assert node.message == "main: Error (exit code 64): no such bucket"
