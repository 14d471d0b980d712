"""Starting a template: resolve it, give it its inputs, create its node."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from toolkit.errors import ExpressionError
from toolkit.workflow.step import fail_fast
from toolkit.workflow.step import limits
from toolkit.workflow.templates import memoize
from toolkit.workflow.outputs import outputs
from toolkit.workflow.templates import pods
from toolkit.workflow.step import synchronization
from toolkit.workflow.step.call import Call
from toolkit.workflow.step.context import (
    LEAF_TYPES,
    POD_TYPES,
    globals_scope,
    local_values,
    process,
    retry_strategy,
)
from toolkit.workflow.step.draft import Draft, Due
from toolkit.workflow.step.halted import halted
from toolkit.workflow.templates.memoized import NOTE as MEMOIZED
from toolkit.workflow.spec.merge import type_of
from toolkit.workflow.nodes import (
    DAG,
    ERROR,
    EXECUTED,
    HTTP,
    PENDING,
    PLUGIN,
    POD,
    RETRY,
    RUNNING,
    SKIPPED,
    SKIPPED_TYPE,
    STEPS,
    SUSPEND,
    Node,
    Row,
    display_name,
)
from toolkit.workflow.substitution.parameters import inputs_of, text_of
from toolkit.workflow.substitution.scope import Values

MAX_DEPTH: Final = 100
_DISPLAY_NAME: Final = "workflows.argoproj.io/display-name"
_SHOWABLE: Final = re.compile("[a-zA-Z0-9][a-zA-Z0-9-.]{0,61}[a-zA-Z0-9]")
_TYPES: Final = {"steps": STEPS, "dag": DAG, "suspend": SUSPEND, "http": HTTP, "plugin": PLUGIN}


def node_type(kind: str) -> str:
    """The node type of a template type."""
    return _TYPES.get(kind, POD)


def invoke(draft: Draft, call: Call) -> Node | None:
    """The new node; None where a limit holds the start back, and nothing has changed then. What
    is wrong with the call becomes a node in phase Error with ``invalid`` in its engine part: such a
    one is not awaited. Of all others the owner hears when they end, be it at once because their
    pod cannot be asked for.
    """
    try:
        if call.depth >= MAX_DEPTH:
            raise ExpressionError("Maximum recursion depth exceeded")
        template, _ = draft.run.definition.resolve(call.holder, call.scope)
        kind = type_of(template)
        limit = limits.blocked_by(draft, call, is_pod=kind in POD_TYPES)
        if limit is not None:
            limits.wait(draft, call.owner, limit)
            return None
        return _start(draft, call, template, kind)
    except ExpressionError as error:
        return invalid(draft, call, error.message)


def invalid(draft: Draft, call: Call, message: str) -> Node:
    """A node for a call that cannot run."""
    node = create(draft, call, SKIPPED_TYPE, ERROR, message=message)
    node.engine["invalid"] = True
    draft.audit("Warning", "WorkflowNodeError", f"Error node {call.name}: {message}", node.id)
    return node


def unresolved(draft: Draft, call: Call, message: str) -> Node:
    """A node for a step or task whose own variables do not resolve."""
    node = invalid(draft, call, message)
    node.status["nodeFlag"] = {}
    return node


def _start(draft: Draft, call: Call, template: Row, kind: str) -> Node:
    scope = globals_scope(draft).over(Values(local_values(draft, call, template)))
    arguments = call.arguments
    inputs = inputs_of(template, arguments, scope, draft.run.definition.config_maps)
    is_ready = not inputs and draft.run.definition.is_fixed(template)
    processed = template if is_ready else process(template, inputs, scope)
    if not kind:
        raise ExpressionError(f"Template '{template.get('name')}' missing specification")
    if (skipped := skip_memoized(draft, call, processed)) is not None:
        return skipped
    pods.pending_limit(processed)  # a broken one is found before there is a node
    memoize.check(processed)
    locks = synchronization.locks_of(processed, draft.run.namespace)
    if not locks or halted(draft, in_exit=call.in_exit):  # nothing runs that would need them
        node = _create_for(draft, call, processed, kind)
        go(draft, node, processed)
        return node
    synchronization.refuse_own(draft, call, locks)
    waiting: Row = {"locks": [list(lock) for lock in locks], "free": True}
    call = replace(call, engine={**call.engine, **waiting})
    node = _create_for(draft, call, processed, kind)
    synchronization.ask(draft, node, processed)
    return node


def skip_memoized(draft: Draft, call: Call, processed: Row) -> Node | None:
    """The node of a pod that went well in the workflow which this one resubmits; else None."""
    note = draft.note(MEMOIZED)
    kept = None if note is None else note["pods"].get(call.name)
    if kept is None:
        return None
    inputs = processed.get("inputs") or {}
    node = create(draft, call, SKIPPED_TYPE, SKIPPED, inputs=inputs, message=kept["message"])
    node.engine["memoized"] = True
    if kept["outputs"]:
        node.status["outputs"] = kept["outputs"]
        outputs.export(draft, node)
    draft.tell_owner(node)
    return node


def forget_memoized(draft: Draft) -> None:
    """After a retry of the run: what is to run again is not skipped again."""
    note = draft.note(MEMOIZED)
    if note is None:
        return
    gone = {node.name for id, node in draft.run.nodes.items() if draft.get(id) is None}
    kept = {name: pod for name, pod in note["pods"].items() if name not in gone}
    draft.put_note(MEMOIZED, {**note, "pods": kept})


def _create_for(draft: Draft, call: Call, processed: Row, kind: str) -> Node:
    """The node; one that waits for locks is Pending and takes no slot yet."""
    inputs = processed.get("inputs") or {}
    limit = limits.limit_of(processed)
    shown = _display_name(processed)
    waits = "locks" in call.engine
    if retry_strategy(draft, processed) is not None:
        node = create(draft, call, RETRY, PENDING if waits else RUNNING, inputs=inputs)
        if call.flag:  # Argo's attempts share their flag with a hook that is retried
            node.status["nodeFlag"] = {**call.flag, "retried": True}
    else:
        phase = PENDING if waits or kind in LEAF_TYPES else RUNNING
        node = create(draft, call, node_type(kind), phase, inputs=inputs)
    if shown:
        node.status["displayName"] = shown
    if limit is not None and kind in {"steps", "dag"}:
        node.engine["limit"] = limit
        node.engine["active"] = 0
    if kind in {"steps", "dag"}:
        fail_fast.mark(node, processed)
    if slot := limits.occupy(draft, call.boundary) if not (call.flag or waits) else "":
        node.engine["slot"] = slot
    return node


def _display_name(processed: Row) -> str:
    """What the template's annotation says that its node is shown as ("": nothing)."""
    shown = text_of((processed.get("annotations") or {}).get(_DISPLAY_NAME) or "")
    if shown and not _SHOWABLE.fullmatch(shown):
        raise ExpressionError(f"displayName must match the regex ^{_SHOWABLE.pattern}$")
    return shown


