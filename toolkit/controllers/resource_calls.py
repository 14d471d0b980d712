"""Resource templates: a manifest and an action, performed against the cluster."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from toolkit.errors import (
    AlreadyExistsError,
    ClusterError,
    ExecutionError,
    NotFoundError,
    ToolkitError,
    UnreachableError,
)
from toolkit.resource.cluster import Cluster, ObjectRef, PatchType
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.workflow.commands import CallResource
from toolkit.workflow.events import ContainerErrored, ResourceAnswered
from toolkit.workflow.expressions.jsonpath import query
from toolkit.workflow.expressions.values import EvaluationError
from toolkit.yaml import load_all

FIELD_MANAGER = "gitops-workflow"
COMMAND_ANNOTATION = "gitops-toolkit/created-by-command"
_PATCHES = {
    "strategic": PatchType.STRATEGIC,
    "merge": PatchType.MERGE,
    "json": PatchType.JSON,
}
_TERM = re.compile(r"\s*(!?)\s*([^=!<>\s]+)\s*(?:(==|=|!=|>|<)\s*(.*?)\s*)?")
_SET_TERM = re.compile(r"\s*(\S+)\s+(in|notin)\s*\(([^)]*)\)\s*")
_FILTER = re.compile(r'#\((\S+?)\s*==\s*"?([^")]*)"?\)')


@dataclass(frozen=True, slots=True)
class Owner:
    """The workflow that calls."""

    namespace: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class Undecided:
    """The conditions say nothing yet: look at ``target`` again."""

    target: ObjectRef


Answer = ResourceAnswered | ContainerErrored | Undecided


def perform(call: CallResource, cluster: Cluster, owner: Owner, now: datetime) -> Answer:
    """Does the action, once, and judges its result. Doing it again after a crash, with the same
    command id, creates no second object.
    """
    return _answered(call, now, lambda: _act(call, cluster, owner))


def look_again(call: CallResource, cluster: Cluster, target: ObjectRef, now: datetime) -> Answer:
    """Judges the object as it is now."""
    return _answered(call, now, lambda: _live(cluster, target))


def _answered(call: CallResource, now: datetime, act: Callable[[], Body | None]) -> Answer:
    try:
        return _judge(call, act() or {}, now)
    except UnreachableError as error:
        return ContainerErrored(call.id, call.node_id, error.message, now, is_transient=True)
    except ClusterError as error:
        return ResourceAnswered(
            call.id, call.node_id, succeeded=False, message=error.message, at=now
        )
    except ToolkitError as error:
        return ContainerErrored(call.id, call.node_id, str(error), now)


def _judge(call: CallResource, live: Body, now: datetime) -> Answer:
    has_failed = bool(call.failure_condition) and _holds(call.failure_condition, live)
    has_succeeded = not call.success_condition or _holds(call.success_condition, live)
    if has_failed:
        message = f"failure condition '{call.failure_condition}' evaluated true"
        return ResourceAnswered(call.id, call.node_id, succeeded=False, message=message, at=now)
    if not has_succeeded and call.action != "delete":
        return Undecided(_ref(live))
    outputs = _outputs(call, live)
    return ResourceAnswered(
        call.id, call.node_id, succeeded=True, message="", at=now, outputs=outputs
    )


def _act(call: CallResource, cluster: Cluster, owner: Owner) -> Body | None:
    actions = {
        "get": _get,
        "create": _create,
        "apply": _apply,
        "delete": _delete,
        "replace": _replace,
        "patch": _patch,
    }
    if call.action not in actions:
        raise ExecutionError(
            f"resource action {call.action!r} is not known", hints=[f"known: {', '.join(actions)}"]
        )
    if call.flags:
        raise ExecutionError("flags of a resource template are not supported here")
    return actions[call.action](call, cluster, _manifest(call, owner))


def _manifest(call: CallResource, owner: Owner) -> Body:
    documents = [body for body in load_all(call.manifest, "manifest") if body is not None]
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise ExecutionError("a resource template's manifest is one object")
    body: Body = documents[0]
    if not isinstance(body.get("metadata") or {}, dict) or not body.get("kind"):
        raise ExecutionError("a resource template's manifest has a kind and metadata")
    metadata = body.setdefault("metadata", {})
    metadata.setdefault("namespace", owner.namespace)
    if call.owner_reference:
        reference = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "name": owner.name,
            "uid": owner.uid,
            "controller": True,
            "blockOwnerDeletion": True,
        }
        metadata["ownerReferences"] = [*(metadata.get("ownerReferences") or ()), reference]
    return body


def _get(call: CallResource, cluster: Cluster, body: Body) -> Body:  # noqa: ARG001
    return _live(cluster, _ref(body))


def _create(call: CallResource, cluster: Cluster, body: Body) -> Body:
    """The command's id on the object tells ours from another's when we come again."""
    if "name" not in body["metadata"]:
        made = _made_by(call, cluster, body)
        if made is not None:
            return made
    annotations = body["metadata"].setdefault("annotations", {})
    annotations[COMMAND_ANNOTATION] = call.id
    try:
        return cluster.create(body)
    except AlreadyExistsError:
        live = cluster.get(_ref(body))
        if live is None or _command_of(live) != call.id:
            raise
        return live


def _apply(call: CallResource, cluster: Cluster, body: Body) -> Body:  # noqa: ARG001
    return cluster.apply(body, field_manager=FIELD_MANAGER, force=True)


def _delete(call: CallResource, cluster: Cluster, body: Body) -> None:  # noqa: ARG001
    cluster.delete(_ref(body))


def _replace(call: CallResource, cluster: Cluster, body: Body) -> Body:  # noqa: ARG001
    return cluster.update(body)


def _patch(call: CallResource, cluster: Cluster, body: Body) -> Body:
    patch_type = _PATCHES.get(call.merge_strategy)
    if patch_type is None:
        raise ExecutionError(
            f"mergeStrategy {call.merge_strategy!r} is not known",
            hints=[f"known: {', '.join(_PATCHES)}"],
        )
    return cluster.patch(_ref(body), body, patch_type)


def _live(cluster: Cluster, ref: ObjectRef) -> Body:
    live = cluster.get(ref)
    if live is None:
        raise NotFoundError(f'{ref.gvk.kind} "{ref.name}" not found')
    return live


def _made_by(call: CallResource, cluster: Cluster, body: Body) -> Body | None:
    """What this very command created under a generated name, before a crash."""
    listed = cluster.list(GroupVersionKind.of(body), str(body["metadata"]["namespace"]))
    return next((live for live in listed.items if _command_of(live) == call.id), None)


def _command_of(live: Body) -> str:
    return str((live["metadata"].get("annotations") or {}).get(COMMAND_ANNOTATION, ""))


def _ref(body: Body) -> ObjectRef:
    metadata = body["metadata"]
    name, namespace = str(metadata.get("name") or ""), str(metadata.get("namespace") or "")
    return ObjectRef(GroupVersionKind.of(body), namespace, name)


def _outputs(call: CallResource, live: Body) -> dict[str, str]:
    """Values by jsonPath; one that is absent is left out, for the template's default."""
    outputs: dict[str, str] = {}
    for name, path, jq_filter in call.outputs:
        if jq_filter:
            raise ExecutionError(f"output parameter {name}: jqFilter is not supported here")
        try:
            value = query(live, path) if path else live
        except EvaluationError:
            continue
        outputs[name] = value if isinstance(value, str) else json.dumps(value)
    return outputs


