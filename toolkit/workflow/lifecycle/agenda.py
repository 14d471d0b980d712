"""The agenda of a draft: what is due, worked off in order.

Every part of the machine puts entries on it (``draft.agenda``); each is taken by the part that the
type of its node names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from toolkit.workflow.lifecycle import exit_handler, granting
from toolkit.workflow.nodes import (
    DAG,
    EXECUTED,
    POD,
    RETRY,
    STEP_GROUP,
    STEPS,
    SUSPEND,
    TASK_GROUP,
    Node,
    Row,
)
from toolkit.workflow.retry import retry
from toolkit.workflow.step import broken_off, limits, synchronization
from toolkit.workflow.step.call import Call
from toolkit.workflow.step.draft import Draft, Due
from toolkit.workflow.templates import dag, memoize, pods, steps, suspend, task_groups
from toolkit.workflow.templates.invoke import invoke


def start(draft: Draft) -> None:
    """Begin the main node: it is due."""
    definition = draft.run.definition
    call = Call(
        name=draft.run.name,
        holder={"template": definition.spec.get("entrypoint")},
        arguments=definition.spec.get("arguments") or {},
        scope=definition.row["scope"],
        engine={"role": "main"},
    )
    main = invoke(draft, call)
    draft.agenda.append(Due("root", draft.run.name if main is None else main.id))


def settle(draft: Draft) -> None:
    """Work off the agenda. While the run is suspended, nothing new starts: what is due waits."""
    row = draft.row
    if not is_held(row) or row["shutdown"] or row.get("expired"):
        _restore_deferred(draft)
        while draft.agenda:
            _work(draft, draft.agenda.popleft())
    elif draft.agenda:
        due = [[entry.kind, entry.node_id, entry.child] for entry in draft.agenda]
        draft.agenda.clear()
        draft.edit_run()["deferred"] = [*row["deferred"], *due]


def is_held(row: Row) -> bool:
    """The run is suspended, or waits for its locks."""
    return bool(row["suspend"] or row.get(synchronization.WAITS))


def _restore_deferred(draft: Draft) -> None:
    deferred = draft.row["deferred"]
    if not deferred:
        return
    draft.edit_run()["deferred"] = []
    waiting = [Due(kind, id, child) for kind, id, child in deferred if kind != "start"]
    draft.agenda.extendleft(reversed(waiting))
    draft.untold.update(due.child for due in waiting if due.kind == "ended")
    if len(waiting) < len(deferred) and draft.row["stage"] != "done":
        start(draft)


def _work(draft: Draft, due: Due) -> None:
    if due.kind in _AFTERMATH:
        _AFTERMATH[due.kind](draft, draft.node(due.node_id))
        return
    if draft.row["stage"] == "done":
        return
    node = draft.get(due.node_id)
    if due.kind != "root" and broken_off.is_at_rest(draft, node):
        exit_handler.proceed(draft)
    elif due.kind == "resume":
        _resume(draft, due.node_id)
    elif node is not None:
        _take(draft, due, node)


def _take(draft: Draft, due: Due, node: Node) -> None:
    match due.kind:
        case "root":
            exit_handler.root_moved(draft)
        case "begin":
            if not node.has_ended:
                _BEGIN[node.type](draft, node)
        case "ended" | "moved":
            child = draft.get(due.child)
            if child is not None and not node.has_ended:
                _child(draft, node, child, ended=due.kind == "ended")


def _child(draft: Draft, node: Node, child: Node, *, ended: bool) -> None:
    if ended:
        draft.untold.discard(child.id)
    if child.engine.get("unheard") and _is_held_up(draft, node):
        return  # told again when the lock is there
    match node.type:
        case "Steps":
            steps.group_ended(draft, node, child)
        case "StepGroup":
            steps.child_moved(draft, node, child, ended=ended)
        case "DAG":
            dag.child_moved(draft, node, child, ended=ended)
        case "TaskGroup":
            task_groups.item_moved(draft, node, child, ended=ended)
        case "Retry":
            retry.attempt_moved(draft, node, child)


def _resume(draft: Draft, id: str) -> None:
    """Let those go on that wait for a limit of the run (""), or of a steps or dag node, or let
    an owner itself look again.
    """
    node = draft.get(id) if id else None
    if node is not None and node.type in RESUME and _is_under_way(draft, node):
        RESUME[node.type](draft, node)
    while (waiting := limits.next_waiting(draft, id)) is not None:
        owner = draft.get(waiting)
        if owner is not None and not owner.has_ended:
            _STARVED[owner.type](draft, owner)


def _is_under_way(draft: Draft, node: Node) -> bool:
    """Begun and not ended: a node that still looks into a cache has not begun, nor has one that
    waits for locks. After a retry of the run, what is in one that waits, waits with it.
    """
    waits = node.engine.get("memo") == "looks" or node.engine.get(synchronization.WAITS)
    if node.has_ended or waits:
        return False
    return not (node.engine.get("again") and _is_held_up(draft, node))


def _is_held_up(draft: Draft, node: Node) -> bool:
    inner: Node | None = node
    while inner is not None and not (
        inner.engine.get(synchronization.WAITS) and not inner.has_ended
    ):
        inner = draft.get(inner.owner) if inner.owner else None
    return inner is not None


_AFTERMATH: Final[Mapping[str, Callable[[Draft, Node], None]]] = {
    "daemons": pods.end_daemons,
    "keep": memoize.keep,
}
_BEGIN: Final[Mapping[str, Callable[[Draft, Node], None]]] = {
    STEPS: steps.begin,
    STEP_GROUP: steps.advance,
    DAG: dag.begin,
    TASK_GROUP: task_groups.advance,
    RETRY: retry.begin,
    SUSPEND: suspend.begin,
    **dict.fromkeys(EXECUTED, memoize.start),
}
RESUME: Final[Mapping[str, Callable[[Draft, Node], None]]] = {
    STEPS: steps.resume,
    STEP_GROUP: steps.advance,
    DAG: dag.resume,
    TASK_GROUP: task_groups.advance,
    RETRY: retry.resume,
}
"""By type: those that others are in, and how they look again at what waits."""
_STARVED: Final[Mapping[str, Callable[[Draft, Node], None]]] = {**RESUME, POD: granting.start}
