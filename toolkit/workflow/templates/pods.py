"""Pod nodes: what is asked of the executor. Its answers: :mod:`.pod_answers`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from toolkit.errors import ExpressionError
from toolkit.workflow.pods import containers
from toolkit.workflow.pods import patch as pod_patch
from toolkit.workflow.pods import spec as pod_spec
from toolkit.workflow.templates import tasks
from toolkit.workflow.outputs.artifacts import (
    Archive,
    input_artifacts,
    kept_at,
    output_artifacts,
    raw_artifacts,
)
from toolkit.workflow.pods.claims import claim_volumes
from toolkit.workflow.commands import (
    CallResource,
    ContainerCall,
    InputArtifact,
    ListArtifacts,
    OutputFile,
    StartContainer,
    StopContainer,
)
from toolkit.workflow.step.context import globals_scope
from toolkit.workflow.templates.data_template import listing
from toolkit.workflow.step.draft import Draft, started_at
from toolkit.workflow.step.halted import refusal
from toolkit.workflow.spec.merge import type_of
from toolkit.workflow.nodes import (
    FAILED,
    PENDING,
    POD,
    RUNNING,
    SUCCEEDED,
    TASKS,
    Node,
    Row,
    exact,
    pod_name,
)
from toolkit.workflow.substitution.parameters import text_of, whole
from toolkit.workflow.measures.progress import first_progress
from toolkit.workflow.outputs.result import captures_result
from toolkit.workflow.substitution.scope import Values
from toolkit.workflow.spans import parse_span
from toolkit.workflow.measures.usage import remember_requests

DEADLINE_MESSAGE: Final = "Pod was active on the node longer than the specified deadline"

_SHORTEST: Final = timedelta(seconds=2)
"""A pod with no more time than this is not asked for: Argo counts whole seconds, some of the last
one have passed when it looks, and it wants more than one.
"""

_OWN_DEADLINE: Final = frozenset({"container", "script", "containerSet"})
"""Types whose executor keeps the deadline."""


def start(draft: Draft, node: Node, template: Row, outer: datetime | None = None) -> None:
    """Ask for the pod, or the agent's call, of a node that was just created; it is to end by
    ``outer``. What cannot be asked for is the node's Error, what may not run any more its failure.
    """
    if message := refusal(draft, node):
        draft.set_phase(node.id, FAILED, message)
        return
    try:
        if node.type == POD:
            pod = pod_name(draft.run.name, node.name, str(template.get("name", "")))
            template = pod_patch.patched(draft, node, template, pod)
        deadline = _deadline(draft, node, template, outer)
        if node.type in TASKS:
            tasks.start(draft, node, template)
        else:
            _start(draft, node, template, deadline)
    except (ExpressionError, ValueError, TypeError) as error:
        draft.fault(node.id, str(getattr(error, "message", error)))
        return
    if deadline is not None and type_of(template) not in _OWN_DEADLINE:
        draft.wake(deadline, "timeout", node.id)


def timed_out(draft: Draft, node: Node) -> None:
    """The deadline of a node that no executor ends by itself."""
    if node.has_ended:
        return
    tasks.stop(draft, node, tasks.TIMEOUT if node.type in TASKS else DEADLINE_MESSAGE)


def _start(draft: Draft, node: Node, template: Row, deadline: datetime | None) -> None:
    pod = pod_name(draft.run.name, node.name, str(template.get("name", "")))
    archive = archive_of(draft, template, pod)
    command = _command(draft, node, template, deadline, archive)
    node = draft.edit(node.id)
    node.engine["start"] = command.id
    node.engine["pod"] = pod
    if template.get("daemon"):
        node.engine["daemon"] = True
    if template.get(pod_patch.GRACE) is not None:
        node.engine["grace"] = template[pod_patch.GRACE]
    if kept := _declared_outputs(template, archive):
        node.engine["outputs"] = kept
    if progress := first_progress(template):
        node.status["progress"] = progress
    if isinstance(command, StartContainer):
        remember_requests(node, command)
    if isinstance(command, StartContainer) and command.containers:
        is_set = type_of(template) == "containerSet"
        containers.know(draft, node, command.containers, is_set=is_set)
    draft.command(command)
    if not isinstance(command, StartContainer):  # nobody has to say that the call is under way
        node.engine["began"] = exact(draft.now)
        draft.set_phase(node.id, RUNNING)


def pending_limit(template: Row) -> timedelta | None:
    """How long a pod may wait for its start. Raises ExpressionError for a broken span."""
    try:
        return parse_span(template["pendingTimeout"]) if template.get("pendingTimeout") else None
    except ValueError as error:
        raise ExpressionError(f"pendingTimeout: {error}") from error


def limit_pending(draft: Draft, node: Node, template: Row) -> None:
    """See to it that a pod does not wait for its start longer than its template lets it."""
    limit = pending_limit(template)
    if limit is not None and node.type == POD:
        draft.wake(started_at(node) + limit, "pending", node.id)


def pending_too_long(draft: Draft, node: Node) -> None:
    """The timer of :func:`limit_pending`: what still waits ends in Argo's ErrTimeout."""
    if node.phase == PENDING and node.engine.get("stopping") is None:
        draft.edit(node.id).engine["late"] = True
        stop(draft, draft.node(node.id), tasks.TIMEOUT)


