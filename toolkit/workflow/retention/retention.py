"""How long runs, the archive, logs and artifacts are kept: by age, count and size. Pure.

What is kept stands on shelves, one for each kind and environment. :func:`over_limits` says which
of a shelf's items go; the newest stay. What an unfinished run needs is held: it never goes, and
counts all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from toolkit.workflow.spans import parse_go_duration

UNLIMITED: Final = "none"
_DAY_UNITS: Final = {"d": timedelta(days=1), "w": timedelta(weeks=1)}
_DAYS = re.compile(r"(\d+)([dw])")
_SIZE = re.compile(r"(\d+)\s*([kKMGT]?)(i?)B?")
_POWERS: Final = " kMGT"
_GIB: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Limits:
    """Each None is no limit. ``max_size_bytes`` is of all items together."""

    max_age: timedelta | None = None
    max_count: int | None = None
    max_size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Retention:
    """``runs``: Workflows that have ended. ``archive``: runs whose Workflows are gone."""

    runs: Limits = field(default_factory=lambda: Limits(timedelta(days=30), 1_000, _GIB))
    archive: Limits = field(default_factory=lambda: Limits(timedelta(days=180), 10_000, _GIB))
    logs: Limits = field(default_factory=lambda: Limits(timedelta(days=90), 10_000, 2 * _GIB))
    artifacts: Limits = field(default_factory=lambda: Limits(timedelta(days=30), None, 10 * _GIB))


@dataclass(frozen=True, slots=True)
class Kept:
    """One thing on a shelf: ``at`` is its end, or its last change; ``key`` is the shelf's own."""

    key: str
    name: str
    at: datetime
    size_bytes: int = 0
    is_held: bool = False


@dataclass(frozen=True, slots=True)
class Removal:
    """What goes, and why."""

    item: Kept
    reason: str


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep took away, or would, from one shelf of an environment ("": of none)."""

    environment: str
    shelf: str
    removals: tuple[Removal, ...]


class Shelf(Protocol):
    """One kind of thing that is kept, of one environment."""

    def items(self) -> Iterable[Kept]:
        """All there is now, in any order."""
        ...

    def remove(self, item: Kept) -> None:
        """Takes one away. One that is gone already is fine."""
        ...


def over_limits(items: Iterable[Kept], limits: Limits, now: datetime) -> tuple[Removal, ...]:
    """Which items go, the oldest first. An item goes for the first of the limits that it is over:
    age, count, size.
    """
    removals: list[Removal] = []
    count = size = 0
    for item in sorted(items, key=lambda one: (one.at, one.key), reverse=True):
        reason = "" if item.is_held else _reason(item, limits, now, count + 1, size)
        if reason:
            removals.append(Removal(item, reason))
        else:
            count, size = count + 1, size + item.size_bytes
    return tuple(reversed(removals))


def _reason(item: Kept, limits: Limits, now: datetime, count: int, size_before: int) -> str:
    if limits.max_age is not None and now - item.at > limits.max_age:
        return f"older than {age_text(limits.max_age)}"
    if limits.max_count is not None and count > limits.max_count:
        return f"more than {limits.max_count}"
    if limits.max_size_bytes is not None and size_before + item.size_bytes > limits.max_size_bytes:
        return f"larger than {size_text(limits.max_size_bytes)} with those after it"
    return ""


def parse_age(text: str) -> timedelta | None:
    """``30d``, ``2w``, ``36h``, ``90m``; ``none`` is None. Raises ``ValueError``."""
    if text == UNLIMITED:
        return None
    days = _DAYS.fullmatch(text)
    try:
        age = int(days[1]) * _DAY_UNITS[days[2]] if days else parse_go_duration(text)
    except OverflowError as error:
        raise ValueError(f"{text!r} is too long") from error
    if age < timedelta():
        raise ValueError(f"{text!r} is negative")
    return age


def parse_size(text: str | int) -> int | None:
    """``500MB``, ``10GiB``, ``2Gi``, a number of bytes; ``none`` is None. Raises ``ValueError``."""
    if text == UNLIMITED:
        return None
    found = _SIZE.fullmatch(str(text))
    if found is None or (found[3] and not found[2]):
        raise ValueError(f"{text!r} is no size")
    base = 1024 if found[3] else 1000
    power = _POWERS.index(found[2].replace("K", "k") or " ")
    return int(found[1]) * int(base**power)


def age_text(age: timedelta) -> str:
    """``30d``, ``12h``, ``90s``: in the largest unit that gives a whole number."""
    seconds = int(age.total_seconds())
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def size_text(size_bytes: int) -> str:
    """For people: ``0 B``, ``1.5 MiB``."""
    size, units = float(size_bytes), ("B", "KiB", "MiB", "GiB", "TiB")
    for unit in units:
        if size < 1024 or unit == units[-1]:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    raise AssertionError("unreachable")
