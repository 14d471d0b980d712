"""Instants as whole seconds since 1970, and what a zone's clocks show then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

DAY: Final = 86400
MINUTE: Final = 60
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def instant(at: int) -> datetime:
    """Seconds since 1970 as an instant in UTC."""
    return _EPOCH + timedelta(seconds=at)


def seconds_of(at: datetime) -> int:
    """Whole seconds since 1970, rounded up."""
    whole = at.replace(microsecond=0)
    return int(whole.timestamp()) + (1 if at.microsecond else 0)


def offset_at(zone: ZoneInfo, at: int) -> int:
    """Seconds ahead of UTC."""
    offset = instant(at).astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


@lru_cache(maxsize=10_000)
def steady_offset(zone: ZoneInfo, begin: int, end: int) -> int | None:
    """The zone's offset in seconds over a stretch of at most a day; None where it changes."""
    offsets = {offset_at(zone, at) for at in (begin, (begin + end) // 2, end)}
    return offsets.pop() if len(offsets) == 1 else None
