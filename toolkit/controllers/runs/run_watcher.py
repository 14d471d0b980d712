"""Who hears of every decision about a run, and changes nothing: metrics, traces."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from toolkit.workflow.run import Run, Transition


class RunWatcher(Protocol):
    """Called on the controllers' threads; must not raise, and must not take long."""

    def decided(self, run: Run, transition: Transition, took: timedelta) -> None:
        """``run`` is as it was before; of one that begins, it has no phase."""
        ...

    def ended(self, run: Run) -> None:
        """With all of its rows."""
        ...

    def recovered(self, run: Run) -> None:
        """It goes on after a restart."""
        ...


class RunWatchers:
    """Several as one."""

    def __init__(self, watchers: Sequence[RunWatcher] = ()) -> None:
        self._watchers = watchers

    def decided(self, run: Run, transition: Transition, took: timedelta) -> None:
        for watcher in self._watchers:
            watcher.decided(run, transition, took)

    def ended(self, run: Run) -> None:
        for watcher in self._watchers:
            watcher.ended(run)

    def recovered(self, run: Run) -> None:
        for watcher in self._watchers:
            watcher.recovered(run)


def begin(watcher: RunWatcher, transition: Transition, took: timedelta) -> Run:
    """The run that a submit's transition begins, told to the watcher."""
    run = Run.start(transition)
    before = Run({**run.row, "phase": "", "stage": "main"})
    take_over(watcher, before, transition, took)
    return run


def take_over(watcher: RunWatcher, run: Run, transition: Transition, took: timedelta) -> None:
    """Applies a transition, told to the watcher before and, where the run ends, after."""
    was_finished = run.is_finished
    watcher.decided(run, transition, took)
    run.apply(transition)
    if run.is_finished and not was_finished:
        watcher.ended(run)
