"""Makes a cluster equal to a deploy branch.

::

    Resolve → Load → Compare → Guard → Apply, wave by wave → Health → Prune → Record

Each stage is written down before it begins. Before the first write to the cluster, the inventory
holds everything that will be ours (a superset), afterwards exactly that. A process that dies in
between leaves an unfinished sync: the next one finishes it, without asking again for what had been
allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from toolkit.clock import Clock
from toolkit.controllers.delivery.deploy_tree import DeployTree
from toolkit.controllers.delivery.observe import FIELD_MANAGER, observe
from toolkit.errors import (
    AlreadyExistsError,
    ClusterError,
    ConflictError,
    NotFoundError,
    OperationError,
    RefusedError,
    ToolkitError,
)
from toolkit.publish.ports import DeployRepository
from toolkit.repository.settings import Environment
from toolkit.resource.cluster import Cluster
from toolkit.resource.identity import GroupVersionKind, ResourceId
from toolkit.resource.resource import Body
from toolkit.sync.guards import Situation
from toolkit.sync.health import Health, HealthStatus, health_of, is_run, worst
from toolkit.sync.inventory import is_part_of, planned_tasks, rows_after, rows_before
from toolkit.sync.plan import Action, Phase, SyncPlan, Task, plan, require_approval
from toolkit.sync.ports import ParallelMap, SyncStore, in_turn
from toolkit.sync.state import EnvironmentState, Outcome, Stage, SyncEnd, SyncRecord
from toolkit.sync.targets import place
from toolkit.sync.tracking import owner_name, owner_of

_WAVE_TIMEOUT_S = 300.0
_PAUSE_S = 0.5
_TRIES = 4

Applied = dict[ResourceId, Body]


@dataclass(frozen=True, slots=True)
class SyncReport:
    """A sync that reached its target. ``plan`` is what was executed."""

    plan: SyncPlan
    health: Health


class StoppingError(Exception):
    """The program ends: leave the sync where it is. No ToolkitError, because nothing failed."""


class Reconciler:
    """Reconciles one environment. One thread at a time.

    ``pause(seconds)`` waits, or raises StoppingError: the sync then stays unfinished, and the next
    start of the program goes on with it.
    """

    def __init__(
        self,
        environment: Environment,
        *,
        cluster: Cluster,
        deploy: DeployRepository,
        store: SyncStore,
        clock: Clock,
        pause: Callable[[float], None],
        each: ParallelMap = in_turn,
    ) -> None:
        self.environment = environment
        self._cluster = cluster
        self._deploy = deploy
        self._store = store
        self._clock = clock
        self._pause = pause
        self._each = each
        self._tree = DeployTree(deploy, environment.name)
        self._owner = owner_name(store.installation(), environment.name)

    def tip(self) -> str:
        """The deploy branch's commit; "" where nothing was published."""
        return self._deploy.tip(self.environment.deploy.branch)

    def plan(self, commit: str = "") -> SyncPlan:
        """What a sync of the deploy branch (or of one of its commits) would do. Writes nothing."""
        commit = commit or self._published()
        return self._plan(self._tree.bodies(commit), commit)

    def preview(self, bodies: Sequence[Body], revision: str) -> SyncPlan:
        """What publishing and syncing these objects would do. Writes nothing."""
        return replace(self._plan(bodies, revision, is_published=False), is_preview=True)

    def sync(self, *, initiator: str, approval: str = "") -> SyncReport:
        """Brings the cluster to the deploy branch's tip.

        Raises RefusedError where a guard refuses and ``approval`` is not the plan's hash (nothing
        was changed), and other ToolkitErrors where it failed; both are recorded.
        """
        self.resume()
        commit = self._published()
        sync_id = self._store.begin(self.environment.name, commit, initiator, self._clock.now())
        return self._carry_out(
            sync_id, commit, lambda sync_plan: require_approval(sync_plan, approval)
        )

    def resume(self) -> SyncReport | None:
        """Finishes a sync that its process did not live to end; None where there is none, or where
        it had not begun to write (it then counts as interrupted, and nothing is lost).
        """
        record = self._store.unfinished(self.environment.name)
        if record is None:
            return None
        if not record.stage.has_effects:
            self._finish(record.id, Outcome.INTERRUPTED, f"interrupted at {record.stage.value}")
            return self.resume()
        planned = self._store.tasks(record.id)

        def allow(sync_plan: SyncPlan) -> None:
            if not is_part_of(sync_plan, planned):
                require_approval(sync_plan, record.plan_hash)

        return self._carry_out(record.id, record.commit, allow, is_resumed=True)

    def last_sync(self) -> SyncRecord | None:
        """The newest sync, ended or not."""
        found = self._store.history(self.environment.name, limit=1)
        return found[0] if found else None

    def state(self) -> EnvironmentState | None:
        """The last sync that reached its target."""
        return self._store.state(self.environment.name)

    def _published(self) -> str:
        commit = self.tip()
        if not commit:
            raise OperationError(
                f"nothing is published for {self.environment.name}",
                hints=[f"gitops publish {self.environment.name}"],
            )
        return commit

    def _plan(self, bodies: Sequence[Body], commit: str, *, is_published: bool = True) -> SyncPlan:
        targets = place(
            bodies,
            self._cluster.served_kinds(),
            namespace=self.environment.namespace,
            owner=self._owner,
        )
        inventory = self._store.inventory(self.environment.name)
        seen = observe(self._cluster, targets, inventory, self._each)
        return plan(targets, seen, inventory, self._situation(commit, is_published=is_published))

    def _situation(self, commit: str, *, is_published: bool) -> Situation:
        state = self.state()
        previous = state.commit if state else ""
        descends = not previous or not is_published or self._deploy.is_ancestor(previous, commit)
        return Situation(
            environment=self.environment.name,
            commit=commit,
            owner=self._owner,
            policy=self.environment.sync,
            previous_commit=previous,
            previous_cluster_uid=state.cluster_uid if state else "",
            is_descendant=descends,
        )

    def _carry_out(
        self,
        sync_id: int,
        commit: str,
        allow: Callable[[SyncPlan], None],
        *,
        is_resumed: bool = False,
    ) -> SyncReport:
        try:
            sync_plan = self._decide(sync_id, commit, allow, is_resumed=is_resumed)
            return self._execute(sync_id, sync_plan)
        except RefusedError as error:
            self._finish(sync_id, Outcome.REFUSED, error.message)
            raise
        except ToolkitError as error:
            self._finish(sync_id, Outcome.FAILED, error.message)
            raise

    def _decide(
        self,
        sync_id: int,
        commit: str,
        allow: Callable[[SyncPlan], None],
        *,
        is_resumed: bool,
    ) -> SyncPlan:
        """A resumed sync decides again what is left to do, and keeps the stage it had reached."""
        enter = _stay if is_resumed else self._enter(sync_id)
        enter(Stage.LOAD)
        bodies = self._tree.bodies(commit)
        enter(Stage.COMPARE)
        sync_plan = self._plan(bodies, commit)
        enter(Stage.GUARD)
        allow(sync_plan)
        if not is_resumed:
            rows = rows_before(sync_plan, self._owner)
            self._store.planned(sync_id, sync_plan.hash, planned_tasks(sync_plan), rows)
        return sync_plan

    def _enter(self, sync_id: int) -> Callable[[Stage], None]:
        return lambda stage: self._store.advance(sync_id, stage)

    def _execute(self, sync_id: int, sync_plan: SyncPlan) -> SyncReport:
        enter = self._enter(sync_id)
        applied = self._apply(sync_plan)
        enter(Stage.HEALTH)
        health = _health(applied)
        enter(Stage.PRUNE)
        for task in sync_plan.tasks:
            if task.action is Action.PRUNE:
                self._prune(task)
        enter(Stage.RECORD)
        self._record(sync_id, sync_plan, applied, health)
        return SyncReport(sync_plan, health)

    def _record(
        self, sync_id: int, sync_plan: SyncPlan, applied: Mapping[ResourceId, Body], health: Health
    ) -> None:
        name, now = self.environment.name, self._clock.now()
        before = self._store.inventory(name)
        end = SyncEnd(
            outcome=Outcome.SYNCED,
            at=now,
            counts=sync_plan.counts,
            health=health.status.title,
            inventory=rows_after(sync_plan, self._owner, applied, before),
            state=EnvironmentState(
                name, sync_plan.cluster_uid, sync_plan.commit, now, health.status.title
            ),
        )
        self._store.finish(sync_id, end)

    def _finish(self, sync_id: int, outcome: Outcome, message: str) -> None:
        self._store.finish(sync_id, SyncEnd(outcome, self._clock.now(), message))

    def _apply(self, sync_plan: SyncPlan) -> Applied:
        applied: Applied = {}
        tasks = [task for task in sync_plan.tasks if task.phase is Phase.SYNC]
        by_wave = [list(group) for _, group in groupby(tasks, key=lambda task: task.wave)]
        for position, wave in enumerate(by_wave):
            applied |= self._apply_wave(wave)
            if position < len(by_wave) - 1:
                self._await_health(wave)
        return applied

    def _apply_wave(self, wave: Sequence[Task]) -> Applied:
        """All of a wave, kind by kind, whatever fails in it. Raises ClusterError with every
        failure.
        """
        answers: dict[ResourceId, Body | ClusterError] = {}
        for _, group in groupby(wave, key=lambda task: task.gvk):
            tasks = list(group)
            ids = [task.id for task in tasks]
            answers |= zip(ids, self._each(self._attempt, tasks), strict=True)
        failures = [
            f"{key.short}: {answer.message}"
            for key, answer in answers.items()
            if isinstance(answer, ClusterError)
        ]
        if failures:
            raise ClusterError("could not apply " + "; ".join(failures))
        return {key: live for key, live in answers.items() if isinstance(live, dict)}

    def _attempt(self, task: Task) -> Body | ClusterError:
        try:
            return self._write(task)
        except ClusterError as error:
            return error

    def _write(self, task: Task) -> Body:
        if task.action is Action.UNCHANGED and task.live is not None:
            return task.live
        target = task.target or {}
        if not owner_of(target):
            return self._create_namespace(task)
        for _ in range(_TRIES):
            try:
                return self._cluster.apply(target, field_manager=FIELD_MANAGER, force=True)
            except NotFoundError:  # its definition was applied a moment ago
                self._pause(_PAUSE_S)
        return self._cluster.apply(target, field_manager=FIELD_MANAGER, force=True)

    def _create_namespace(self, task: Task) -> Body:
        try:
            return self._cluster.create(task.target or {})
        except AlreadyExistsError:
            return self._cluster.get(task.ref) or {}

    def _await_health(self, wave: Sequence[Task]) -> None:
        """Returns once no object of the wave is progressing; raises where one is degraded."""
        waited = 0.0
        waiting = [task for task in wave if not is_run(task.gvk)]
        while waiting:
            healths = {task.id: health_of(self._cluster.get(task.ref)) for task in waiting}
            for key, health in healths.items():
                if health.status is HealthStatus.DEGRADED:
                    raise OperationError(f"{key.short} is degraded: {health.message}")
            waiting = [t for t in waiting if healths[t.id].status > HealthStatus.SUSPENDED]
            if waiting and waited >= _WAVE_TIMEOUT_S:
                raise OperationError(f"{waiting[0].id.short} did not become healthy in time")
            if waiting:
                self._pause(_PAUSE_S)
                waited += _PAUSE_S

    def _prune(self, task: Task) -> None:
        """Deletes an object that still is what it was decided about; otherwise looks again."""
        for _ in range(_TRIES):
            live = self._cluster.get(task.ref)
            if live is None or owner_of(live) != self._owner:
                return
            metadata = live["metadata"]
            try:
                self._cluster.delete(
                    task.ref,
                    uid=metadata.get("uid", ""),
                    resource_version=metadata.get("resourceVersion", ""),
                    propagation=_propagation(task),
                )
            except NotFoundError:
                return
            except ConflictError:
                continue
            return
        raise ConflictError(f"{task.id.short} changes too often to be deleted safely")


def _stay(_: Stage) -> None:
    """Leaves the stage as it is."""


def _propagation(task: Task) -> str:
    """The runs that a CronWorkflow started outlive it: a sync deletes no runs."""
    is_cron = (task.gvk.group, task.gvk.kind) == ("argoproj.io", "CronWorkflow")
    return "Orphan" if is_cron else "Background"


def _health(applied: Mapping[ResourceId, Body]) -> Health:
    """The health of what is deployed, not of what runs."""
    deployed = (live for live in applied.values() if not is_run(GroupVersionKind.of(live)))
    return worst(health_of(live) for live in deployed)
