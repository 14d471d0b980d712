"""Retrying a finished run: failed nodes are forgotten, what is above them goes on."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from toolkit.workflow.nodes import (
    CONTAINER,
    DAG,
    PENDING,
    POD,
    RETRY,
    RUNNING,
    STEP_GROUP,
    STEPS,
    TASK_GROUP,
    Node,
    Row,
    exact,
)
from toolkit.workflow.retry.order import Order, successes
from toolkit.workflow.status.edges import Edges
from toolkit.workflow.step import synchronization
from toolkit.workflow.step.context import EXIT_NOTE
from toolkit.workflow.step.draft import TIMER, Draft

_SPENT = (
    "finished", "error", "fault", "aborts", "aborted", "hook_error", "fail", "until", "held",
    "blocked", "settled", "free", "hooks_open", "daemons", "request", synchronization.WAITS,
)  # fmt: skip
_GROUPS = frozenset({STEPS, STEP_GROUP, DAG, TASK_GROUP})


def restart(draft: Draft, keep: AbstractSet[str]) -> None:
    """Forget the nodes that are not in ``keep`` (with what they own, and their hooks, and the exit
    handler), and set those above them running again.
    """
    gone, above = _extent(draft, keep)
    unheard = _without_hooks(draft, gone, above)
    for id in gone:
        draft.remove(id)
    draft.remove(EXIT_NOTE)
    for timer in [id for id in draft.run.notes if id.startswith(TIMER)]:
        draft.remove(timer)  # all nodes had ended: nothing is due any more
    draft.forget()
    _reopen(draft)
    for id in above:
        _set_running(draft, draft.edit(id), above)
    _count_hooks(draft, above)
    for id in unheard:
        draft.edit(id).engine["unheard"] = True
    draft.resume_again(above, unheard)


def _reopen(draft: Draft) -> None:
    row = draft.edit_run()
    row.update(
        phase=RUNNING, message="", stage="main", started=exact(draft.now), finished=None,
        shutdown="", starved=[], deferred=[], waiting=[], active=0,
    )  # fmt: skip
    row.pop("expired", None)
    row.pop("broken", None)
    if row.get("locks"):
        synchronization.ask_for_run(draft)


def _extent(draft: Draft, keep: AbstractSet[str]) -> tuple[dict[str, None], dict[str, None]]:
    """The nodes to forget, and those above them that go on. What comes after a node that is
    forgotten or goes on is forgotten too, whatever became of it: it waits for that node anew. So
    are the hooks of what goes on: they are for its new end.
    """
    nodes = _nodes(draft)
    order = Order(nodes)
    went_well = order.before(successes(nodes, order, keep))
    hooks: dict[str, list[str]] = {}
    for id, node in draft.run.nodes.items():
        if node.engine.get("of"):
            hooks.setdefault(node.engine["of"], []).append(id)
    pending = [
        id
        for id, node in draft.run.nodes.items()
        if (id not in keep or node.is_exit_part) and node.type != CONTAINER  # it goes with its pod
    ]
    resting = _resting(draft)
    pending = [id for id in pending if not _is_kept_hook(draft, id, keep) and id not in resting]
    gone: dict[str, None] = {}
    while True:
        order.closure(pending, gone)
        above = _above(draft, gone, went_well)
        pending = [hook for id in above for hook in hooks.get(id, ())] + order.after(above)
        pending = [id for id in pending if id not in gone]
        if not pending:
            return gone, above


def _nodes(draft: Draft) -> dict[str, Row]:
    """The nodes as a retry's plan reads them."""
    children = Edges(draft.run).children
    return {id: {**node.status, "children": children[id]} for id, node in draft.run.nodes.items()}


def _without_hooks(draft: Draft, gone: dict[str, None], above: dict[str, None]) -> dict[str, None]:
    """Steps that stay as they ended, and lose a hook: it is to start anew."""
    of = (draft.node(id).engine.get("of") for id in gone)
    return {id: None for id in of if id and id not in gone and id not in above}


