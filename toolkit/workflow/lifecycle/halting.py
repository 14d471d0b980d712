"""Shutdown and the workflow's deadline: what is to be ended."""

from __future__ import annotations

from toolkit.workflow.nodes import FAILED, PENDING, POD, RETRY, TASKS, Node
from toolkit.workflow.step.draft import Draft
from toolkit.workflow.step.halted import DEADLINE_MESSAGE, halted
from toolkit.workflow.templates import pods, suspend, tasks


def halt(draft: Draft) -> None:
    """End everything that may not go on. Cost: linear in the nodes of the run."""
    for id in [*draft.run.nodes]:
        node = draft.get(id)
        if node is None or node.has_ended:
            continue
        message = halted(draft, in_exit=node.is_exit_part)
        if message:
            _end(draft, node, message)


def _end(draft: Draft, node: Node, message: str) -> None:
    if node.engine.get("waits_for_lock"):
        _end_below(draft, node, message)
        draft.set_phase(node.id, FAILED, message)
    elif node.type == POD:
        pods.stop(draft, node, _pod_message(draft, node, message))
    elif node.type in TASKS:
        tasks.stop(draft, node, message)
    elif suspend.is_waiting(node):
        draft.set_phase(node.id, FAILED, message)
    elif node.type == RETRY and node.engine.get("until"):
        draft.edit(node.id).engine.pop("until")
        draft.set_phase(node.id, FAILED, message)


def _end_below(draft: Draft, node: Node, message: str) -> None:
    """A retried node that waits for its lock has children from before; none of them goes on."""
    for id in draft.children(node.id):
        child = draft.get(id)
        if child is not None and not child.has_ended:
            _end_below(draft, child, message)
            draft.set_phase(id, FAILED, message)


def _pod_message(draft: Draft, node: Node, message: str) -> str:
    """Argo's words for a pod that it ends; those of a shutdown have two spaces."""
    if message == DEADLINE_MESSAGE:
        return message if node.phase == PENDING else pods.DEADLINE_MESSAGE
    return f"workflow shutdown with strategy:  {draft.row['shutdown']}"
