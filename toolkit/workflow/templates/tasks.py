"""Task nodes (http and plugin): what is asked of the agent, and what its answers mean.

A call is made once. A plugin that says Running or Pending names when it wants to be asked again:
that is another call, with a command id of its own.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from toolkit.workflow.outputs import outputs
from toolkit.workflow.commands import CallHttp, CallPlugin, StopContainer
from toolkit.workflow.step.draft import Draft
from toolkit.workflow.events import TaskAnswered
from toolkit.workflow.spec.merge import type_of
from toolkit.workflow.nodes import (
    ERROR,
    FAILED,
    FINISHED,
    PENDING,
    POD,
    RUNNING,
    SUCCEEDED,
    Node,
    Row,
)
from toolkit.workflow.substitution.parameters import text_of, whole
from toolkit.workflow.outputs.result import captures_result

TIMEOUT: Final = "timeout"
"""The message of a task that was longer under way than its template allows."""

_FAILED_CODE: Final = "64"
"""With which Argo's executor ends where a resource or data template fails."""

_UNENDED: Final = frozenset({PENDING, RUNNING})


def start(draft: Draft, node: Node, template: Row) -> None:
    """Ask for the call of a node that was just created. Raises ExpressionError, ValueError and
    TypeError for a template that cannot be called.
    """
    if type_of(template) == "http":
        command: CallHttp | CallPlugin = _http_call(draft, node, template)
    else:
        command = _plugin_call(draft, node, template)
        draft.edit(node.id).engine["task"] = command.body
    draft.edit(node.id).engine["start"] = command.id
    draft.command(command)


def _http_call(draft: Draft, node: Node, template: Row) -> CallHttp:
    http: Row = template["http"]
    source = (http.get("bodyFrom") or {}).get("bytes")
    timeout = http.get("timeoutSeconds")
    return CallHttp(
        id=draft.command_id(),
        node_id=node.id,
        node_name=node.name,
        template=str(template.get("name", "")),
        url=text_of(http.get("url") or ""),
        method=str(http.get("method") or ""),
        headers=tuple(_header(entry) for entry in http.get("headers") or ()),
        body=text_of(http.get("body") or ""),
        body_base64=None if source is None else str(source),
        timeout_s=None if timeout is None else whole(timeout),
        insecure=bool(http.get("insecureSkipVerify")),
        success_condition=str(http.get("successCondition") or ""),
        is_used=captures_result(draft, node),
    )


def _header(entry: Row) -> Row:
    return {**entry, "value": text_of(entry["value"])} if entry.get("value") is not None else entry


def _plugin_call(draft: Draft, node: Node, template: Row) -> CallPlugin:
    return CallPlugin(
        id=draft.command_id(),
        node_id=node.id,
        node_name=node.name,
        template=str(template.get("name", "")),
        body=template,
        plugins=tuple(draft.run.definition.spec.get("executorPlugins") or ()),
    )


def answered(draft: Draft, known: Node, event: TaskAnswered) -> None:
    """Take the agent's report on the call that the node waits for."""
    node = draft.edit(known.id)
    if event.is_transient:
        node.engine["transient"] = True
    if event.outputs is not None:
        node.status["outputs"] = dict(event.outputs)
    if event.phase in _UNENDED:
        _wait(draft, node, event)
    elif event.phase in FINISHED:
        message = event.message
        if node.type == POD:
            has_failed = event.phase != SUCCEEDED
            put_exit_code(node, has_failed=has_failed)
            message = failure(message) if has_failed else message
        draft.set_phase(node.id, event.phase, message)
    else:
        draft.set_phase(node.id, ERROR, f"the plugin answered with the phase {event.phase!r}")
    outputs.export(draft, node)


def put_exit_code(node: Node, *, has_failed: bool) -> None:
    """That of a pod in which Argo's own executor does the work: of a resource or data template."""
    code = _FAILED_CODE if has_failed else "0"
    node.status["outputs"] = {**(node.status.get("outputs") or {}), "exitCode": code}


def failure(message: str) -> str:
    """What the node of such a pod says when it failed."""
    said = f"main: Error (exit code {_FAILED_CODE})"
    return f"{said}: {message}" if message else said


def _wait(draft: Draft, node: Node, event: TaskAnswered) -> None:
    """DEVIATION: upstream a task that has not ended and names no time to ask again never ends."""
    if event.requeue_s is None:
        said = f"the plugin answered with the phase {event.phase} and no requeue"
        draft.set_phase(node.id, ERROR, f"{said}: it would never be asked again")
        return
    node.engine["start"] = ""
    draft.set_phase(node.id, event.phase, event.message)
    draft.wake(draft.now + timedelta(seconds=event.requeue_s), "requeue", node.id)


def call_again(draft: Draft, node: Node) -> None:
    """The time a plugin named has come."""
    if node.has_ended or node.engine.get("start"):
        return
    command = _plugin_call(draft, node, node.engine["task"])
    draft.edit(node.id).engine["start"] = command.id
    draft.command(command)


def stop(draft: Draft, node: Node, message: str) -> None:
    """End a node whose call nobody waits for any more: Failed at once, as in Argo."""
    start_id = node.engine.get("start")
    draft.set_phase(node.id, FAILED, message)
    if start_id:
        draft.command(StopContainer(draft.command_id(), node.id, start_id, grace_s=0.0))
