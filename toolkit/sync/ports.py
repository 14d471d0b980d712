"""Ports of syncing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from toolkit.sync.state import (
    EnvironmentState,
    InventoryRow,
    PlannedTask,
    Stage,
    SyncEnd,
    SyncRecord,
)

T = TypeVar("T")
R = TypeVar("R")


class ParallelMap(Protocol):
    """Asks a cluster several things at once: it answers many in the time of one."""

    def __call__(self, work: Callable[[T], R], items: Sequence[T], /) -> list[R]:
        """The results in the order of ``items``. An exception of ``work`` is raised here, once
        nothing is under way any more.
        """
        ...


def in_turn(work: Callable[[T], R], items: Sequence[T], /) -> list[R]:
    """The ParallelMap that does one after the other."""
    return [work(item) for item in items]


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
