"""What becomes of a node or a run that waited for locks."""

from __future__ import annotations

from toolkit.workflow.events import LocksGranted, LocksRefused
from toolkit.workflow.nodes import FAILED, POD, RUNNING, Node
from toolkit.workflow.step import limits, synchronization
from toolkit.workflow.step.context import template_now
from toolkit.workflow.step.draft import Draft
from toolkit.workflow.step.halted import halted
from toolkit.workflow.step.synchronization import WAITS
from toolkit.workflow.templates.invoke import go

TIMEOUT_MESSAGE = "timeout"


def granted(draft: Draft, event: LocksGranted) -> None:
    """A node has its locks. A grant that comes twice, or for an older request, changes nothing; one
    that comes when the run is suspended is given back.
    """
    node = _waiting(draft, event)
    if node is None:
        return
    if synchronization.is_resting(draft):
        synchronization.give_back(draft, node)
        return
    node = draft.edit(node.id)
    node.engine.pop(WAITS)
    draft.request(node.id, synchronization.request_of(draft, node.engine, node.id).held())
    if message := halted(draft, in_exit=node.is_exit_part):
        draft.set_phase(node.id, FAILED, message)
    elif node.type == POD and limits.is_full(draft, node):
        limits.wait(draft, node.id, limits.RUN)
    else:
        start(draft, node)


def _waiting(draft: Draft, event: LocksGranted | LocksRefused) -> Node | None:
    node = draft.get(event.node_id)
    if node is None or node.has_ended or not node.engine.get(WAITS):
        return None
    return node if node.engine.get("request") == event.request_id else None


def start(draft: Draft, known: Node) -> None:
    """Set a node in motion that has its locks, and room."""
    if known.has_ended:
        return
    node = draft.edit(known.id)
    limits.enter(draft, node)
    if node.engine.get("again"):
        draft.set_phase(node.id, RUNNING, "")
        draft.resume_below(node.id)
        return
    if node.type != POD:
        draft.set_phase(node.id, RUNNING, "")
    go(draft, node, template_now(draft, node))


def refused(draft: Draft, event: LocksRefused) -> None:
    """There is no such lock. After a retry of the run, what is in the node ends with it."""
    node = _waiting(draft, event)
    if node is not None:
        for id in (*draft.below(node.id), node.id):
            draft.fault(id, event.message)


def timed_out(draft: Draft, node: Node) -> None:
    """The template's timeout came while the node waited."""
    if node.engine.get(WAITS):
        draft.set_phase(node.id, FAILED, TIMEOUT_MESSAGE)
