"""Parallelism: of the whole run (its pods) and of one steps or dag node (its children)."""

from __future__ import annotations

from toolkit.workflow.nodes import POD, Node, Row
from toolkit.workflow.step.call import Call
from toolkit.workflow.step.draft import Draft
from toolkit.workflow.substitution.parameters import whole

RUN = ""
"""Stands for the run where a boundary's id may stand."""


def blocked_by(draft: Draft, call: Call, *, is_pod: bool) -> str | None:
    """Whose limit forbids the start now: :data:`RUN`, the boundary's id, or None."""
    if (call.flag or {}).get("hooked"):
        return None  # a hook that waited for its own step's slot would wait for ever
    limit = draft.row.get("parallelism")
    if is_pod and limit is not None and draft.row["active"] >= limit:
        return RUN
    boundary = draft.get(call.boundary) if call.boundary else None
    if boundary is None or call.flag:
        return None
    limit = boundary.engine.get("limit")
    return boundary.id if limit is not None and boundary.engine["active"] >= limit else None


def wait(draft: Draft, owner: str, limit: str) -> None:
    """Let ``owner`` be resumed when the limit has room; in the order of asking."""
    waiting = waiting_for(draft, limit)
    if owner in waiting:
        return
    if limit == RUN:
        draft.edit_run()["starved"] = [*waiting, owner]
    else:
        draft.edit(limit).engine["blocked"] = [*waiting, owner]


def waiting_for(draft: Draft, limit: str) -> list[str]:
    """The owners that wait, the first first."""
    if limit == RUN:
        return draft.row["starved"]  # type: ignore[no-any-return]
    node = draft.get(limit)
    return node.engine.get("blocked", []) if node is not None else []


def next_waiting(draft: Draft, limit: str) -> str | None:
    """Take the first that waits, where the limit has room."""
    waiting = waiting_for(draft, limit)
    if not waiting or not _has_room(draft, limit):
        return None
    if limit == RUN:
        draft.edit_run()["starved"] = waiting[1:]
    else:
        draft.edit(limit).engine["blocked"] = waiting[1:]
    return waiting[0]


def _has_room(draft: Draft, limit: str) -> bool:
    if limit == RUN:
        most = draft.row.get("parallelism")
        return most is None or draft.row["active"] < most
    node = draft.node(limit)
    return not node.has_ended and node.engine["active"] < node.engine["limit"]


def is_full(draft: Draft, node: Node) -> bool:
    """Whether the run's limit keeps a pod back that waited for locks."""
    limit = draft.row.get("parallelism")
    is_hook = (node.status.get("nodeFlag") or {}).get("hooked")
    return limit is not None and not is_hook and draft.row["active"] >= limit


def enter(draft: Draft, node: Node) -> None:
    """Count a node that waited for locks. Its boundary's limit was looked at when it was created,
    and is not again, as in Argo: whoever holds a lock and waits for a slot could wait for ever.
    """
    node.engine.pop("free", None)
    if node.type == POD:
        draft.edit_run()["active"] += 1
    if not node.status.get("nodeFlag") and (slot := occupy(draft, node.boundary)):
        node.engine["slot"] = slot


def limit_of(template: Row) -> int | None:
    """A template's parallelism. Raises ParameterError."""
    limit = template.get("parallelism")
    return None if limit is None else whole(limit)


def occupy(draft: Draft, boundary: str) -> str:
    """Take a slot of a boundary that has a limit; the id goes into the child's ``slot``."""
    node = draft.get(boundary) if boundary else None
    if node is None or node.engine.get("limit") is None:
        return ""
    draft.edit(boundary).engine["active"] += 1
    return boundary
