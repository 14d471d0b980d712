"""ParallelMap on threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


class ThreadMap:
    """At most ``workers`` at once; the threads end with each call."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def __call__(self, work: Callable[[T], R], items: Sequence[T], /) -> list[R]:
        if len(items) < 2:
            return [work(item) for item in items]
        with ThreadPoolExecutor(min(self._workers, len(items))) as pool:
            return list(pool.map(work, items))
