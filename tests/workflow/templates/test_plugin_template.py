from __future__ import annotations

import json
from typing import Any

import pytest

from toolkit.errors import ExecutionError
from toolkit.workflow.commands import CallPlugin
from toolkit.workflow.templates.plugin_template import (
    Reply,
    plugin_of_config_map,
    plugin_of_spec,
    read_reply,
    request_body,
)

CONTAINER = """\
name: hello
image: python:alpine
command: [python, -c]
ports: [{containerPort: 4355}]
resources: {requests: {cpu: 1}, limits: {cpu: 1}}
securityContext: {runAsNonRoot: true}
"""


def config_map(container: str) -> dict[str, Any]:
    metadata = {"name": "hello-executor-plugin"}
    return {"metadata": metadata, "data": {"sidecar.container": container}}


def test_a_config_map_declares_a_plugin() -> None:
    plugin = plugin_of_config_map(config_map(CONTAINER))
    assert (plugin.name, plugin.port, plugin.container["image"]) == ("hello", 4355, "python:alpine")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("ports: [{containerPort: 4355}]", "at least one port is mandatory"),
        ("securityContext: {runAsNonRoot: true}", "security context is mandatory"),
        ("requests: {cpu: 1}, ", "resources requests are mandatory"),
        (", limits: {cpu: 1}", "resources limits are mandatory"),
    ],
)
def test_what_argo_demands_of_a_plugin_is_demanded(line: str, message: str) -> None:
    with pytest.raises(ExecutionError, match=message):
        plugin_of_config_map(config_map(CONTAINER.replace(line, "")))


@pytest.mark.parametrize("text", ["", "[", "- a", "ports: 3"])
def test_a_broken_config_map_is_named(text: str) -> None:
    with pytest.raises(ExecutionError, match="executor plugin hello"):
        plugin_of_config_map(config_map(text))


def test_a_plugin_of_a_workflow_without_a_container_is_refused() -> None:
    with pytest.raises(ExecutionError, match=r"executor plugin own: sidecar\.container"):
        plugin_of_spec({"metadata": {"name": "own"}, "spec": {}})


def test_a_plugin_is_asked_as_argo_asks() -> None:
    template = {"name": "t", "plugin": {"slack": {"text": "hi"}}}
    call = CallPlugin("u-1", "n", "wf.n", "t", template)
    body = json.loads(request_body(call, {"name": "wf", "namespace": "data", "uid": "u"}))
    metadata = {"name": "wf", "namespace": "data", "uid": "u"}
    assert body == {"workflow": {"metadata": metadata}, "template": template}


def test_a_reply_without_a_node_says_that_the_template_is_anothers() -> None:
    assert read_reply("{}") == Reply()


def test_a_reply_that_is_no_end_says_when_to_ask_again() -> None:
    text = '{"node": {"phase": "Running", "message": "started"}, "requeue": "2m"}'
    assert read_reply(text) == Reply("Running", "started", None, 120.0)


def test_a_parameter_is_text_whatever_its_json_type() -> None:
    node = {"phase": "Succeeded", "outputs": {"parameters": [{"name": "n", "value": 3}]}}
    reply = read_reply(json.dumps({"node": node}))
    assert reply.outputs == {"parameters": [{"name": "n", "value": "3"}]}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"node": "done"}',
        '{"node": {}}',
        '{"node": {"phase": "Running"}, "requeue": "soon"}',
        '{"node": {"phase": "Succeeded", "outputs": {"parameters": "n"}}}',
        '{"node": {"phase": "Succeeded", "outputs": {"result": 3}}}',
    ],
)
def test_an_answer_that_is_no_reply_is_refused(text: str) -> None:
    with pytest.raises(ExecutionError, match="the plugin's"):
        read_reply(text)
