"""What a container template asks the executor for: tags reach every text of it."""

from __future__ import annotations

from typing import Any

import pytest

from toolkit.workflow.commands import ContainerCall, StartContainer
from toolkit.workflow.rehearsal.simulation import Simulation


def called(**container: Any) -> ContainerCall:
    spec = {
        "entrypoint": "main",
        "volumes": [{"name": "v", "emptyDir": {}}],
        "templates": [{"name": "main", "container": {"image": "alpine", **container}}],
    }
    workflow = {"metadata": {"name": "wf", "namespace": "data", "uid": "u"}, "spec": spec}
    [start] = Simulation(workflow).run_to_end().started
    assert isinstance(start, StartContainer)
    return start.call


@pytest.mark.parametrize(
    ("field", "written", "expected"),
    [
        ("image", "alpine:{{workflow.name}}", "alpine:wf"),
        ("command", ["sh", "{{workflow.name}}"], ("sh", "wf")),
        ("args", ["{{workflow.namespace}}"], ("data",)),
    ],
)
def test_texts(field: str, written: Any, expected: Any) -> None:
    assert getattr(called(**{field: written}), field) == expected


def test_the_working_directory() -> None:
    assert called(workingDir="/srv/{{workflow.name}}").working_dir == "/srv/wf"


def test_environment_variables() -> None:
    env = [
        {"name": "WHO", "value": "{{workflow.name}}"},
        {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s-{{workflow.name}}", "key": "k"}}},
    ]
    expected = {"valueFrom": {"secretKeyRef": {"name": "s-wf", "key": "k"}}, "name": "KEY"}
    assert called(env=env).env == ({"name": "WHO", "value": "wf"}, expected)


def test_whole_maps_as_environment() -> None:
    source = {"configMapRef": {"name": "{{workflow.name}}-settings"}, "prefix": "P_"}
    expected = {"configMapRef": {"name": "wf-settings"}, "prefix": "P_"}
    assert called(envFrom=[source]).env_from == (expected,)


def test_volumes() -> None:
    mount = {"name": "v", "mountPath": "/{{workflow.name}}"}
    call = called(volumeMounts=[mount])
    assert call.volume_mounts == ({"name": "v", "mountPath": "/wf"},)
    assert call.volumes == ({"name": "v", "emptyDir": {}},)


def test_resources() -> None:
    resources = {"requests": {"cpu": "100m"}, "limits": {"memory": "1Gi"}}
    assert called(resources=resources).resources == resources


def test_the_names_of_containers_and_their_ports_change_nothing() -> None:
    assert called(name="other", ports=[{"containerPort": 80}]) == called()


IGNORED = {
    "imagePullPolicy": "Always",
    "securityContext": {"privileged": True},
    "stdin": True,
    "stdinOnce": True,
    "terminationMessagePath": "/dev/x",
    "terminationMessagePolicy": "File",
    "tty": True,
}


@pytest.mark.parametrize("field", IGNORED)
def test_fields_without_effect(field: str) -> None:
    assert called(**{field: IGNORED[field]}) == called()
