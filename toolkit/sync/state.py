"""A sync as it is kept: its stage, what it decided, and what this installation has applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from toolkit.resource.identity import GroupVersionKind, ResourceId, split_api_version


class Stage(Enum):
    """What a sync is about to do. Written before it is done; a restart goes on from here."""

    RESOLVE = "Resolve"
    LOAD = "Load"
    COMPARE = "Compare"
    GUARD = "Guard"
    APPLY = "Apply"
    HEALTH = "Health"
    PRUNE = "Prune"
    RECORD = "Record"
    DONE = "Done"

    @property
    def has_effects(self) -> bool:
        """The cluster may have been changed: the inventory is a superset of the truth."""
        return self in (Stage.APPLY, Stage.HEALTH, Stage.PRUNE, Stage.RECORD)


class Outcome(Enum):
    """How a sync ended."""

    RUNNING = "Running"
    SYNCED = "Synced"
    FAILED = "Failed"
    REFUSED = "Refused"
    INTERRUPTED = "Interrupted"


@dataclass(frozen=True, slots=True)
class SyncRecord:
    """One sync. ``counts``: action → number of tasks. ``health`` "" until it was assessed."""

    id: int
    environment: str
    commit: str
    initiator: str
    stage: Stage
    outcome: Outcome
    started_at: datetime
    ended_at: datetime | None = None
    plan_hash: str = ""
    message: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    health: str = ""


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """What was decided about one object: enough to tell after a crash what had been approved."""

    resource: ResourceId
    action: str


@dataclass(frozen=True, slots=True)
class InventoryRow:
    """An object this installation applied, or was about to. The fingerprints ("" = not known)
    are of the target as applied, and of the live object just after: where both still hold, nothing
    needs to be asked of the cluster.
    """

    resource: ResourceId
    api_version: str
    commit: str
    target_sha256: str = ""
    live_sha256: str = ""

    @property
    def gvk(self) -> GroupVersionKind:
        group, version = split_api_version(self.api_version)
        return GroupVersionKind(group, version, self.resource.kind)


@dataclass(frozen=True, slots=True)
class EnvironmentState:
    """The last sync of an environment that reached its target."""

    environment: str
    cluster_uid: str
    commit: str
    synced_at: datetime
    health: str


@dataclass(frozen=True, slots=True)
class SyncEnd:
    """How a sync ended, to be recorded in one transaction. ``inventory`` replaces the superset
    (None leaves it); ``state`` replaces the environment's (None leaves it).
    """

    outcome: Outcome
    at: datetime
    message: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    health: str = ""
    inventory: tuple[InventoryRow, ...] | None = None
    state: EnvironmentState | None = None
