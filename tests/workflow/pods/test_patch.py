"""What ``podSpecPatch`` makes of a template's pod."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from toolkit.workflow.commands import StartContainer
from toolkit.workflow.events import SpecChanged
from toolkit.workflow.rehearsal.simulation import Outcome, Simulation

CONTAINER = {"image": "i", "command": ["c"], "env": [{"name": "A", "value": "1"}]}


def played(patch: Any, template: dict[str, Any] | None = None, **spec: Any) -> Simulation:
    text = patch if isinstance(patch, str) else yaml.safe_dump(patch)
    main = {"name": "main", **(template or {"container": CONTAINER}), "podSpecPatch": text}
    body = {"spec": {"entrypoint": "main", "templates": [main], **spec}}
    stuck = Outcome(is_stuck=True)
    return Simulation(body, outcome=lambda _: stuck)


def start_of(simulation: Simulation) -> StartContainer:
    [start] = simulation.started
    assert isinstance(start, StartContainer)
    return start


def test_the_main_container_is_another() -> None:
    patch = {
        "containers": [
            {
                "name": "main", "image": "other", "args": ["x"],
                "env": [{"name": "B", "value": "2"}], "resources": {"limits": {"memory": "1Gi"}},
            }
        ]
    }  # fmt: skip
    call = start_of(played(patch)).call
    assert (call.image, call.command, call.args) == ("other", ("c",), ("x",))
    assert {entry["name"]: entry["value"] for entry in call.env} == {"A": "1", "B": "2"}
    assert call.resources == {"limits": {"memory": "1Gi"}}


def test_a_script_keeps_its_source() -> None:
    script = {"script": {"image": "i", "command": ["sh"], "source": "exit 0"}}
    call = start_of(played({"containers": [{"name": "main", "image": "other"}]}, script)).call
    assert (call.image, call.source) == ("other", "exit 0")


def test_a_container_that_only_the_patch_knows_is_a_sidecar() -> None:
    start = start_of(played({"containers": [{"name": "proxy", "image": "p"}, {"name": "wait"}]}))
    assert [(each.name, each.role) for each in start.containers] == [
        ("main", "main"),
        ("proxy", "sidecar"),
    ]


def test_a_member_of_a_set_is_another() -> None:
    members = {
        "containerSet": {"containers": [{"name": "a", "image": "i"}, {"name": "b", "image": "i"}]}
    }
    start = start_of(played({"containers": [{"name": "b", "image": "other"}]}, members))
    assert [(each.name, each.call.image) for each in start.containers] == [
        ("a", "i"),
        ("b", "other"),
    ]


def test_the_patch_of_the_workflow_comes_first_and_has_variables() -> None:
    main = {"name": "main", "image": "{{inputs.parameters.p}}", "args": ["{{workflow.name}}"]}
    everywhere = yaml.safe_dump({"containers": [main]})
    template = {"container": CONTAINER, "inputs": {"parameters": [{"name": "p", "default": "d"}]}}
    own = '{"containers": [{"name": "main", "command": ["{{inputs.parameters.p}}"]}]}'
    call = start_of(played(own, template, podSpecPatch=everywhere)).call
    assert (call.image, call.command, call.args) == ("d", ("d",), ("workflow-1",))


def test_volumes_are_added() -> None:
    patch = {
        "volumes": [{"name": "v", "emptyDir": {}}],
        "containers": [{"name": "main", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}],
    }
    call = start_of(played(patch)).call
    assert [volume["name"] for volume in call.volumes] == ["v"]
    assert [mount["mountPath"] for mount in call.volume_mounts] == ["/v"]


def test_how_long_a_pod_may_run_and_end() -> None:
    simulation = played({"activeDeadlineSeconds": 5, "terminationGracePeriodSeconds": 3})
    deadline = start_of(simulation).deadline
    assert deadline is not None
    assert (deadline - simulation.now).total_seconds() == 5
    simulation.send(SpecChanged(suspend=False, shutdown="Stop"))
    [stop] = simulation.stopped
    assert stop.grace_s == 3


@pytest.mark.parametrize("patch", [{"nodeSelector": {"a": "b"}}, {"hostNetwork": True}, ""])
def test_where_a_pod_runs_has_no_effect(patch: Any) -> None:
    assert start_of(played(patch)).call.image == "i"


@pytest.mark.parametrize(
    "patch",
    [
        "{",
        "[]",
        "text",
        {"containers": [{"image": "x"}]},
        {"containers": {"name": "main"}},
        {"containers": [{"name": "main", "command": "x"}]},
        {"containers": [{"name": "main", "resources": {"limits": {"cpu": "much"}}}]},
        {"terminationGracePeriodSeconds": "soon"},
    ],
)
def test_what_cannot_be_applied_is_the_nodes_error(patch: Any) -> None:
    simulation = played(patch)
    node = simulation.node("workflow-1")
    assert (node.phase, node.message) == ("Error", "Error applying PodSpecPatch")
    assert not simulation.started


def test_a_resource_template_has_a_pod_too() -> None:
    resource = {"resource": {"action": "get", "manifest": "kind: ConfigMap"}}
    assert played({"containers": [{"name": "main", "image": "x"}]}, resource).started
    assert played("{", resource).run.phase == "Error"


def test_an_attempt_may_have_more_than_the_one_before() -> None:
    template = {
        "container": CONTAINER,
        "inputs": {"parameters": [{"name": "mb", "default": "25"}]},
        "retryStrategy": {"limit": 1},
    }
    memory = "{{=(sprig.int(retries) + 1) * sprig.int(inputs.parameters.mb)}}Mi"
    resources = {"requests": {"memory": memory}}
    patch = yaml.safe_dump({"containers": [{"name": "main", "resources": resources}]})
    main = {"name": "main", **template, "podSpecPatch": patch}
    body = {"spec": {"entrypoint": "main", "templates": [main]}}
    played = Simulation(body, outcome=lambda _: Outcome(exit_code=1)).run_to_end()
    starts = [start for start in played.started if isinstance(start, StartContainer)]
    assert [start.call.resources for start in starts] == [
        {"requests": {"memory": "25Mi"}},
        {"requests": {"memory": "50Mi"}},
    ]
