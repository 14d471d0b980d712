"""A retry with other parameters: the run goes on as if it had been submitted with them. Nodes that
are kept stay as they ended; those above what runs again get their inputs anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from toolkit.errors import ExpressionError
from toolkit.workflow.nodes import DAG, ERROR, RETRY, STEP_GROUP, STEPS, TASK_GROUP, Node, Row
from toolkit.workflow.run import Run
from toolkit.workflow.spec.definition import DEFINITION, redefine
from toolkit.workflow.step.call import call_of
from toolkit.workflow.step.context import globals_scope, local_values, process, template_at
from toolkit.workflow.step.draft import Draft
from toolkit.workflow.substitution.parameters import inputs_of
from toolkit.workflow.substitution.scope import Values
from toolkit.workflow.substitution.substitute import substitute
from toolkit.workflow.templates.dag_scope import graph_at, scope_of
from toolkit.workflow.templates.resolve import resolve

_WITH_INPUTS = frozenset({STEPS, DAG, RETRY})


def with_parameters(run: Run, overrides: Mapping[str, str], now: datetime) -> Draft:
    """A draft over the run with other parameters. Raises DefinitionError for values that the spec
    cannot be read with.
    """
    definition = redefine(run.definition.row, overrides, now)
    draft = Draft(replace(run, notes={**run.notes, DEFINITION: definition}, cache={}), now)
    draft.put_note(DEFINITION, definition)
    draft.forget()
    return draft


def renew_inputs(draft: Draft) -> None:
    """Give the nodes that go on after a restart their inputs anew, from the outermost on. A hook
    that goes on keeps the inputs it was started with, and so does a step or an item that failed of
    itself, with nothing in it that failed.
    """
    draft.forget()
    going_on = [node for node in draft.changed_nodes() if node.engine.get("again")]
    for node in sorted(going_on, key=lambda node: int(node.engine["seq"])):
        is_hook = node.is_hook or node.engine.get("role") == "hook"
        is_member = bool(node.owner) and draft.node(node.owner).type in {STEP_GROUP, TASK_GROUP}
        if node.type in _WITH_INPUTS and not (is_hook or is_member):
            try:
                inputs = _inputs(draft, node)
            except (ExpressionError, ValueError) as error:
                draft.set_phase(node.id, ERROR, str(getattr(error, "message", error)))
                continue
            if inputs:
                node.status["inputs"] = inputs


def _inputs(draft: Draft, node: Node) -> Row:
    if "attempt" in node.engine:
        return _inputs_of_attempt(draft, node)
    call = call_of(node)
    template, _ = draft.run.definition.resolve(call.holder, call.scope)
    scope = globals_scope(draft).over(Values(local_values(draft, call, template)))
    known = draft.run.definition.config_maps
    inputs = inputs_of(template, _arguments(draft, node), scope, known)
    processed: Row = process(template, inputs, scope).get("inputs") or {}
    return processed


def _inputs_of_attempt(draft: Draft, attempt: Node) -> Row:
    whole = template_at(draft, draft.node(attempt.owner))
    scope = globals_scope(draft).over(Values(attempt.engine.get("retry") or {}))
    inputs: Row = substitute(whole.get("inputs") or {}, scope)
    return inputs


def _arguments(draft: Draft, node: Node) -> Row:
    """Of the main node the workflow's; else those of its task. What is in a step group or a loop
    is not kept where parameters change.
    """
    if not node.owner:
        found: Row = draft.run.definition.spec.get("arguments") or {}
        return found
    owner, key = draft.node(node.owner), str(node.engine["key"])
    task = graph_at(draft, owner).tasks[key]
    arguments: Row = resolve(task, scope_of(draft, owner, key)).step.get("arguments") or {}
    return arguments
