"""Suspend templates: they wait for a person, or for a span of time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from toolkit.workflow.outputs import outputs
from toolkit.workflow.step.context import template_at
from toolkit.workflow.step.draft import Draft, started_at
from toolkit.workflow.step.halted import refusal
from toolkit.workflow.nodes import FAILED, RUNNING, SUCCEEDED, SUSPEND, Node, Row
from toolkit.workflow.substitution.parameters import text_of
from toolkit.workflow.spans import parse_span

_UNSET: Final = "raw output parameter '{}' has not been set and does not have a default value"


def begin(draft: Draft, node: Node) -> None:
    """A suspend node was created: its supplied outputs are declared, its timer is set."""
    if message := refusal(draft, node):
        draft.set_phase(node.id, FAILED, message)
        return
    _put_choices(draft, node)
    template = template_at(draft, node)
    supplied = _supplied(template)
    if supplied:
        draft.edit(node.id).status["outputs"] = {"parameters": supplied}
    draft.edit_run()["waiting"] = [*draft.row["waiting"], node.id]
    duration = (template.get("suspend") or {}).get("duration")
    if duration in {None, ""}:
        return
    try:
        span = parse_span(duration if isinstance(duration, int) else text_of(duration))
    except ValueError as error:
        draft.fault(node.id, str(error))
        return
    draft.wake(started_at(node) + span, "suspend", node.id)


def _put_choices(draft: Draft, node: Node) -> None:
    """An input whose value is JSON with an ``enum`` offers these values, the first by default."""
    inputs: Row = node.status.get("inputs") or {}
    parameters = [_with_choices(one) for one in inputs.get("parameters") or ()]
    if parameters and parameters != list(inputs["parameters"]):
        draft.edit(node.id).status["inputs"] = {**inputs, "parameters": parameters}


def _with_choices(parameter: Row) -> Row:
    try:
        given = json.loads(text_of(parameter.get("value") or ""))
    except ValueError:
        return parameter
    choices = given.get("enum") if isinstance(given, dict) else None
    if not choices or not isinstance(choices, list):
        return parameter
    return {"default": text_of(choices[0]), **parameter, "enum": [text_of(one) for one in choices]}


def _supplied(template: Row) -> list[Row]:
    """The outputs a person supplies; an input's default of the same name serves as theirs."""
    inputs = (template.get("inputs") or {}).get("parameters") or ()
    defaults = {entry["name"]: entry["default"] for entry in inputs if entry.get("default")}
    found = []
    for parameter in (template.get("outputs") or {}).get("parameters") or ():
        source = parameter.get("valueFrom") or {}
        if "supplied" not in source:
            continue
        if source.get("default") is None and parameter["name"] in defaults:
            source = {**source, "default": defaults[parameter["name"]]}
        found.append({**parameter, "valueFrom": source})
    return found


def is_waiting(node: Node) -> bool:
    """A suspend node that waits for someone."""
    return node.type == SUSPEND and node.phase == RUNNING


def woke(draft: Draft, node: Node) -> None:
    """The duration is over: what was not supplied takes its default."""
    if is_waiting(node):
        release(draft, node)


def release(
    draft: Draft,
    node: Node,
    supplied: Mapping[str, str] | None = None,
    message: str = "",
    *,
    succeeded: bool = True,
) -> None:
    """End a waiting suspend node, with the values supplied."""
    if not is_waiting(node):
        return
    if not succeeded:
        draft.set_phase(node.id, FAILED, message)
        return
    parameters = []
    for parameter in (node.outputs or {}).get("parameters") or ():
        name = str(parameter["name"])
        default = (parameter.get("valueFrom") or {}).get("default")
        value = (supplied or {}).get(name, None if default is None else text_of(default))
        if value is None:
            said = (
                f"raw output parameter '{name}' has not been set and does not have a default value"
            )
            draft.fault(node.id, said)
            return
        kept = {key: entry for key, entry in parameter.items() if key != "valueFrom"}
        parameters.append({**kept, "value": value})
    if parameters:
        edited = draft.edit(node.id)
        edited.status["outputs"] = {"parameters": parameters}
        outputs.export(draft, edited)
    draft.set_phase(node.id, SUCCEEDED, message)