def _holds(condition: str, live: Body) -> bool:
    """A condition in the syntax of label selectors, over paths into the object."""
    terms = re.split(r",(?![^(]*\))", condition)
    return all(_term_holds(term, live) for term in terms if term.strip())


def _term_holds(term: str, live: Body) -> bool:
    if found := _SET_TERM.fullmatch(term):
        values = {value.strip() for value in found[3].split(",")}
        return (_at(live, found[1]) in values) is (found[2] == "in")
    found = _TERM.fullmatch(term)
    if not found:
        raise ExecutionError(f"condition {term.strip()!r} cannot be read")
    value, operator, wanted = _at(live, found[2]), found[3], found[4]
    if operator is None:
        return (value is None) is bool(found[1])
    if operator in (">", "<"):
        return _compares(value, operator, wanted)
    return (value == wanted) is not (operator == "!=")


def _compares(value: str | None, operator: str, wanted: str) -> bool:
    try:
        left, right = int(value or ""), int(wanted)
    except ValueError:
        return False
    return left > right if operator == ">" else left < right


def _at(live: Any, path: str) -> str | None:
    """The text at a gjson path: members, indices, ``#(key=="value")``."""
    for part in re.findall(r"#\([^)]*\)|[^.]+", path):
        if found := _FILTER.fullmatch(part):
            items = live if isinstance(live, list) else []
            live = next((item for item in items if _at(item, found[1]) == found[2]), None)
        elif isinstance(live, list):
            live = live[int(part)] if part.isdigit() and int(part) < len(live) else None
        else:
            live = live.get(part) if isinstance(live, dict) else None
    if live is None or isinstance(live, str):
        return live
    return json.dumps(live)
