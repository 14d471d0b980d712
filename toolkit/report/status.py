"""Where each environment stands: published, synced, drifted, healthy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from toolkit.report.changes import BOLD, FAINT, GREEN, RED, YELLOW, Paint, painter
from toolkit.report.table import format_table, printable
from toolkit.sync.plan import SyncPlan
from toolkit.sync.state import EnvironmentState, Outcome, SyncRecord

_HEADING = ("ENVIRONMENT", "PUBLISHED", "SYNCED", "STATUS", "CHANGES", "HEALTH")

_ENDED = {
    Outcome.RUNNING: "is running",
    Outcome.SYNCED: "succeeded",
    Outcome.FAILED: "failed",
    Outcome.REFUSED: "was refused",
    Outcome.INTERRUPTED: "was interrupted",
}


@dataclass(frozen=True, slots=True)
class EnvironmentStatus:
    """``published`` "": nothing is published. ``sync_plan`` None: there is nothing to compare, or
    ``problem`` says why it could not be.
    """

    environment: str
    published: str = ""
    is_held: bool = False
    state: EnvironmentState | None = None
    last: SyncRecord | None = None
    sync_plan: SyncPlan | None = None
    problem: str = ""

    @property
    def changes(self) -> int:
        return len(self.sync_plan.changes) if self.sync_plan else 0

    @property
    def health(self) -> str:
        """As it is now; "" where that is not known."""
        is_applied = self.sync_plan is not None and self.state is not None
        return self.sync_plan.health.status.title if is_applied and self.sync_plan else ""

    @property
    def sync_status(self) -> str:
        if self.problem:
            return "Unknown"
        if not self.published:
            return "Unpublished"
        return "OutOfSync" if self.is_out_of_sync else "Synced"

    @property
    def is_out_of_sync(self) -> bool:
        """Published and not applied, or drifted."""
        is_applied = self.state is not None and self.state.commit == self.published
        return bool(self.published) and (not is_applied or self.changes > 0)


def format_status(statuses: Sequence[EnvironmentStatus], *, coloured: bool = False) -> str:
    """A table, and under it what needs a word."""
    paint = painter(coloured=coloured)
    rows = [_HEADING, *(_row(status) for status in statuses)]
    return "\n".join([format_table(rows), *_notes(statuses, paint)])


def status_document(statuses: Sequence[EnvironmentStatus]) -> dict[str, Any]:
    """The statuses as plain values, version 1."""
    return {"version": 1, "environments": [_document(status) for status in statuses]}


def _row(status: EnvironmentStatus) -> tuple[str, ...]:
    state, is_known = status.state, status.sync_plan is not None
    return (
        status.environment,
        status.published[:12] or "-",
        state.commit[:12] if state else "-",
        status.sync_status,
        str(status.changes) if is_known else "-",
        status.health or "-",
    )


def _notes(statuses: Sequence[EnvironmentStatus], paint: Paint) -> list[str]:
    notes = []
    for status in statuses:
        name = paint(BOLD, status.environment)
        if status.problem:
            notes.append(f"{name}: {paint(RED, status.problem)}")
        if status.is_held:
            clear = paint(FAINT, f"gitops publish {status.environment} --clear-hold")
            notes.append(f"{name}: held by a rollback; {clear}")
        last = status.last
        if last is not None and last.message:
            words = paint(YELLOW, _ENDED[last.outcome])
            notes.append(f"{name}: the last sync {words}: {printable(last.message)}")
        if status.changes:
            notes.append(
                f"{name}: what differs: {paint(GREEN, f'gitops plan {status.environment}')}"
            )
    return notes


def _document(status: EnvironmentStatus) -> dict[str, Any]:
    state, last = status.state, status.last
    return {
        "environment": status.environment,
        "published": status.published,
        "synced": state.commit if state else "",
        "syncedAt": state.synced_at.isoformat() if state else None,
        "status": status.sync_status,
        "held": status.is_held,
        "changes": status.changes if status.sync_plan else None,
        "drift": status.sync_plan.has_drift if status.sync_plan else None,
        "health": status.health,
        "lastSync": {"outcome": last.outcome.value, "message": last.message} if last else None,
        "problem": status.problem,
    }