def go(draft: Draft, node: Node, processed: Row) -> None:
    """Set a created node in motion: look into the cache, start its pod, or let it begin."""
    pods.limit_pending(draft, node, processed)
    if processed.get("memoize"):
        memoize.look_up(draft, node, processed)
    elif node.type in EXECUTED:
        pods.start(draft, node, processed)
    else:
        draft.agenda.append(Due("begin", node.id))


def create(
    draft: Draft,
    call: Call,
    type: str,
    phase: str,
    *,
    inputs: Row | None = None,
    message: str = "",
) -> Node:
    """A new node for a call."""
    boundary = draft.get(call.boundary) if call.boundary else None
    status: Row = {
        "id": draft.id_of(call.name),
        "name": call.name,
        "displayName": display_name(call.name, boundary.name if boundary else ""),
        "type": type,
        **_reference(call),
        "templateScope": call.scope,
        "phase": phase,
    }
    if call.holder.get("template"):
        status["templateName"] = call.holder["template"]
    if call.boundary:
        status["boundaryID"] = call.boundary
    if message:
        status["message"] = message
    if call.flag:
        status["nodeFlag"] = call.flag
    if inputs:
        status["inputs"] = inputs
    return draft.add(status, _engine(call))


def _reference(call: Call) -> Row:
    """The reference as Argo writes it: a scope that is not the cluster's is left out."""
    reference: Row = call.holder.get("templateRef") or {}
    shown = {key: value for key, value in reference.items() if value is not False}
    return {"templateRef": shown} if shown else {}


def _engine(call: Call) -> Row:
    holder = {key: call.holder[key] for key in ("template", "templateRef", "inline")
              if call.holder.get(key)}  # fmt: skip
    engine: Row = {"owner": call.owner, "holder": holder, "depth": call.depth, **call.engine}
    if call.key:
        engine["key"] = call.key
        engine["prefix"] = call.prefix
    if call.in_exit:
        engine["exit"] = True
    return engine
