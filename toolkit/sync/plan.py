"""What to do so that the cluster equals the target. The value shown is the value executed.

::

    targets, lives, predictions, inventory ── plan ──> SyncPlan(tasks, refusals, hash)

A *prediction* is what the cluster says an object would be after applying its target (a server-side
dry run). Comparing it with the live object shows exactly the fields that would change: defaults,
and fields that others own, do not get in the way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, IntEnum
from functools import cached_property

from toolkit.errors import RefusedError
from toolkit.resource.cluster import ObjectRef
from toolkit.resource.diff import FieldChange
from toolkit.resource.identity import GroupVersionKind, ResourceId
from toolkit.resource.resource import Body
from toolkit.sync.comparable import comparable, digest, fingerprint, visible_changes
from toolkit.sync.guards import Refusal, Situation, refusals
from toolkit.sync.health import Health, health_of, is_run, worst
from toolkit.sync.order import NO_PRUNE, apply_key, prune_key, sync_options, wave_of, waves
from toolkit.sync.state import InventoryRow
from toolkit.sync.tracking import owner_of


class Action(Enum):
    """KEEP: no longer in the target, and not deleted either; the reason says why."""

    CREATE = "create"
    UPDATE = "update"
    PRUNE = "prune"
    KEEP = "keep"
    UNCHANGED = "unchanged"

    @property
    def is_change(self) -> bool:
        return self in (Action.CREATE, Action.UPDATE, Action.PRUNE)


class Phase(IntEnum):
    """Everything is applied and healthy before anything is pruned."""

    SYNC = 0
    PRUNE = 1


@dataclass(frozen=True, slots=True)
class Task:
    """One object. ``changes`` are masked for Secrets; ``reason`` is one clause for people.
    ``is_drift``: the cluster changed, not the target.
    """

    phase: Phase
    wave: int
    action: Action
    id: ResourceId
    gvk: GroupVersionKind
    target: Body | None
    live: Body | None
    changes: tuple[FieldChange, ...] = ()
    reason: str = ""
    is_drift: bool = False

    @property
    def ref(self) -> ObjectRef:
        return ObjectRef(self.gvk, self.id.namespace, self.id.name)


@dataclass(frozen=True)
class SyncPlan:
    """``tasks`` in the order of execution; those that change nothing are among them.
    ``refusals``: what the guards hold against it. ``commit`` is what it was made for; a preview
    is of something that is not published, and cannot be approved.
    """

    environment: str
    commit: str
    cluster_uid: str
    tasks: tuple[Task, ...]
    refusals: tuple[Refusal, ...] = ()
    is_preview: bool = False

    @property
    def changes(self) -> tuple[Task, ...]:
        """The tasks that write."""
        return tuple(task for task in self.tasks if task.action.is_change)

    @property
    def has_drift(self) -> bool:
        return any(task.is_drift for task in self.tasks)

    @property
    def health(self) -> Health:
        """The worst of the live objects: of what is deployed, not of what runs."""
        deployed = (
            task for task in self.tasks if task.phase is Phase.SYNC and not is_run(task.gvk)
        )
        return worst(health_of(task.live) for task in deployed)

    @property
    def counts(self) -> Mapping[str, int]:
        """Action → number of tasks, for every action."""
        found = Counter(task.action for task in self.tasks)
        return {action.value: found[action] for action in Action}

    @cached_property
    def hash(self) -> str:
        """What an approval is bound to: the commit, the cluster, every change and every refusal."""
        tasks = [
            [task.action.value, task.wave, str(task.id), digest(task.target), _live_digest(task)]
            for task in self.changes
        ]
        codes = sorted(refusal.code for refusal in self.refusals)
        return digest([self.environment, self.commit, self.cluster_uid, tasks, codes])[:16]


@dataclass(frozen=True, slots=True)
class Observation:
    """The cluster as it was seen. ``lives`` holds what exists of targets and inventory, and the
    namespaces that targets name. ``predictions`` holds a body for every target that is live.
    ``served``: the (group, kind) pairs whose absence can be believed.
    """

    cluster_uid: str
    lives: Mapping[ResourceId, Body]
    predictions: Mapping[ResourceId, Body]
    served: frozenset[tuple[str, str]]


def plan(
    targets: Mapping[ResourceId, Body],
    seen: Observation,
    inventory: Sequence[InventoryRow],
    situation: Situation,
) -> SyncPlan:
    """Pure and deterministic. Raises InputError for annotations that cannot be followed.

    Nothing is pruned but objects of the inventory whose own annotation says that they are ours;
    never runs, namespaces or definitions.
    """
    wave_by_id = waves(targets)
    rows = {row.resource: row for row in inventory}
    applied = [
        _apply_task(key, target, wave_by_id[key], seen, rows.get(key), situation.commit)
        for key, target in targets.items()
    ]
    applied += _namespace_tasks(targets, seen, wave_by_id)
    applied.sort(key=lambda task: apply_key(task.id, task.wave))
    leaving = [
        _leave_task(row, seen, situation) for row in inventory if row.resource not in targets
    ]
    leaving.sort(key=lambda task: prune_key(task.id, task.wave))
    tasks = (*applied, *(task for task in leaving if task.live is not None))
    draft = SyncPlan(situation.environment, situation.commit, seen.cluster_uid, tasks)
    pruned = [task.id for task in tasks if task.action is Action.PRUNE]
    owners = {key: owner_of(seen.lives[key]) for key in targets if key in seen.lives}
    found = refusals(
        situation,
        cluster_uid=seen.cluster_uid,
        target_count=len(targets),
        inventory_count=len(rows),
        pruned=pruned,
        owners=owners,
    )
    return replace(draft, refusals=found)


def require_approval(sync_plan: SyncPlan, approval: str) -> None:
    """Raises RefusedError with every guard's words, unless ``approval`` is this plan's hash."""
    if not sync_plan.refusals or approval == sync_plan.hash:
        return
    raise RefusedError(
        "; ".join(refusal.message for refusal in sync_plan.refusals),
        hints=[
            *(refusal.hint for refusal in sync_plan.refusals if refusal.hint),
            f"if it is meant: gitops sync {sync_plan.environment} --approve {sync_plan.hash}",
        ],
    )


def _apply_task(
    id: ResourceId,
    target: Body,
    wave: int,
    seen: Observation,
    row: InventoryRow | None,
    commit: str,
) -> Task:
    gvk, live = GroupVersionKind.of(target), seen.lives.get(id)
    is_published = not _is_applied(row, target, commit)
    if live is None:
        is_lost = row is not None and not is_published
        reason = "gone from the cluster" if is_lost else "new"
        return Task(
            Phase.SYNC, wave, Action.CREATE, id, gvk, target, None, (), reason, is_drift=is_lost
        )
    found = visible_changes(live, seen.predictions[id])
    if not found:
        return Task(Phase.SYNC, wave, Action.UNCHANGED, id, gvk, target, live)
    reason = "changed in git" if is_published else "changed in the cluster"
    return Task(
        Phase.SYNC,
        wave,
        Action.UPDATE,
        id,
        gvk,
        target,
        live,
        found,
        "taken over: it was here before" if row is None else reason,
        is_drift=not is_published,
    )


def _is_applied(row: InventoryRow | None, target: Body, commit: str) -> bool:
    """The very target was applied before: what differs now, differs by somebody else's hand."""
    if row is None:
        return False
    known = fingerprint(target)
    return row.target_sha256 == known if known else row.commit == commit


