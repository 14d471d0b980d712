"""Resource templates: a manifest and an action, performed against the cluster."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from toolkit.controllers.calls.resource_actions import Owner, act, ref_of
from toolkit.errors import (
    ClusterError,
    ExecutionError,
    NotFoundError,
    ToolkitError,
    UnreachableError,
)
from toolkit.resource.cluster import Cluster, ObjectRef
from toolkit.resource.resource import Body
from toolkit.workflow.commands import CallResource
from toolkit.workflow.events import ContainerErrored, ResourceAnswered
from toolkit.workflow.expressions import EvaluationError, json_text
from toolkit.workflow.expressions.jsonpath import query

_GONE = (
    "The resource has been deleted while its status was still being checked. Will not be retried"
)
_TERM = re.compile(r"\s*(!?)\s*([^=!<>\s]+)\s*(?:(==|=|!=|>|<)\s*(.*?)\s*)?")
_SET_TERM = re.compile(r"\s*(\S+)\s+(in|notin)\s*\(([^)]*)\)\s*")
_FILTER = re.compile(r'#\((\S+?)\s*==\s*"?([^")]*)"?\)')


@dataclass(frozen=True, slots=True)
class Undecided:
    """The conditions say nothing yet: look at ``target`` again."""

    target: ObjectRef


Answer = ResourceAnswered | ContainerErrored | Undecided


def perform(call: CallResource, cluster: Cluster, owner: Owner, now: datetime) -> Answer:
    """Does the action, once, and judges its result. Doing it again after a crash, with the same
    command id, creates no second object.
    """
    return _answered(call, now, lambda: act(call, cluster, owner))


def look_again(call: CallResource, cluster: Cluster, target: ObjectRef, now: datetime) -> Answer:
    """Judges the object as it is now."""
    return _answered(call, now, lambda: _again(cluster, target))


def _again(cluster: Cluster, target: ObjectRef) -> Body:
    live = cluster.get(target)
    if live is None:
        raise NotFoundError(_GONE)
    return live


def _answered(call: CallResource, now: datetime, work: Callable[[], Body | None]) -> Answer:
    try:
        return _judge(call, work() or {}, now)
    except UnreachableError as error:
        return ContainerErrored(call.id, call.node_id, error.message, now, is_transient=True)
    except ToolkitError as error:  # the call failed, as a container does that calls kubectl
        message = error.message if isinstance(error, ClusterError) else str(error)
        return ResourceAnswered(call.id, call.node_id, succeeded=False, message=message, at=now)


def _judge(call: CallResource, live: Body, now: datetime) -> Answer:
    """Any term of the failure condition fails; all terms of the success condition succeed."""
    failed = next((term for term in _terms(call.failure_condition) if _term_holds(term, live)), "")
    if failed:
        message = f"failure condition '{failed}' evaluated true"
        return ResourceAnswered(call.id, call.node_id, succeeded=False, message=message, at=now)
    has_succeeded = all(_term_holds(term, live) for term in _terms(call.success_condition))
    if not has_succeeded and call.action != "delete":
        return Undecided(ref_of(live))
    outputs = _outputs(call, live)
    return ResourceAnswered(
        call.id, call.node_id, succeeded=True, message="", at=now, outputs=outputs
    )


def _outputs(call: CallResource, live: Body) -> dict[str, str]:
    """Values by jsonPath; one that is absent is left out, for the template's default."""
    outputs: dict[str, str] = {}
    for name, path, jq_filter in call.outputs:
        if jq_filter:
            outputs[name] = _filtered(name, live, jq_filter)
            continue
        try:
            value = query(live, path) if path else live
        except EvaluationError:
            continue
        outputs[name] = value if isinstance(value, str) else json.dumps(value)
    return outputs


def _filtered(name: str, live: Body, jq_filter: str) -> str:
    """What jq says of the object: text as it is, all else as JSON, a line each."""
    try:
        import jq  # an extra: few templates filter so
    except ImportError as error:
        raise ExecutionError(
            f"output parameter {name}: jqFilter needs jq, which is not installed",
            hints=["pip install 'gitops-toolkit[jq]'"],
        ) from error
    try:
        values = jq.compile(jq_filter).input_value(live).all()
    except ValueError as error:
        raise ExecutionError(f"output parameter {name}: jqFilter {jq_filter!r}: {error}") from error
    lines = (one if isinstance(one, str) else json_text(one) for one in values)
    return "\n".join(lines).strip()


def _terms(condition: str) -> list[str]:
    """The terms of a condition in the syntax of label selectors, over paths into the object."""
    terms = (term.strip() for term in re.split(r",(?![^(]*\))", condition))
    return [term for term in terms if term]


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
