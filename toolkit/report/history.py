"""What was published to an environment, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toolkit.publish.ports import Commit
from toolkit.publish.provenance import ROLLBACK_TO, parse_provenance, parse_trailers
from toolkit.report.table import format_table
from toolkit.sync.state import SyncRecord

_DONE = {
    "create": "created",
    "update": "updated",
    "prune": "deleted",
    "keep": "left alone",
    "unchanged": "unchanged",
}


def format_history(commits: Sequence[Commit], syncs: Sequence[SyncRecord]) -> str:
    """A table, newest first."""
    rows = [("REVISION", "PUBLISHED", "SOURCE", "SYNC", "WHAT")]
    outcomes = _outcomes(syncs)
    for commit in commits:
        sync = outcomes.get(commit.sha)
        rows.append(
            (
                commit.sha[:12],
                f"{commit.committed_at:%Y-%m-%d %H:%M}",
                parse_provenance(commit.message).commit[:12] or "-",
                sync.outcome.value if sync else "-",
                commit.subject,
            )
        )
    return format_table(rows) if commits else "nothing was published yet"


def history_document(
    environment: str, commits: Sequence[Commit], syncs: Sequence[SyncRecord]
) -> dict[str, Any]:
    """The history as plain values, version 1."""
    outcomes = _outcomes(syncs)
    return {
        "version": 1,
        "environment": environment,
        "revisions": [_revision(commit, outcomes.get(commit.sha)) for commit in commits],
    }


def format_sync(sync: SyncRecord) -> str:
    """One sync in a line."""
    counts = [f"{count} {_DONE[action]}" for action, count in sync.counts.items() if count]
    what = ", ".join(counts) or "nothing there"
    health = f"; {sync.health}" if sync.health else ""
    return f"{sync.environment} {sync.outcome.value.lower()} at {sync.commit[:12]}: {what}{health}"


def sync_document(sync: SyncRecord) -> dict[str, Any]:
    """One sync as plain values."""
    return {
        "environment": sync.environment,
        "revision": sync.commit,
        "outcome": sync.outcome.value,
        "initiator": sync.initiator,
        "startedAt": sync.started_at.isoformat(),
        "endedAt": sync.ended_at.isoformat() if sync.ended_at else None,
        "plan": sync.plan_hash,
        "counts": dict(sync.counts),
        "health": sync.health,
        "message": sync.message,
    }


def _revision(commit: Commit, sync: SyncRecord | None) -> dict[str, Any]:
    provenance = parse_provenance(commit.message)
    return {
        "revision": commit.sha,
        "publishedAt": commit.committed_at.isoformat(),
        "subject": commit.subject,
        "source": {
            "repository": provenance.repository,
            "commit": provenance.commit,
            "author": provenance.author,
            "subject": provenance.subject,
            "dirty": provenance.is_dirty,
            "remotes": list(provenance.remotes),
        },
        "rollbackTo": parse_trailers(commit.message).get(ROLLBACK_TO),
        "sync": sync_document(sync) if sync else None,
    }


def _outcomes(syncs: Sequence[SyncRecord]) -> dict[str, SyncRecord]:
    """The newest sync of each commit; ``syncs`` come newest first."""
    return {sync.commit: sync for sync in reversed(syncs)}
