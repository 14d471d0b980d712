"""Keeps an environment reconciled: notices deploy commits, whoever pushed them, and drift."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from toolkit.clock import Clock
from toolkit.controllers.delivery.reconciler import Reconciler, SyncReport
from toolkit.controllers.delivery.sync_request import SyncRequest
from toolkit.errors import RefusedError, ToolkitError

_FIRST_RETRY = timedelta(seconds=5)
_LAST_RETRY = timedelta(seconds=180)
_REST_PER_LOOK = 20

AUTOMATION = "automation"
SELF_HEAL = "self-heal"

Notice = Callable[[str, SyncReport | Exception], None]
"""Called with the environment's name and what came of a sync that was worth a word."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often requests are looked for (``poll``), the branch (``follow``: as often as a look at
    it is cheap), and the cluster (``heal``).
    """

    poll: timedelta = timedelta(seconds=1)
    follow: timedelta = timedelta(seconds=1)
    heal: timedelta = timedelta(seconds=10)


class SyncLoop:
    """The loop of one environment. ``take_request`` gives what a verb asked for, or None.

    A commit is tried at once; where it fails, again after 5 s, 10 s … 3 min, and a newer commit
    does not wait for that. A refused one is tried again only when the guards no longer object.
    """

    def __init__(
        self,
        reconciler: Reconciler,
        *,
        clock: Clock,
        notice: Notice,
        take_request: Callable[[], SyncRequest | None] = lambda: None,
        pace: Pace | None = None,
    ) -> None:
        self._reconciler = reconciler
        self._clock = clock
        self._notice = notice
        self._take_request = take_request
        self._pace = pace or Pace()
        self._tip = ""
        self._follow_at: datetime | None = None
        self._heal_at: datetime | None = None
        self._retry_at: datetime | None = None
        self._retry = _FIRST_RETRY
        self._failed_commit = ""
        self._refused_commit = ""
        self._is_dark = False

    @property
    def name(self) -> str:
        return self._reconciler.environment.name

    def run(self, stop: threading.Event) -> None:
        """Until ``stop`` is set. An unfinished sync is finished first."""
        self._guarded(self._resume)
        while not stop.is_set():
            self.tick()
            stop.wait(self._pace.poll.total_seconds())

    def tick(self) -> None:
        """One look, and what follows from it. Never raises."""
        self._guarded(self._look)

    def _look(self) -> None:
        request = self._take_request()
        if request is not None:
            self._sync(request.initiator, request.approval)
            return
        if not self._reconciler.environment.sync.automated:
            return
        commit = self._branch_tip()
        self._is_dark = False
        if not commit:
            return
        if commit == self._failed_commit and self._retry_at and self._clock.now() < self._retry_at:
            return
        state = self._reconciler.state()
        if state is None or state.commit != commit:
            self._follow(commit)
        elif self._reconciler.environment.sync.self_heal:
            self._heal(commit)

    def _branch_tip(self) -> str:
        now = self._clock.now()
        if self._follow_at is None or now >= self._follow_at:
            self._tip = self._reconciler.tip()
            self._follow_at = now + self._pace.follow
        return self._tip

    def _follow(self, commit: str) -> None:
        """A commit that is not synced yet."""
        if commit == self._refused_commit and (
            not self._is_time_to_heal() or self._reconciler.plan(commit).refusals
        ):
            return
        self._sync(AUTOMATION)

    def _heal(self, commit: str) -> None:
        """A commit that was synced: the cluster may have moved away from it."""
        if not self._is_time_to_heal():
            return
        started = self._clock.now()
        sync_plan = self._reconciler.plan(commit)
        self._rest(self._clock.now() - started)
        is_refused_again = commit == self._refused_commit and sync_plan.refusals
        if sync_plan.changes and not is_refused_again:
            self._sync(SELF_HEAL)

    def _rest(self, took: timedelta) -> None:
        """Looking at a large environment takes its time: no more than a part of ours."""
        self._heal_at = self._clock.now() + max(self._pace.heal, took * _REST_PER_LOOK)

    def _is_time_to_heal(self) -> bool:
        now = self._clock.now()
        if self._heal_at is not None and now < self._heal_at:
            return False
        self._heal_at = now + self._pace.heal
        return True

    def _sync(self, initiator: str, approval: str = "") -> None:
        commit = ""
        try:
            commit = self._reconciler.tip()
            report = self._reconciler.sync(initiator=initiator, approval=approval)
        except RefusedError as error:
            self._refused_commit = commit
            self._heal_at = self._clock.now() + self._pace.heal
            self._notice(self.name, error)
        except ToolkitError as error:
            self._back_off(commit)
            self._notice(self.name, error)
        else:
            self._failed_commit = self._refused_commit = ""
            self._retry = _FIRST_RETRY
            self._heal_at = self._clock.now() + self._pace.heal
            self._notice(self.name, report)

    def _back_off(self, commit: str) -> None:
        is_again = commit == self._failed_commit
        self._retry = min(self._retry * 2, _LAST_RETRY) if is_again else _FIRST_RETRY
        self._failed_commit = commit
        self._retry_at = self._clock.now() + self._retry

    def _resume(self) -> None:
        report = self._reconciler.resume()
        if report is not None:
            self._notice(self.name, report)

    def _guarded(self, work: Callable[[], None]) -> None:
        """A loop outlives what it meets. What stays out of reach is told once."""
        try:
            work()
        except Exception as error:  # a bug must not end deliveries either
            if not self._is_dark:
                self._notice(self.name, error)
            self._is_dark = True
