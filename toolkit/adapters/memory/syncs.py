"""The in-memory twin of the sync store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from toolkit.resource.identity import ResourceId
from toolkit.sync.state import (
    EnvironmentState,
    InventoryRow,
    Outcome,
    PlannedTask,
    Stage,
    SyncEnd,
    SyncRecord,
)


class MemorySyncs:
    """SyncStore that lives as long as the process."""

    def __init__(self, installation: str = "memory") -> None:
        self._installation = installation
        self._records: dict[int, SyncRecord] = {}
        self._tasks: dict[int, tuple[PlannedTask, ...]] = {}
        self._inventory: dict[str, dict[ResourceId, InventoryRow]] = {}
        self._states: dict[str, EnvironmentState] = {}

    def installation(self) -> str:
        return self._installation

    def begin(self, environment: str, commit: str, initiator: str, at: datetime) -> int:
        number = len(self._records) + 1
        self._records[number] = SyncRecord(
            number, environment, commit, initiator, Stage.RESOLVE, Outcome.RUNNING, at
        )
        return number

    def advance(self, sync_id: int, stage: Stage) -> None:
        self._records[sync_id] = replace(self._records[sync_id], stage=stage)

    def planned(
        self,
        sync_id: int,
        plan_hash: str,
        tasks: Sequence[PlannedTask],
        inventory: Sequence[InventoryRow],
    ) -> None:
        record = self._records[sync_id]
        self._records[sync_id] = replace(record, stage=Stage.APPLY, plan_hash=plan_hash)
        self._tasks[sync_id] = tuple(tasks)
        rows = self._inventory.setdefault(record.environment, {})
        for row in inventory:
            rows.setdefault(row.resource, row)

    def tasks(self, sync_id: int) -> tuple[PlannedTask, ...]:
        return self._tasks.get(sync_id, ())

    def finish(self, sync_id: int, end: SyncEnd) -> None:
        record = self._records[sync_id]
        self._records[sync_id] = replace(
            record,
            stage=Stage.DONE if end.outcome is Outcome.SYNCED else record.stage,
            outcome=end.outcome,
            ended_at=end.at,
            message=end.message,
            counts=dict(end.counts),
            health=end.health,
        )
        self._tasks.pop(sync_id, None)
        if end.inventory is not None:
            self._inventory[record.environment] = {row.resource: row for row in end.inventory}
        if end.state is not None:
            self._states[record.environment] = end.state

    def unfinished(self, environment: str) -> SyncRecord | None:
        open_ones = [record for record in self._of(environment) if record.ended_at is None]
        return open_ones[0] if open_ones else None

    def inventory(self, environment: str) -> tuple[InventoryRow, ...]:
        rows = self._inventory.get(environment, {})
        return tuple(rows[resource] for resource in sorted(rows))

    def state(self, environment: str) -> EnvironmentState | None:
        return self._states.get(environment)

    def history(self, environment: str, *, limit: int) -> tuple[SyncRecord, ...]:
        return tuple(self._of(environment)[:limit])

    def _of(self, environment: str) -> list[SyncRecord]:
        found = [record for record in self._records.values() if record.environment == environment]
        return sorted(found, key=lambda record: -record.id)
