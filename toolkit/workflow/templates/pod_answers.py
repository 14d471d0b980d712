"""What the executor's answers mean to the pod nodes they are for."""

from __future__ import annotations

from typing import Final

from toolkit.workflow.pods import containers
from toolkit.workflow.outputs import outputs
from toolkit.workflow.templates import tasks
from toolkit.workflow.commands import StopContainer
from toolkit.workflow.step.draft import Draft
from toolkit.workflow.events import (
    Answer,
    ContainerEnded,
    ContainerErrored,
    ContainerMoved,
    ContainerProgressed,
    ContainerStarted,
    ResourceAnswered,
    TaskAnswered,
)
from toolkit.workflow.nodes import ERROR, FAILED, PENDING, RUNNING, SUCCEEDED, Node, exact
from toolkit.workflow.templates.pods import DEADLINE_MESSAGE, grace, note_daemon
from toolkit.workflow.measures.progress import parse_progress
from toolkit.workflow.measures.usage import put_usage

HOST_IP: Final = "127.0.0.1"
HOST_NAME: Final = "localhost"
"""Steps are processes of this machine."""


def answer(draft: Draft, event: Answer) -> None:
    """Take an executor's report. One that is late, doubled or for another start changes nothing."""
    node = draft.get(event.node_id)
    if node is None or node.has_ended or node.engine.get("start") != event.command_id:
        return
    match event:
        case ContainerStarted():
            _started(draft, node, event)
        case ContainerMoved():
            containers.moved(draft, node, event)
        case ContainerProgressed():
            _progressed(draft, node, event)
        case ContainerEnded():
            _ended(draft, node, event)
        case ContainerErrored():
            _errored(draft, node, event)
        case ResourceAnswered():
            _answered(draft, node, event)
        case TaskAnswered():
            tasks.answered(draft, node, event)


def _progressed(draft: Draft, node: Node, event: ContainerProgressed) -> None:
    if parse_progress(event.progress) and event.progress != node.status.get("progress"):
        draft.edit(node.id).status["progress"] = event.progress


def _started(draft: Draft, node: Node, event: ContainerStarted) -> None:
    if node.phase != PENDING:
        return
    started = draft.set_phase(node.id, RUNNING)
    started.engine["began"] = exact(event.at)
    started.status["hostNodeName"] = HOST_NAME
    if started.engine.get("daemon"):
        started.status["podIP"] = HOST_IP
    if started.engine.get("daemon") and started.boundary:
        started.status["daemoned"] = True
        started.engine["settled"] = True
        draft.free(started)
        draft.tell_owner(started)
        note_daemon(draft, started)
    elif started.engine.get("daemon"):
        _end_alone(draft, started, event)


def _end_alone(draft: Draft, daemon: Node, event: ContainerStarted) -> None:
    """A daemon with nothing around it that could need it has done its work once it is up."""
    put_usage(daemon, event.at)
    draft.set_phase(daemon.id, SUCCEEDED, "")
    containers.end_rest(draft, daemon, SUCCEEDED, "")
    grace_s = grace(draft, daemon)
    draft.command(StopContainer(draft.command_id(), daemon.id, event.command_id, grace_s=grace_s))


def _ended(draft: Draft, known: Node, event: ContainerEnded) -> None:
    node = draft.edit(known.id)
    if event.containers:
        containers.take(draft, node, event.containers)
    node.engine["ran"] = {"exitCode": event.exit_code, "at": exact(event.at)}
    put_usage(node, event.at)
    phase, message = _verdict(node, event)
    problem = outputs.of_container(node, event)
    was_up = node.status.pop("daemoned", None)
    if node.engine.get("stopping") is not None:
        _drop_exit_code(node)
        _stopped(draft, node, has_succeeded=phase == SUCCEEDED)
    elif phase != SUCCEEDED:
        draft.set_phase(node.id, phase, message)
    elif was_up or node.engine.get("daemon"):
        draft.set_phase(node.id, FAILED, _exit_message(event))
    elif problem:
        draft.set_phase(node.id, ERROR, problem)
    else:
        draft.set_phase(node.id, SUCCEEDED, "")
    containers.end_rest(draft, node, FAILED, containers.CUT_SHORT)
    outputs.export(draft, node)


def _verdict(node: Node, event: ContainerEnded) -> tuple[str, str]:
    if node.engine.get("containers") and event.containers:
        return containers.verdict(node)
    if event.exit_code != 0:
        return FAILED, _exit_message(event)
    return SUCCEEDED, ""


def _exit_message(event: ContainerEnded) -> str:
    said = f": {event.message}" if event.message else ""
    return f"main: {event.reason or 'Error'} (exit code {event.exit_code}){said}"


def _drop_exit_code(node: Node) -> None:
    """Of a pod that is ended Argo knows no exit code: it looks away when it has told it to end."""
    outputs = {key: value for key, value in (node.outputs or {}).items() if key != "exitCode"}
    if outputs:
        node.status["outputs"] = outputs
    else:
        node.status.pop("outputs", None)


def _stopped(draft: Draft, node: Node, *, has_succeeded: bool) -> None:
    is_daemon = node.engine.get("daemon") and not node.engine.get("late")
    if is_daemon or has_succeeded:
        draft.set_phase(node.id, SUCCEEDED, "")
    else:
        draft.set_phase(node.id, FAILED, node.engine["stopping"])


def _errored(draft: Draft, known: Node, event: ContainerErrored) -> None:
    node = draft.edit(known.id)
    node.status.pop("daemoned", None)
    put_usage(node, event.at)
    if event.is_transient:
        node.engine["transient"] = True
    if node.engine.get("stopping") is not None:
        _stopped(draft, node, has_succeeded=False)
    elif event.is_deadline:
        draft.set_phase(node.id, FAILED, event.message or DEADLINE_MESSAGE)
        containers.end_rest(draft, node, FAILED, containers.CUT_SHORT)
    else:
        draft.set_phase(node.id, ERROR, event.message)
    containers.end_rest(draft, node, ERROR, event.message)


def _answered(draft: Draft, known: Node, event: ResourceAnswered) -> None:
    node = draft.edit(known.id)
    put_usage(node, event.at, node.engine["started"])
    problem = outputs.of_resource(node, event)
    tasks.put_exit_code(node, has_failed=not event.succeeded)
    if not event.succeeded:
        draft.set_phase(node.id, FAILED, tasks.failure(event.message))
    elif problem:
        draft.set_phase(node.id, ERROR, problem)
    else:
        draft.set_phase(node.id, SUCCEEDED, event.message)
    outputs.export(draft, node)
