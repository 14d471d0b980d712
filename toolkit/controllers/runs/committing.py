"""When decided changes are committed: together with what was decided close by.

What asks for a deed is committed as soon as everything that has come already was decided. What
asks for none waits a moment for company.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Generic, TypeVar

from toolkit.clock import Clock
from toolkit.controllers.loops.event_loop import EventLoop

T = TypeVar("T")
_WITHIN = timedelta(milliseconds=50)
_AGAIN = timedelta(seconds=1)


class Committing(Generic[T]):
    """Collects the runs that have decisions. ``commit`` writes those of some; ``committed`` then
    hears what it gave. All on the loop's thread.
    """

    def __init__(
        self,
        loop: EventLoop,
        clock: Clock,
        *,
        commit: Callable[[Sequence[str]], T],
        committed: Callable[[T], None],
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._write = commit
        self._committed = committed
        self._undone: dict[str, None] = {}
        self._since = clock.now()  # when the first of them was decided
        self._is_due = False
        self._is_timer_set = False

    def add(self, uid: str, *, is_awaited: bool) -> None:
        """A run has decided something; ``is_awaited``: something is to be done for it."""
        if not self._undone:
            self._since = self._clock.now()
        self._undone[uid] = None
        if is_awaited:
            self._soon()
        else:
            self._in_time()

    def discard(self, uid: str) -> None:
        """The run is gone."""
        self._undone.pop(uid, None)

    def now(self, uid: str) -> None:
        """Commits at once where a run has decided something: it is about to be shown."""
        if uid in self._undone:
            self._commit()

    def _soon(self) -> None:
        """After what has come already, so that it is one transaction."""
        if not self._is_due:
            self._is_due = True
            self._loop.soon(self._commit)

    def _in_time(self) -> None:
        """Once the first that waits for company has waited long enough."""
        if not self._undone or self._is_timer_set:
            return
        due = self._since + _WITHIN
        if due <= self._clock.now():
            self._soon()
        else:
            self._is_timer_set = True
            self._loop.at(due, self._look)

    def _look(self) -> None:
        """The timer: what it was set for may be committed already, and younger ones wait."""
        self._is_timer_set = False
        self._in_time()

    def _commit(self) -> None:
        self._is_due = False
        undone, self._undone = [*self._undone], {}
        if not undone:
            return
        try:
            written = self._write(undone)
        except BaseException:  # nothing was done yet: it is decided still
            self._undone = dict.fromkeys(undone) | self._undone
            self._loop.at(self._clock.now() + _AGAIN, self._commit)
            raise
        self._committed(written)