def _count_hooks(draft: Draft, above: dict[str, None]) -> None:
    """Hooks that go on are waited for by what depends on their tasks."""
    for id in above:
        of = draft.node(id).engine.get("of")
        if of and draft.node(draft.node(id).owner).type == DAG:
            task = draft.edit(of)
            task.engine["hooks_open"] = task.engine.get("hooks_open", 0) + 1


def _resting(draft: Draft) -> set[str]:
    """Hooks, and all in them, where what is around them ended well: they are not run again for
    themselves.
    """
    pending = [
        id
        for id, node in draft.run.nodes.items()
        if node.is_hook and not draft.node(node.owner).is_unsuccessful
    ]
    found: set[str] = set()
    while pending:
        id = pending.pop()
        found.add(id)
        pending += draft.children(id)
    return found


def _is_kept_hook(draft: Draft, id: str, keep: AbstractSet[str]) -> bool:
    """A step's own exit handler (and what is below it) stays with its step."""
    return id in keep and bool(draft.node(id).boundary)


def _above(draft: Draft, gone: dict[str, None], went_well: AbstractSet[str]) -> dict[str, None]:
    """The owners of what is gone, and the groups that failed of themselves with nothing after them
    that went well, the deepest first.
    """
    found: dict[str, int] = {}
    for id, node in draft.run.nodes.items():
        if id not in gone and (id in went_well or not _has_failed_of_itself(draft, node)):
            continue
        if _is_history(draft, node):
            continue
        if id not in gone:
            found[id] = int(node.engine["seq"])
        owner = node.owner
        while owner and owner not in gone:
            found[owner] = int(draft.node(owner).engine["seq"])
            owner = draft.node(owner).owner
    return dict.fromkeys(sorted(found, key=found.__getitem__, reverse=True))


def _has_failed_of_itself(draft: Draft, node: Node) -> bool:
    """A group that failed, whatever is in it, unless something around it bore with that."""
    if node.type not in _GROUPS or node.is_hook:
        return False
    inner: Node | None = node
    while inner is not None and inner.is_unsuccessful:
        inner = draft.get(inner.owner) if inner.owner else None
    return inner is None


def _is_history(draft: Draft, node: Node) -> bool:
    """Part of an attempt that was followed by another: it stays as it ended."""
    inner = node
    while inner.owner:
        owner = draft.node(inner.owner)
        if owner.type == RETRY and inner.type != POD:
            attempts = [id for id in draft.children(owner.id) if not draft.node(id).is_hook]
            if inner.id in attempts[:-1]:
                return True
        inner = owner
    return False


def _set_running(draft: Draft, node: Node, above: dict[str, None]) -> None:
    for field in ("message", "outputs", "daemoned"):
        node.status.pop(field, None)
    node.status["phase"] = RUNNING
    node.status["finishedAt"] = None
    engine = node.engine
    for field in _SPENT:
        engine.pop(field, None)
    engine["again"] = True
    if node.type == RETRY:
        _judge_again(draft, node, above)
    if engine.get("locks"):
        _ask_again(draft, node)
    if engine.get("limit") is not None:
        engine["active"] = sum(
            1 for other in above if draft.node(other).engine.get("slot") == node.id
        )
    if node.type == STEPS:
        return
    if "next" in engine:
        engine["next"] = 0
    if "open" in engine:
        engine["open"] = sum(1 for id in draft.children(node.id) if id in above)


def _judge_again(draft: Draft, node: Node, above: dict[str, None]) -> None:
    """An attempt that goes on is judged when it ends; one that stays was judged before."""
    attempts = [id for id in draft.children(node.id) if not draft.node(id).is_hook]
    if attempts and attempts[-1] in above:
        node.engine["judged"] = -1
    elif attempts:
        node.engine["judged"] = draft.node(attempts[-1]).engine["attempt"]


def _ask_again(draft: Draft, node: Node) -> None:
    """It needs its locks as it did before; what is below it waits with it."""
    node.status["phase"] = PENDING
    node.engine["free"] = True
    node.engine.pop("slot", None)
    synchronization.ask_for_locks(draft, node)
