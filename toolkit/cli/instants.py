"""Instants as people write them on the command line."""

from __future__ import annotations

from datetime import UTC, datetime

from toolkit.errors import UsageError


def parse_instant(text: str) -> datetime:
    """``2026-03-01``, ``2026-03-01T05:30``, with an offset or in UTC. Raises UsageError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        hint = "write 2026-03-01, 2026-03-01T05:30 (UTC) or 2026-03-01T05:30+01:00"
        raise UsageError(f"{text!r} is no time", hints=(hint,)) from error
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
