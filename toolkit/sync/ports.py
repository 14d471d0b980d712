"""Ports of syncing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from toolkit.sync.state import (
    EnvironmentState,
    InventoryRow,
    PlannedTask,
    Stage,
    SyncEnd,
    SyncRecord,
)


class SyncStore(Protocol):
    """Keeps syncs and inventories. Every call is one transaction, durable when it returns."""

    def installation(self) -> str:
        """The id of this installation: made once, the same for ever, without a colon or slash."""
        ...

    def begin(self, environment: str, commit: str, initiator: str, at: datetime) -> int:
        """A new sync at stage Resolve; returns its id."""
        ...

    def advance(self, sync_id: int, stage: Stage) -> None: ...

    def planned(
        self,
        sync_id: int,
        plan_hash: str,
        tasks: Sequence[PlannedTask],
        inventory: Sequence[InventoryRow],
    ) -> None:
        """The plan is decided and allowed: stage Apply, its tasks, and the rows of objects that
        will be ours merged into the inventory (known fingerprints stay).
        """
        ...

    def tasks(self, sync_id: int) -> tuple[PlannedTask, ...]: ...

    def finish(self, sync_id: int, end: SyncEnd) -> None: ...

    def unfinished(self, environment: str) -> SyncRecord | None:
        """The latest sync that has not ended: its process did not live to end it."""
        ...

    def inventory(self, environment: str) -> tuple[InventoryRow, ...]:
        """Sorted by resource."""
        ...

    def state(self, environment: str) -> EnvironmentState | None: ...

    def history(self, environment: str, *, limit: int) -> tuple[SyncRecord, ...]:
        """Newest first."""
        ...
