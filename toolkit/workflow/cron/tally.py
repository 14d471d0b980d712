"""What is added up of a forecast as it passes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappush, heappushpop
from typing import Final

from toolkit.workflow.cron.forecast import RUNS, Coming, Planned
from toolkit.workflow.cron.instants import MINUTE

_BUSIEST: Final = 10


@dataclass(slots=True)
class Tally:
    """What :func:`counted` adds up, by a cron's place; ``busiest``: minute and its ticks."""

    total: int = 0
    ticks: list[int] = field(default_factory=list)
    overlaps: list[int] = field(default_factory=list)
    first_overlap: list[int | None] = field(default_factory=list)
    busiest: list[tuple[int, int]] = field(default_factory=list)


def counted(coming: Iterator[Coming], crons: Sequence[Planned], tally: Tally) -> Iterator[Coming]:
    """Passes the ticks on, and adds them up in ``tally``, which is complete when they end."""
    ticks, overlaps = [0] * len(crons), [0] * len(crons)
    firsts: list[int | None] = [None] * len(crons)
    tally.ticks, tally.overlaps, tally.first_overlap = ticks, overlaps, firsts
    busiest: list[tuple[int, int]] = []
    minute, at_once = -1, 0
    for one in coming:
        at, cron, _, fate = one
        ticks[cron] += 1
        if fate != RUNS:
            overlaps[cron] += 1
            if firsts[cron] is None:
                firsts[cron] = at
        if at // MINUTE == minute:
            at_once += 1
        else:
            _rank(busiest, at_once, minute)
            minute, at_once = at // MINUTE, 1
        yield one
    _rank(busiest, at_once, minute)
    tally.total = sum(ticks)
    tally.busiest = [(-minute * MINUTE, many) for many, minute in sorted(busiest, reverse=True)]


def _rank(busiest: list[tuple[int, int]], ticks: int, minute: int) -> None:
    """Keep the minutes with the most ticks; of equals the earlier (hence the sign). One tick in a
    minute is not busy.
    """
    if ticks > 1:
        entry = (ticks, -minute)
        if len(busiest) < _BUSIEST:
            heappush(busiest, entry)
        else:
            heappushpop(busiest, entry)