def _command(
    draft: Draft, node: Node, template: Row, deadline: datetime | None, archive: Archive
) -> StartContainer | CallResource | ListArtifacts:
    pod = archive.pod
    if type_of(template) == "resource":
        return _resource_command(draft, node, template, archive)
    if type_of(template) == "data":
        return listing(draft.command_id(), node, template, pod, archive)
    volumes = tuple(_volumes(draft, template))
    pod_spec.check_mounts(template, volumes)
    files = tuple(
        (str(artifact["path"]), text)
        for artifact, text in raw_artifacts(template)
        if artifact.get("path")
    )
    return StartContainer(
        id=draft.command_id(),
        node_id=node.id,
        node_name=node.name,
        pod=pod,
        template=str(template.get("name", "")),
        call=container_call(draft, template),
        containers=pod_spec.containers_of(template, volumes),
        awaits_ready=bool(template.get("daemon")),
        output_files=tuple(_output_files(template)),
        input_files=files,
        captures_result=captures_result(draft, node),
        deadline=deadline,
        input_artifacts=input_artifacts(template, archive),
        output_artifacts=output_artifacts(template, archive),
    )


def container_call(draft: Draft, template: Row) -> ContainerCall:
    """A container or script template as a call; of a container set, that of its ``main``, or the
    last where none has the name.
    """
    kind, volumes = type_of(template), tuple(_volumes(draft, template))
    own: Row = template[kind]
    if kind == "containerSet":
        group = own.get("containers") or ()
        return pod_spec.container_call(pod_spec.default_container(group), volumes)
    return pod_spec.container_call(own, volumes, source=own.get("source"))


def _volumes(draft: Draft, template: Row) -> list[Row]:
    spec = draft.run.definition.spec
    own = template.get("volumes") or ()
    return [*own, *(spec.get("volumes") or ()), *claim_volumes(draft.run)]


def _output_files(template: Row) -> list[OutputFile]:
    files = []
    for parameter in (template.get("outputs") or {}).get("parameters") or ():
        source = parameter.get("valueFrom") or {}
        if source.get("path"):
            default = source.get("default")
            text = None if default is None else text_of(default)
            files.append(OutputFile(str(parameter["name"]), str(source["path"]), text))
    return files


def _declared_outputs(template: Row, archive: Archive) -> Row:
    parameters = (template.get("outputs") or {}).get("parameters")
    found = {"parameters": parameters, "artifacts": kept_at(template, archive)}
    return {key: value for key, value in found.items() if value}


def archive_of(draft: Draft, template: Row, pod: str) -> Archive:
    """Where the template's artifacts are kept. Raises ExpressionError."""
    scope = globals_scope(draft).over(Values({"pod.name": pod}))
    return Archive(draft.run, template, pod, scope)