def _namespace_tasks(
    targets: Mapping[ResourceId, Body], seen: Observation, wave_by_id: Mapping[ResourceId, int]
) -> Iterable[Task]:
    """Namespaces that targets name and nobody renders. They are nobody's, and never pruned."""
    needed: dict[str, int] = {}
    for key in targets:
        if key.namespace:
            wave = wave_by_id[key]
            needed[key.namespace] = min(wave, needed.get(key.namespace, wave))
    for name, wave in sorted(needed.items()):
        key = ResourceId("", "Namespace", "", name)
        if key in targets or key in seen.lives:
            continue
        gvk = GroupVersionKind("", "v1", "Namespace")
        body: Body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        reason = "needed by what goes into it"
        yield Task(Phase.SYNC, wave, Action.CREATE, key, gvk, body, None, (), reason)


def _leave_task(row: InventoryRow, seen: Observation, situation: Situation) -> Task:
    live = seen.lives.get(row.resource)
    keep = _reason_to_keep(row, live, seen, situation)
    if (row.resource.group, row.resource.kind) not in seen.served:
        live = live or {}
    action = Action.KEEP if keep else Action.PRUNE
    reason = keep or "no longer in the target"
    wave = wave_of(live) if live else 0
    return Task(Phase.PRUNE, wave, action, row.resource, row.gvk, None, live, (), reason)


def _reason_to_keep(
    row: InventoryRow, live: Body | None, seen: Observation, situation: Situation
) -> str:
    """Why an object that left the target stays, or ""."""
    if (row.resource.group, row.resource.kind) not in seen.served:
        return "the cluster does not serve its kind at present"
    if row.resource.kind in ("Namespace", "CustomResourceDefinition"):
        return "what it contains would go with it: delete it by hand"
    if is_run(row.gvk):
        return "it is a run"
    if live is not None and owner_of(live) != situation.owner:
        return "it is not ours any more"
    if live is not None and NO_PRUNE in sync_options(live):
        return f"its annotation says {NO_PRUNE}"
    return "" if situation.policy.prune else "pruning is off in gitops.yaml"


def _live_digest(task: Task) -> str:
    return digest(comparable(task.live)) if task.live else ""
