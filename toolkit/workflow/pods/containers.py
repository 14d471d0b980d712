"""The containers of a pod node: what is known of them, the Container nodes of a container set, and
what the pod comes to when all have ended.

Messages and phases as in argo-workflows v4.1.2, ``operator.go``: ``assessNodeStatus`` (Container
nodes) and ``inferFailedReason`` (the pod).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from toolkit.workflow.commands import PodContainer
from toolkit.workflow.events import ContainerMoved, ContainerState
from toolkit.workflow.nodes import (
    CONTAINER,
    ERROR,
    FAILED,
    PENDING,
    RUNNING,
    SUCCEEDED,
    Node,
    Row,
    exact,
)
from toolkit.workflow.pods.life import ENDED_FROM_OUTSIDE, GAVE_UP, INIT, MAIN, SIDECAR
from toolkit.workflow.pods.spec import MAIN_NAME
from toolkit.workflow.step.draft import Draft

CUT_SHORT: Final = "Pod Failed whilst container running"
_PREFERENCE: Final = (INIT, MAIN, SIDECAR)


def know(draft: Draft, pod: Node, containers: Iterable[PodContainer], *, is_set: bool) -> None:
    """Write down the containers of a pod that is asked for; a container set's get nodes."""
    pod.engine["containers"] = {
        each.name: {"role": each.role, "image": each.call.image} for each in containers
    }
    for each in containers if is_set else ():
        if each.role == MAIN:
            _add_node(draft, pod, each)


def _add_node(draft: Draft, pod: Node, container: PodContainer) -> None:
    name = f"{pod.name}.{container.name}"
    inherited = ("templateName", "templateRef", "templateScope", "nodeFlag")
    status: Row = {
        "id": draft.id_of(name),
        "name": name,
        "displayName": container.name,
        "type": CONTAINER,
        **{key: pod.status[key] for key in inherited if key in pod.status},
        "boundaryID": pod.id,
        "phase": PENDING,
    }
    engine: Row = {"owner": pod.id, "holder": pod.engine["holder"], "depth": pod.engine["depth"]}
    if container.dependencies:
        engine["after"] = list(container.dependencies)
    if pod.is_exit_part:
        engine["exit"] = True
    draft.add(status, engine)


def moved(draft: Draft, pod: Node, event: ContainerMoved) -> None:
    """One container is in another state. A late report changes nothing."""
    known = (pod.engine.get("containers") or {}).get(event.state.name)
    if known is None or known.get("exitCode") is not None:
        return
    if _facts(event.state).items() <= known.items():
        return
    take(draft, draft.edit(pod.id), [event.state])


def take(draft: Draft, pod: Node, states: Iterable[ContainerState]) -> None:
    """Write the states into the pod, which is ours to edit, and into its Container nodes."""
    containers = dict(pod.engine.get("containers") or {})
    for state in states:
        if state.name in containers:
            known = containers[state.name]
            since = {"started": known["started"]} if "started" in known else {}
            containers[state.name] = {**known, **_facts(state), **since}
            _show(draft, pod, state)
    pod.engine["containers"] = containers


def _facts(state: ContainerState) -> Row:
    facts: dict[str, Any] = {
        "started": exact(state.started) if state.started else None,
        "finished": exact(state.finished) if state.finished else None,
        "exitCode": state.exit_code,
        "reason": state.reason,
        "message": state.message,
        "ready": state.is_ready,
    }
    return {key: value for key, value in facts.items() if value not in {None, ""}}


def _show(draft: Draft, pod: Node, state: ContainerState) -> None:
    node = draft.find(f"{pod.name}.{state.name}")
    if node is None or node.type != CONTAINER:
        return
    if not state.has_ended:
        draft.set_phase(node.id, RUNNING)
    elif pod.engine.get("stopping") is not None and state.has_failed:
        _end_with_pod(draft, pod, node)
    else:
        draft.set_phase(node.id, *_outcome(state))


def _outcome(state: ContainerState) -> tuple[str, str]:
    """Phase and message of a Container node; Argo's text ends in a colon where there is no more
    to say.
    """
    if not state.has_failed:
        return SUCCEEDED, ""
    message = f"{state.name}: {state.reason} (exit code {state.exit_code}): {state.message}"
    return (ERROR if state.exit_code == GAVE_UP else FAILED), message


def _end_with_pod(draft: Draft, pod: Node, node: Node) -> None:
    is_daemon = bool(pod.engine.get("daemon"))
    draft.set_phase(node.id, SUCCEEDED if is_daemon else FAILED, str(pod.engine["stopping"]))


def end_rest(draft: Draft, pod: Node, phase: str, message: str) -> None:
    """The pod has ended otherwise than by its containers: those that had not ended have now."""
    for id in draft.children(pod.id):
        node = draft.node(id)
        if node.type == CONTAINER and not node.has_ended:
            if pod.engine.get("stopping") is not None:
                _end_with_pod(draft, pod, node)
            else:
                draft.set_phase(id, phase, message)


def verdict(pod: Node) -> tuple[str, str]:
    """Phase and message of a pod whose containers have ended. Of several that failed, an init
    container is named before a main one, and that before a sidecar; of the same kind the first by
    name. A sidecar that was ended from outside has not failed.
    """
    for name, container in _by_preference(pod):
        code = container.get("exitCode")
        if code is None:
            said = f"Pod failed before {name} container starts due to PodInitializing: "
            return ERROR, said
        is_main = container["role"] == MAIN
        if code == 0 or (not is_main and code in ENDED_FROM_OUTSIDE):
            continue
        message = f"{name}: {container['reason']} (exit code {code})"
        return FAILED, f"{message}: {text}" if (text := container.get("message")) else message
    return SUCCEEDED, ""


def _by_preference(pod: Node) -> Iterator[tuple[str, Row]]:
    containers: dict[str, Row] = pod.engine["containers"]
    for role in _PREFERENCE:
        names = [name for name, each in containers.items() if each["role"] == role]
        for name in names if role == INIT else sorted(names):
            yield name, containers[name]


def has_output_container(pod: Node) -> bool:
    """Whether the pod has a container whose exit code and outputs are its own."""
    containers = pod.engine.get("containers")
    return not containers or MAIN_NAME in containers
