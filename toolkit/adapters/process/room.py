"""How much of this machine steps have taken, and whether there is room for more."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction

from toolkit.workflow.pods.resources import NOTHING, Amounts

_GIBI = 1 << 30


@dataclass(slots=True)
class Room:
    """``capacity`` is the machine's, ``most`` how many steps run at once. Not thread-safe: its
    owner holds a lock.
    """

    capacity: Amounts
    most: int
    taken: Amounts = NOTHING
    running: int = 0

    def refusal(self, wanted: Amounts) -> str:
        """Why there will never be room; "" where there may be."""
        if wanted.cpu > self.capacity.cpu:
            has = f"{_number(self.capacity.cpu)} processors"
            return f"it requests {_number(wanted.cpu)} processors, and this machine has {has}"
        if wanted.memory_bytes > self.capacity.memory_bytes:
            asks, has = _size(wanted.memory_bytes), _size(self.capacity.memory_bytes)
            return f"it requests {asks} of memory, and this machine has {has}"
        return ""

    def why_not(self, wanted: Amounts) -> str:
        """Why there is no room now; "" where there is."""
        free = self.capacity - self.taken
        if self.is_full:
            return f"waiting: {self.most} steps run, which is as many as this machine runs at once"
        if not Amounts(cpu=wanted.cpu).fits(free) and wanted.cpu:
            asks = f"{_number(wanted.cpu)} are requested"
            return f"waiting for processors: {asks}, {_number(max(0.0, free.cpu))} are free"
        if wanted.memory_bytes and wanted.memory_bytes > free.memory_bytes:
            asks, rest = _size(wanted.memory_bytes), _size(max(0, free.memory_bytes))
            return f"waiting for memory: {asks} are requested, {rest} are free"
        return ""

    @property
    def is_full(self) -> bool:
        return self.running >= self.most

    def take(self, wanted: Amounts) -> None:
        """Whether there is room or not: what runs already has taken it."""
        self.taken += wanted
        self.running += 1

    def give(self, back: Amounts) -> None:
        self.taken -= back
        self.running -= 1

    def stand_aside(self) -> None:
        """One that runs for others to use no longer keeps them from running."""
        self.running -= 1


def machine() -> Amounts:
    """The processors we may use, and the memory there is."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Amounts(float(len(os.sched_getaffinity(0))), memory)


def _number(amount: float) -> str:
    return f"{float(Fraction(amount).limit_denominator(1000)):g}"


def _size(size_bytes: int) -> str:
    return f"{size_bytes / _GIBI:.3g} GiB"