def _deadline(draft: Draft, node: Node, template: Row, outer: datetime | None) -> datetime | None:
    deadlines = [] if outer is None else [outer]
    if template.get("activeDeadlineSeconds") is not None:
        seconds = whole(template["activeDeadlineSeconds"])
        deadlines.append(draft.now + timedelta(seconds=seconds))
    if template.get("timeout"):
        deadline = started_at(node) + parse_span(template["timeout"])
        if node.type == POD and deadline - draft.now <= _SHORTEST:
            raise ExpressionError(f"{node.name} exceeded its deadline")
        deadlines.append(deadline)
    return min(deadlines, default=None)


def _resource_command(draft: Draft, node: Node, template: Row, archive: Archive) -> CallResource:
    resource: Row = template["resource"]
    manifest, source = _manifest(template, archive)
    wanted = [
        (
            str(parameter["name"]),
            str((parameter.get("valueFrom") or {}).get("jsonPath") or ""),
            str((parameter.get("valueFrom") or {}).get("jqFilter") or ""),
        )
        for parameter in (template.get("outputs") or {}).get("parameters") or ()
    ]
    return CallResource(
        id=draft.command_id(),
        node_id=node.id,
        pod=archive.pod,
        action=str(resource.get("action") or ""),
        manifest=manifest,
        merge_strategy=str(resource.get("mergeStrategy") or "strategic"),
        flags=tuple(text_of(flag) for flag in resource.get("flags") or ()),
        success_condition=str(resource.get("successCondition") or ""),
        failure_condition=str(resource.get("failureCondition") or ""),
        owner_reference=bool(resource.get("setOwnerReference")),
        outputs=tuple(wanted),
        node_name=node.name,
        template=str(template.get("name", "")),
        manifest_from=source,
    )


def _manifest(template: Row, archive: Archive) -> tuple[str, InputArtifact | None]:
    """The manifest's text, or the input artifact that holds it."""
    reference = (template["resource"].get("manifestFrom") or {}).get("artifact")
    if not reference:
        return str(template["resource"].get("manifest") or ""), None
    name = str(reference.get("name") or "")
    for artifact, text in raw_artifacts(template):
        if artifact["name"] == name:
            return text, None
    for found in input_artifacts(template, archive):
        if found.name == name:
            return "", found
    raise ExpressionError(f"manifestFrom: the template has no input artifact {name!r}")


# Answers


def note_daemon(draft: Draft, daemon: Node) -> None:
    """Let the daemon be ended with the steps or dag node it is in."""
    boundary = draft.edit(daemon.boundary)
    boundary.engine["daemons"] = [*boundary.engine.get("daemons", ()), daemon.id]


def end_daemons(draft: Draft, boundary: Node) -> None:
    """A steps or dag node ended: the daemons in it are ended, and count as Succeeded."""
    for id in boundary.engine.get("daemons", ()):
        for attempt in draft.children(id):
            _end_daemon(draft, attempt)
        _end_daemon(draft, id)


def _end_daemon(draft: Draft, id: str) -> None:
    daemon = draft.get(id)
    if daemon is None or daemon.has_ended:
        return
    if daemon.type == POD:
        stop(draft, daemon, "")
    draft.edit(id).status.pop("daemoned", None)
    draft.set_phase(id, SUCCEEDED, "")
    containers.end_rest(draft, draft.node(id), SUCCEEDED, "")


def stop(draft: Draft, known: Node, message: str) -> None:
    """End a pod: its answer then makes it Failed with ``message`` (a daemon: Succeeded). One that
    was not started yet ends at once.
    """
    if known.has_ended or known.engine.get("stopping") is not None:
        return
    node = draft.edit(known.id)
    node.engine["stopping"] = message
    if not node.engine.get("start"):
        draft.set_phase(node.id, FAILED, message)
        return
    draft.command(
        StopContainer(draft.command_id(), node.id, node.engine["start"], grace_s=grace(draft, node))
    )


def grace(draft: Draft, node: Node) -> float:
    """How long a pod has after TERM, in seconds."""
    spec = draft.run.definition.spec
    seconds: Any = node.engine.get("grace", spec.get("terminationGracePeriodSeconds"))
    return 30.0 if seconds is None else float(seconds)
