"""The objects that this installation applied: before an apply a superset, after it exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from toolkit.resource.identity import ResourceId
from toolkit.resource.resource import Body
from toolkit.sync.comparable import comparable, fingerprint
from toolkit.sync.plan import Action, Phase, SyncPlan, Task
from toolkit.sync.state import InventoryRow, PlannedTask
from toolkit.sync.tracking import owner_of


def rows_before(sync_plan: SyncPlan, owner: str) -> tuple[InventoryRow, ...]:
    """A row for everything that will be ours, its fingerprints not known yet."""
    return tuple(
        InventoryRow(task.id, task.gvk.api_version, sync_plan.commit)
        for task in sync_plan.tasks
        if _is_ours(task, owner)
    )


def rows_after(
    sync_plan: SyncPlan,
    owner: str,
    applied: Mapping[ResourceId, Body],
    before: Sequence[InventoryRow],
) -> tuple[InventoryRow, ...]:
    """What is ours now. ``applied``: every target as the cluster has it after the sync. Objects
    that were kept stay ours, unless their owner is somebody else.
    """
    rows = [
        InventoryRow(
            task.id,
            task.gvk.api_version,
            sync_plan.commit,
            fingerprint(task.target or {}),
            live_fingerprint(applied[task.id]),
        )
        for task in sync_plan.tasks
        if _is_ours(task, owner)
    ]
    kept = {task.id for task in sync_plan.tasks if _stays_ours(task, owner)}
    return (*rows, *(row for row in before if row.resource in kept))


def planned_tasks(sync_plan: SyncPlan) -> tuple[PlannedTask, ...]:
    """What is to be remembered of a plan."""
    return tuple(PlannedTask(task.id, task.action.value) for task in sync_plan.changes)


def is_part_of(sync_plan: SyncPlan, planned: Sequence[PlannedTask]) -> bool:
    """Everything still to do had been decided before: it needs no second approval."""
    pruned = {task.resource for task in planned if task.action == Action.PRUNE.value}
    written = {task.resource for task in planned} - pruned
    return all(
        task.id in (pruned if task.action is Action.PRUNE else written)
        for task in sync_plan.changes
    )


def is_as_left(row: InventoryRow | None, target: Body, live: Body) -> bool:
    """Both fingerprints hold: the same target would be applied to the same object."""
    if row is None or not row.live_sha256:
        return False
    return row.target_sha256 == fingerprint(target) and row.live_sha256 == live_fingerprint(live)


def live_fingerprint(live: Body) -> str:
    """What a row keeps of a live object; "" for a Secret."""
    return fingerprint(comparable(live))


def _is_ours(task: Task, owner: str) -> bool:
    """Not the namespaces that are made because something needs them."""
    return task.phase is Phase.SYNC and owner_of(task.target or {}) == owner


def _stays_ours(task: Task, owner: str) -> bool:
    """An object whose kind is not served at present cannot be asked (``live`` is empty)."""
    return task.action is Action.KEEP and (not task.live or owner_of(task.live) == owner)
