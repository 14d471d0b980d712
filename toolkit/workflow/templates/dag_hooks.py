"""The hooks of a DAG's tasks, and what becomes of a hook that cannot be evaluated."""

from __future__ import annotations

from toolkit.workflow.templates import hooks
from toolkit.workflow.step.broken_off import HOOK_ERROR
from toolkit.workflow.spec.depends import Graph
from toolkit.workflow.step.draft import Draft
from toolkit.workflow.nodes import ERROR, PENDING, Node, Row
from toolkit.workflow.substitution.scope import Scope


def fire(draft: Draft, node: Node, graph: Graph, task: Node, step: Row, scope: Scope) -> None:
    """Start a task's hooks whose time has come, and count them in the dag ``node``, which is ours
    to edit. What is wrong with a hook is the dag's error where nothing depends on the task, else
    the task's; what is wrong with an exit handler is nobody's.
    """
    is_target = task.engine["key"] in graph.targets
    if node.engine.get("fail"):
        return
    if task.engine.get(HOOK_ERROR) or (task.phase == PENDING and not is_target):
        return
    fired = hooks.fire(draft, node, task, step, scope)
    node.engine["open"] += fired.started
    if fired.started:
        edited = draft.edit(task.id)
        edited.engine["hooks_open"] = edited.engine.get("hooks_open", 0) + fired.started
    if fired.error and is_target:
        node.engine["error"] = fired.error
    elif fired.error:
        draft.edit(task.id).engine[HOOK_ERROR] = fired.error


def settle(draft: Draft, task: Node) -> None:
    """A task that ended says why it is in Error, or counts as errored: a hook of it is broken."""
    if message := task.engine.get(HOOK_ERROR):
        draft.edit(task.id).status["message"] = message
    elif task.is_faulty:
        text = f"task '{task.name}' errored: {task.message}"
        draft.edit(task.id).status["message"] = text


def phase_of(task: Node) -> str:
    """What a task counts as for those that depend on it, and for its dag: with a broken hook, as
    errored, though its node keeps the phase of what ran.
    """
    return ERROR if task.engine.get(HOOK_ERROR) and task.has_ended else task.phase
