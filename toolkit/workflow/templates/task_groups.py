"""Loops of DAG tasks: a TaskGroup node and its items."""

from __future__ import annotations

from toolkit.errors import ExpressionError
from toolkit.workflow.templates import dag_hooks
from toolkit.workflow.templates import hooks
from toolkit.workflow.step.call import Call
from toolkit.workflow.templates.dag_scope import graph_at, scope_of, task_name
from toolkit.workflow.step.draft import Draft, Due, resolved_note
from toolkit.workflow.step.fail_fast import note_failure
from toolkit.workflow.templates.invoke import create, invoke, unresolved
from toolkit.workflow.substitution.loops import EMPTY_MESSAGE, refuse_items, with_item
from toolkit.workflow.nodes import (
    ERROR,
    RUNNING,
    SKIPPED,
    SKIPPED_TYPE,
    SUCCEEDED,
    TASK_GROUP,
    Node,
    Row,
)
from toolkit.workflow.templates.resolve import Planned, Resolved, from_row, plan, resolve, to_row
from toolkit.workflow.substitution.when import should_execute, skip_message


def start(draft: Draft, node: Node, call: Call, resolved: Resolved) -> Node:
    """Create the group of a resolved task; its items follow by the agenda. Raises ExpressionError
    where the task cannot be had for an item.
    """
    planned = tuple(plan(call.key, resolved))
    if planned[0].empty:
        return create(draft, call, SKIPPED_TYPE, SKIPPED, message=EMPTY_MESSAGE)
    scope = scope_of(draft, node, call.key)
    refuse_items(resolved.step, (entry.item for entry in planned), scope)
    group = create(draft, call, TASK_GROUP, RUNNING)
    group.engine["open"] = 0
    group.engine["next"] = 0
    draft.put_note(resolved_note(group.id), to_row(resolved))
    draft.edit(node.id).engine["open"] += 1
    draft.agenda.append(Due("begin", group.id))
    return group


def _plan(draft: Draft, group: Node) -> tuple[tuple[Planned, ...], Resolved]:
    def compute() -> tuple[tuple[Planned, ...], Resolved]:
        node = draft.node(group.owner)
        key = str(group.engine["key"])
        kept = draft.note(resolved_note(group.id))
        if kept is not None:
            resolved = from_row(kept)
        else:
            resolved = resolve(graph_at(draft, node).tasks[key], scope_of(draft, node, key))
        return tuple(plan(key, resolved)), resolved

    return draft.remember((group.id, group.engine["seq"]), compute)


def advance(draft: Draft, group: Node) -> None:
    """Start the items that are next, as far as the limits let them."""
    if group.has_ended:
        return
    try:
        _start_items(draft, group)
    except ExpressionError as error:
        draft.edit(group.id).engine["error"] = error.message
    _conclude(draft, draft.node(group.id))


def _start_items(draft: Draft, group: Node) -> None:
    planned, resolved = _plan(draft, group)
    node, group = draft.node(group.owner), draft.edit(group.id)
    scope = scope_of(draft, node, str(group.engine["key"]))
    while group.engine["next"] < len(planned) and not group.engine.get("error"):
        if draft.node(node.id).engine.get("fail"):
            return
        entry = planned[group.engine["next"]]
        if entry.empty:  # by the parameters of a retry; else there is no group
            group.engine["next"] += 1
            continue
        if group.engine.get("again") and draft.find(task_name(node, entry.name)) is not None:
            group.engine["next"] += 1
            continue
        step = with_item(resolved.step, entry.item, scope)
        if not _start_item(draft, node, group, entry, step):
            return
        group.engine["next"] += 1


def _start_item(draft: Draft, node: Node, group: Node, entry: Planned, step: Row) -> bool:
    call = Call(
        name=task_name(node, entry.name),
        holder=step,
        arguments=step.get("arguments") or {},
        scope=str(group.status["templateScope"]),
        owner=group.id,
        boundary=node.id,
        prefix="tasks",
        key=entry.key,
        in_exit=node.is_exit_part,
        depth=int(node.engine["depth"]) + 1,
        engine={"index": entry.index},
    )
    when = str(step.get("when") or "")
    try:
        proceeds = should_execute(when)
    except ExpressionError as error:
        unresolved(draft, call, error.message)
        return True
    if not proceeds:
        create(draft, call, SKIPPED_TYPE, SKIPPED, message=skip_message(when))
        return True
    item = invoke(draft, call)
    if item is None:
        return False
    if item.engine.get("invalid"):
        dag_hooks.settle(draft, item)
    else:
        group.engine["open"] += 1
    return True


def item_moved(draft: Draft, group: Node, item: Node, *, ended: bool) -> None:
    """An item's node has a new phase, or ended."""
    group = draft.edit(group.id)
    if ended:
        group.engine["open"] -= 1
        if not item.is_hook:
            dag_hooks.settle(draft, item)
        if item.is_unsuccessful and not item.is_hook:
            note_failure(draft, draft.node(group.owner))
    planned, resolved = _plan(draft, group)
    is_over = draft.node(group.owner).engine.get("fail")
    if not item.is_hook and not is_over and hooks.has_hooks(resolved.step):
        node = draft.node(group.owner)
        scope = scope_of(draft, node, str(group.engine["key"]))
        step = with_item(resolved.step, planned[item.engine["index"]].item, scope)
        group.engine["open"] += hooks.fire(draft, node, item, step, scope).started
    _conclude(draft, group)


def _conclude(draft: Draft, group: Node) -> None:
    if group.has_ended or group.engine["open"] > 0:
        return
    if group.engine.get("error"):
        draft.set_phase(group.id, ERROR, group.engine["error"])
        return
    planned, _ = _plan(draft, group)
    if group.engine["next"] < len(planned) and not draft.node(group.owner).engine.get("fail"):
        return
    phase = SUCCEEDED
    for id in draft.children(group.id):
        item = draft.node(id)
        if item.is_unsuccessful and not item.is_hook:
            phase = item.phase
    draft.set_phase(group.id, phase)
