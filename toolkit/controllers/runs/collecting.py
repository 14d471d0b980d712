"""Deletes the artifacts of runs that have ended, before the end counts as shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from toolkit.clock import Clock
from toolkit.controllers.calls.calls import Calls
from toolkit.controllers.runs.active_run import ActiveRun
from toolkit.resource.resource import Body
from toolkit.workflow.outputs.artifact_gc import FINALIZER, collected, doomed, due_strategies
from toolkit.workflow.ports import Change, RunStore
from toolkit.workflow.run import Run


class Collecting:
    """All on the loop's thread. ``show`` is called with a run whose rows have changed. After a
    crash the deletions are made again: what is gone already is no failure.
    """

    def __init__(
        self,
        active: Mapping[str, ActiveRun],
        calls: Calls,
        runs: RunStore,
        clock: Clock,
        show: Callable[[str], None],
    ) -> None:
        self._active = active
        self._calls = calls
        self._runs = runs
        self._clock = clock
        self._show = show

    def begin(self, uid: str) -> bool:
        """Deletes what is due, and shows the run again then; False where nothing is due."""
        active = self._active[uid]
        is_deleted = is_going(active.shown.live)
        strategies = due_strategies(active.run, is_deleted=is_deleted)
        if not strategies:
            return False
        self._calls.collect(
            doomed(active.run, is_deleted=is_deleted),
            active.run.namespace,
            lambda results: self._collected(uid, strategies, results),
        )
        return True

    def _collected(
        self, uid: str, strategies: tuple[str, ...], results: dict[tuple[str, str], str]
    ) -> None:
        active = self._active.get(uid)
        if active is None:
            return
        transition = collected(active.run, strategies, results)
        self._runs.commit(Change(uid, transition, self._clock.now()))
        active.run.apply(transition)
        active.shown.note(transition)
        self._show(uid)


def is_going(live: Body) -> bool:
    """Whether the Workflow is being deleted, and waits for its finalizers."""
    return bool(live["metadata"].get("deletionTimestamp"))


def is_awaited(run: Run, live: Body) -> bool:
    """Whether the Workflow is being deleted and waits for us to delete artifacts."""
    holds = FINALIZER in (live["metadata"].get("finalizers") or ())
    return is_going(live) and holds and bool(due_strategies(run, is_deleted=True))
