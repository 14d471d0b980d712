"""A sync plan for people and for machines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from toolkit.report.changes import (
    BOLD,
    CYAN,
    FAINT,
    GREEN,
    RED,
    YELLOW,
    Paint,
    change_lines,
    changes_document,
    painter,
)
from toolkit.sync.plan import Action, SyncPlan, Task

_SIGNS = {
    Action.CREATE: ("+", GREEN),
    Action.UPDATE: ("~", YELLOW),
    Action.PRUNE: ("-", RED),
    Action.KEEP: ("=", CYAN),
}
_WORDS = {
    Action.CREATE: "to create",
    Action.UPDATE: "to update",
    Action.PRUNE: "to delete",
    Action.KEEP: "left alone",
    Action.UNCHANGED: "unchanged",
}


def format_plan(sync_plan: SyncPlan, *, coloured: bool = False) -> str:
    """Every object that would change, with each field's old and new value; then what the guards
    hold against it.
    """
    paint = painter(coloured=coloured)
    lines = [paint(BOLD, f"{sync_plan.environment}: {summary(sync_plan)}")]
    for task in sync_plan.tasks:
        lines += _task_lines(task, paint)
    for refusal in sync_plan.refusals:
        lines.append(paint(RED, f"refused ({refusal.code}): ") + refusal.message)
        if refusal.hint:
            lines.append(paint(CYAN, "hint: ") + refusal.hint)
    if sync_plan.changes and not sync_plan.is_preview:
        lines.append(paint(FAINT, f"plan {sync_plan.hash}"))
    return "\n".join(lines)


def summary(sync_plan: SyncPlan) -> str:
    """``1 to update, 11 unchanged``."""
    counts = sync_plan.counts
    parts = [f"{counts[action.value]} {word}" for action, word in _WORDS.items()]
    return ", ".join(part for part in parts if not part.startswith("0 ")) or "nothing there"


def plan_document(sync_plan: SyncPlan) -> dict[str, Any]:
    """The plan as plain values, version 1. Bodies are not in it: they may hold secrets."""
    return {
        "version": 1,
        "environment": sync_plan.environment,
        "commit": sync_plan.commit,
        "cluster": sync_plan.cluster_uid,
        "hash": sync_plan.hash,
        "preview": sync_plan.is_preview,
        "counts": dict(sync_plan.counts),
        "tasks": [
            _task_document(task) for task in sync_plan.tasks if task.action is not Action.UNCHANGED
        ],
        "refusals": [
            {"code": refusal.code, "message": refusal.message, "hint": refusal.hint}
            for refusal in sync_plan.refusals
        ],
    }


def _task_lines(task: Task, paint: Paint) -> Iterator[str]:
    if task.action is Action.UNCHANGED:
        return
    sign, code = _SIGNS[task.action]
    place = f" in {task.id.namespace}" if task.id.namespace else ""
    yield f"  {paint(code, f'{sign} {task.id.short}')}{place}{paint(FAINT, f'  {task.reason}')}"
    yield from (f"      {line}" for line in change_lines(task.changes, paint))


def _task_document(task: Task) -> dict[str, Any]:
    return {
        "action": task.action.value,
        "phase": task.phase.name.lower(),
        "wave": task.wave,
        "id": str(task.id),
        "apiVersion": task.gvk.api_version,
        "kind": task.id.kind,
        "namespace": task.id.namespace,
        "name": task.id.name,
        "reason": task.reason,
        "drift": task.is_drift,
        "changes": changes_document(task.changes),
    }
