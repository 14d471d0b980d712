"""Keeps the cluster's picture of the active runs up to date, a burst of changes at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from toolkit.clock import Clock
from toolkit.controllers.loops.event_loop import EventLoop
from toolkit.controllers.runs.active_run import ActiveRun
from toolkit.controllers.runs.projecting import WORKFLOW, Canvas, draw_pods, draw_workflow, drawn
from toolkit.controllers.runs.run_locks import RunLocks
from toolkit.errors import ClusterError, ConflictError, NotFoundError
from toolkit.resource.cluster import ObjectRef
from toolkit.resource.resource import Body
from toolkit.workflow.commands import StartContainer
from toolkit.workflow.nodes import PENDING
from toolkit.workflow.ports import Executor

_DRAW_AGAIN = timedelta(seconds=1)


class Picture:
    """All on the loop's thread. ``before`` is called before a run is looked at, ``seen`` with a
    Workflow that somebody changed while it was drawn, ``after_end`` once the end is shown.
    """

    def __init__(  # noqa: PLR0913 - one argument for each port and each thing to be told
        self,
        canvas: Canvas,
        active: Mapping[str, ActiveRun],
        *,
        executor: Executor,
        clock: Clock,
        loop: EventLoop,
        before: Callable[[str], None],
        seen: Callable[[Body], None],
        after_end: Callable[[str], None],
        locks: RunLocks,
    ) -> None:
        self._canvas = canvas
        self._active = active
        self._executor = executor
        self._clock = clock
        self._loop = loop
        self._before = before
        self._seen = seen
        self._after_end = after_end
        self._locks = locks

    def show(self, uid: str, active: ActiveRun) -> None:
        """Arranges for the next write; a burst of changes is one."""
        now = self._clock.now()
        when = active.shown.next_flush(active.run, now)
        if when is None or (active.shown.is_flush_due and when > now):
            return
        active.shown.is_flush_due = True
        if when <= now:
            self._loop.soon(lambda: self.flush(uid))
        else:
            self._loop.at(when, lambda: self.flush(uid))

    def flush(self, uid: str) -> None:
        """Writes now what has changed."""
        active = self._active.get(uid)
        if active is None or not active.shown.is_behind:
            return
        active.shown.is_flush_due = False
        self._before(uid)
        try:
            self._draw(uid, active)
        except ConflictError:
            self._look_at(uid, active)
        except NotFoundError:
            return  # deleted: the watch will say so
        except ClusterError:
            self._loop.at(self._clock.now() + _DRAW_AGAIN, lambda: self.flush(uid))
            raise

    def _draw(self, uid: str, active: ActiveRun) -> None:
        """Some pods, and let others have their turn; or the Workflow, once there are none left."""
        began = self._clock.now()
        if not draw_pods(active.shown, active.run, self._canvas):
            active.shown.is_flush_due = True
            self._loop.soon(lambda: self.flush(uid))
            return
        draw_workflow(
            active.shown,
            active.run,
            self._canvas,
            waiting=self._waiting(active),
            locks=self._locks.seen(uid),
        )
        drawn(active.shown, active.run, began, self._clock.now())
        if active.run.is_finished:
            self._after_end(uid)

    def _waiting(self, active: ActiveRun) -> dict[str, str]:
        """Why pending nodes do not start."""
        reasons: dict[str, str] = {}
        for command in active.commands.values():
            node = active.run.nodes.get(getattr(command, "node_id", ""))
            if isinstance(command, StartContainer) and node and node.phase == PENDING:
                reasons[node.id] = self._executor.why_waiting(command.id)
        return {node_id: reason for node_id, reason in reasons.items() if reason}

    def _look_at(self, uid: str, active: ActiveRun) -> None:
        """Somebody changed the Workflow: what they want comes before what we show."""
        metadata = active.shown.live["metadata"]
        ref = ObjectRef(WORKFLOW, str(metadata["namespace"]), str(metadata["name"]))
        live = self._canvas.get(ref)
        if live is not None and live["metadata"]["uid"] == uid:
            self._seen(live)
