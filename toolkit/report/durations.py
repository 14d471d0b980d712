"""Times and durations for people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def format_duration(seconds: float) -> str:
    """The two largest units: ``0s``, ``42s``, ``3m 20s``, ``2h``, ``1d 3h``. Below 0 is 0."""
    rest = max(0, round(seconds))
    parts: list[str] = []
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0s"


def format_age(instant: datetime | None, now: datetime) -> str:
    """The largest unit only, as kubectl's AGE; ``-`` for None."""
    if instant is None:
        return "-"
    return format_duration((now - instant).total_seconds()).partition(" ")[0]


def parse_time(text: Any) -> datetime | None:
    """Kubernetes' time in UTC; None for anything else."""
    try:
        instant = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def span_s(started: Any, finished: Any, now: datetime) -> float | None:
    """Seconds between two Kubernetes times; until ``now`` where the second is missing."""
    start = parse_time(started)
    if start is None:
        return None
    return ((parse_time(finished) or now) - start).total_seconds()
