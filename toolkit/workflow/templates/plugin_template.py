"""Executor plugins: how they are declared, what they are asked, and what they answer.

The protocol is Argo's ``template.execute``
(https://argo-workflows.readthedocs.io/en/stable/executor_plugins/).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from toolkit.errors import ExecutionError, ToolkitError
from toolkit.resource.resource import Body
from toolkit.workflow.commands import CallPlugin
from toolkit.workflow.nodes import Row
from toolkit.workflow.substitution.parameters import text_of
from toolkit.workflow.spans import parse_go_duration
from toolkit.yaml import load_all

EXECUTE_PATH: Final = "/api/v1/template.execute"
LABEL: Final = "workflows.argoproj.io/configmap-type"
TYPE: Final = "ExecutorPlugin"
_SUFFIX: Final = "-executor-plugin"
_MANDATORY: Final = (
    ("ports", "at least one port is mandatory"),
    ("resources.requests", "resources requests are mandatory"),
    ("resources.limits", "resources limits are mandatory"),
    ("securityContext", "security context is mandatory"),
)


@dataclass(frozen=True, slots=True)
class Plugin:
    """One plugin: ``container`` is its sidecar, served at ``port``; or it is served at ``url``
    already, and there is no container.
    """

    name: str
    container: Row
    port: int = 0
    url: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """A plugin's answer: "" as phase means that the template is not its own."""

    phase: str = ""
    message: str = ""
    outputs: Row | None = None
    requeue_s: float | None = None


def plugin_of_config_map(body: Body) -> Plugin:
    """The plugin that a ConfigMap declares. Raises ExecutionError saying what is wrong with it."""
    name = str(body["metadata"]["name"])
    text = (body.get("data") or {}).get("sidecar.container") or ""
    place = f"ConfigMap {name}, sidecar.container"
    try:
        documents = load_all(text, place)
    except ToolkitError as error:
        raise ExecutionError(f"executor plugin {name}: {error}") from error
    container = documents[0] if documents else None
    return _plugin(name.removesuffix(_SUFFIX), container)


def plugin_of_spec(entry: Row) -> Plugin:
    """One of ``spec.executorPlugins``. Raises ExecutionError."""
    name = str((entry.get("metadata") or {}).get("name") or "")
    sidecar = ((entry.get("spec") or {}).get("sidecar") or {}).get("container")
    return _plugin(name, sidecar)


def _plugin(name: str, container: Any) -> Plugin:
    if not isinstance(container, dict):
        raise ExecutionError(f"executor plugin {name}: sidecar.container is no container")
    for path, message in _MANDATORY:
        if not _at(container, path):
            raise ExecutionError(f"executor plugin {name}: sidecar is invalid: {message}")
    port = container["ports"][0].get("containerPort")
    if not isinstance(port, int):
        raise ExecutionError(f"executor plugin {name}: containerPort {port!r} is no port")
    return Plugin(name, container, port)


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def request_body(call: CallPlugin, workflow: Mapping[str, str]) -> bytes:
    """What a plugin is sent; ``workflow``: its name, namespace and uid."""
    return json.dumps({"workflow": {"metadata": dict(workflow)}, "template": call.body}).encode()


def read_reply(text: str) -> Reply:
    """A plugin's answer. Raises ExecutionError for one that is no reply."""
    try:
        reply = json.loads(text)
    except ValueError as error:
        raise ExecutionError(f"the plugin's answer is not JSON: {error}") from error
    if not isinstance(reply, dict) or not isinstance(reply.get("node") or {}, dict):
        raise ExecutionError("the plugin's answer is no object with a node")
    node = reply.get("node")
    if node is None:
        return Reply()
    outputs = node.get("outputs")
    if not _is_outputs(outputs):
        raise ExecutionError("the plugin's answer has outputs that are none")
    phase = str(node.get("phase") or "")
    if not phase:
        raise ExecutionError("the plugin's answer has a node without a phase")
    message, requeue_s = str(node.get("message") or ""), _requeue(reply.get("requeue"))
    return Reply(phase, message, _with_texts(outputs), requeue_s)


def _with_texts(outputs: Row | None) -> Row | None:
    """A parameter's value is text, whatever its JSON type."""
    if not outputs or not outputs.get("parameters"):
        return outputs
    valued = [
        {**entry, "value": text_of(entry["value"])} if entry.get("value") is not None else entry
        for entry in outputs["parameters"]
    ]
    return {**outputs, "parameters": valued}


def _is_outputs(outputs: Any) -> bool:
    """Whether it has the shape of a node's outputs, or is None."""
    if outputs is None:
        return True
    if not isinstance(outputs, dict) or not isinstance(outputs.get("result") or "", str):
        return False
    lists: Sequence[Any] = [outputs.get("parameters") or [], outputs.get("artifacts") or []]
    return all(
        isinstance(entries, list)
        and all(isinstance(entry, dict) and isinstance(entry.get("name"), str) for entry in entries)
        for entries in lists
    )


def _requeue(text: Any) -> float | None:
    if text in {None, ""}:
        return None
    try:
        seconds = parse_go_duration(str(text)).total_seconds()
    except ValueError as error:
        raise ExecutionError(f"the plugin's requeue is no duration: {error}") from error
    return seconds if seconds > 0 else None
