"""Retrying a finished run: failed nodes are forgotten, what is above them goes on."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from toolkit.workflow import synchronization
from toolkit.workflow.context import EXIT_NOTE
from toolkit.workflow.draft import Draft, Due
from toolkit.workflow.nodes import (
    CONTAINER,
    DAG,
    PENDING,
    RUNNING,
    STEP_GROUP,
    STEPS,
    TASK_GROUP,
    Node,
    exact,
)

_SPENT = (
    "finished", "error", "fail", "until", "held", "blocked", "settled", "free", "hooks_open",
    "daemons",
)  # fmt: skip
_GROUPS = frozenset({STEPS, STEP_GROUP, DAG, TASK_GROUP})


def restart(draft: Draft, keep: AbstractSet[str]) -> None:
    """Forget the nodes that are not in ``keep`` (with what they own, and their hooks, and the exit
    handler), and set those above them running again.
    """
    gone = _gone(draft, keep)
    above = _above(draft, gone)
    for id in gone:
        draft.remove(id)
    draft.remove(EXIT_NOTE)
    row = draft.edit_run()
    row.update(
        phase=RUNNING, message="", stage="main", started=exact(draft.now), finished=None,
        shutdown="", starved=[], deferred=[], waiting=[], active=0,
    )  # fmt: skip
    row.pop("expired", None)
    if row.get("locks"):
        synchronization.ask_for_run(draft)
    for id in above:
        _set_running(draft, draft.edit(id), above)
        draft.agenda.append(Due("resume", id))


def _gone(draft: Draft, keep: AbstractSet[str]) -> dict[str, None]:
    pending = [
        id
        for id, node in draft.run.nodes.items()
        if (id not in keep or node.is_exit_part) and node.type != CONTAINER  # it goes with its pod
    ]
    pending = [id for id in pending if not _is_kept_hook(draft, id, keep)]
    hooks: dict[str, list[str]] = {}
    for id, node in draft.run.nodes.items():
        if node.engine.get("of"):
            hooks.setdefault(node.engine["of"], []).append(id)
    gone: dict[str, None] = {}
    while pending:
        id = pending.pop()
        if id not in gone:
            gone[id] = None
            pending += [*draft.children(id), *hooks.get(id, ())]
    return gone


def _is_kept_hook(draft: Draft, id: str, keep: AbstractSet[str]) -> bool:
    """A step's own exit handler (and what is below it) stays with its step."""
    return id in keep and bool(draft.node(id).boundary)


def _above(draft: Draft, gone: dict[str, None]) -> dict[str, None]:
    """The owners of what is gone, and the groups that failed of themselves, the deepest first."""
    found: dict[str, int] = {}
    for id, node in draft.run.nodes.items():
        is_failed_group = node.is_unsuccessful and node.type in _GROUPS
        if not (id in gone or is_failed_group) or node.engine.get("of"):
            continue
        if id not in gone:
            found[id] = int(node.engine["seq"])
        owner = node.owner
        while owner and owner not in gone:
            found[owner] = int(draft.node(owner).engine["seq"])
            owner = draft.node(owner).owner
    return dict.fromkeys(sorted(found, key=found.__getitem__, reverse=True))


def _set_running(draft: Draft, node: Node, above: dict[str, None]) -> None:
    for field in ("message", "outputs", "daemoned"):
        node.status.pop(field, None)
    node.status["phase"] = RUNNING
    node.status["finishedAt"] = None
    engine = node.engine
    for field in _SPENT:
        engine.pop(field, None)
    engine["again"] = True
    if engine.get("locks"):
        _ask_again(draft, node)
    if node.type == STEPS:
        return
    if "next" in engine:
        engine["next"] = 0
    children = draft.children(node.id)
    if "open" in engine:
        engine["open"] = sum(1 for id in children if id in above)
    if engine.get("limit") is not None:
        engine["active"] = sum(
            1 for other in above if draft.node(other).engine.get("slot") == node.id
        )


def _ask_again(draft: Draft, node: Node) -> None:
    """It needs its locks as it did before; what is below it waits with it."""
    node.status["phase"] = PENDING
    node.engine["free"] = True
    node.engine.pop("slot", None)
    synchronization.ask_for_locks(draft, node)
