"""What a node sees: global variables, its own template, processed as Argo processes it."""

from __future__ import annotations

from typing import Any

from toolkit.workflow.nodes import Node, Row, display_name, parse_instant, pod_name
from toolkit.workflow.spec.merge import type_of
from toolkit.workflow.step.call import Call, call_of
from toolkit.workflow.step.draft import Draft
from toolkit.workflow.substitution.parameters import input_values
from toolkit.workflow.substitution.scope import Scope, Values
from toolkit.workflow.substitution.substitute import substitute

EXIT_NOTE = "@exit"
"""The note with the outcome of the main node: status and failures."""

POD_TYPES = frozenset({"container", "script", "resource", "data", "containerSet"})
LEAF_TYPES = POD_TYPES | {"http", "plugin"}
"""Template types whose nodes are Pending until something outside answers."""


def globals_scope(draft: Draft) -> Scope:
    """The global variables as they are now."""
    outcome = draft.note(EXIT_NOTE) or {}
    key = (draft.row["phase"], id(draft.row.get("outputs")), outcome.get("failures"))
    known: Scope | None = draft.scratch.get(key)
    if known is None:
        values = Values(runtime_values(draft))
        known = Scope(values, draft.run.definition.global_values, now=draft.now)
        draft.scratch[key] = known
    return known


def runtime_values(draft: Draft) -> dict[str, Any]:
    """Those global variables that change while the run goes on."""
    row = draft.row
    duration = draft.now - parse_instant(row["started"])
    values: dict[str, Any] = {
        "workflow.status": row["phase"],
        "workflow.duration": f"{duration.total_seconds():f}",
    }
    outcome = draft.note(EXIT_NOTE)
    if outcome is not None:
        values["workflow.status"] = outcome["status"]
        values["workflow.failures"] = outcome["failures"]
    outputs = row.get("outputs") or {}
    for parameter in outputs.get("parameters") or ():
        values[f"workflow.outputs.parameters.{parameter['name']}"] = parameter["value"]
    for artifact in outputs.get("artifacts") or ():
        values[f"workflow.outputs.artifacts.{artifact['name']}"] = artifact
    return values


def local_values(draft: Draft, call: Call, template: Row) -> dict[str, str]:
    """``node.name``, ``pod.name``, and the name of the step or task that calls: that of the item in
    a loop. What no step calls, an entrypoint, a hook, an exit handler, is an unnamed step in Argo.
    """
    values = {"node.name": call.name}
    if type_of(template) in POD_TYPES and not retry_strategy(draft, template):
        values["pod.name"] = pod_name(draft.run.name, call.name, str(template.get("name", "")))
    boundary = draft.get(call.boundary) if call.boundary else None
    if call.prefix and boundary is not None:
        values[f"{call.prefix}.name"] = display_name(call.name, boundary.name)
    else:
        values["steps.name"] = ""
    return values


def retry_strategy(draft: Draft, template: Row) -> Row | None:
    """The template's retryStrategy, or the workflow's."""
    own: Row | None = template.get("retryStrategy")
    return own if own is not None else draft.run.definition.spec.get("retryStrategy")


def process(template: Row, inputs: Row, scope: Scope) -> Row:
    """The template with its inputs, and in two passes the globals and locals, then the inputs,
    put in. Raises SubstitutionError.
    """
    first: Row = substitute({**template, "inputs": inputs} if inputs else template, scope)
    values = input_values(first.get("inputs") or {}, first)
    second: Row = substitute(first, scope.over(values))
    return second


def template_at(draft: Draft, node: Node) -> Row:
    """The processed template of a node that goes on after its start (steps, dag, retry): a
    function of its inputs and of what was fixed at submit; variables that change while the run
    goes on stay in it as tags.
    """
    key = (node.id, node.engine["seq"])

    def compute() -> Row:
        definition = draft.run.definition
        call = call_of(node)
        template, _ = definition.resolve(call.holder, call.scope)
        values = {**local_values(draft, call, template), **node.engine.get("retry", {})}
        scope = Scope(Values(values), definition.global_values, now=draft.now)
        return process(template, node.status.get("inputs") or {}, scope)

    return draft.remember(key, compute)


def template_now(draft: Draft, node: Node) -> Row:
    """The processed template of a node that starts later than it was created, with the variables
    put in that change while the run goes on. Raises SubstitutionError.
    """
    template = template_at(draft, node)
    scope = globals_scope(draft).over(Values(local_values(draft, call_of(node), template)))
    substituted: Row = substitute(template, scope)
    return substituted


def inner_scope(draft: Draft, node: Node) -> str:
    """Where the names in a node's template are looked up."""
    _, scope = draft.run.definition.resolve(node.engine["holder"], node.status["templateScope"])
    return scope
