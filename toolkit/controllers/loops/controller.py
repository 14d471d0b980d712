"""What the controllers of the embedded cluster share: one loop that decides, and watches."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from toolkit.clock import Clock
from toolkit.controllers.loops.event_loop import EventLoop
from toolkit.controllers.loops.object_watch import Watches
from toolkit.resource.cluster import Cluster, WatchEvent
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body

ClusterT = TypeVar("ClusterT", bound=Cluster)


class Controller(Generic[ClusterT]):
    """All decisions are made on ``loop``'s thread; each watch has a thread that feeds it.

    Those who run several stop them all before they close the first: a watch takes about a second
    to run out. Who shares ``watches`` with others starts, stops and closes those with them.
    """

    def __init__(
        self,
        name: str,
        cluster: ClusterT,
        clock: Clock,
        on_error: Callable[[Exception], None],
        watches: Watches | None = None,
    ) -> None:
        """``name`` is the loop's, for its thread; ``on_error`` hears what a decision raised."""
        self._cluster = cluster
        self._clock = clock
        self.loop = EventLoop(name, clock, on_error)
        self._watches = watches or Watches(cluster)

    def follow(
        self,
        gvk: GroupVersionKind,
        *,
        listed: Callable[[Iterable[Body]], None],
        changed: Callable[[WatchEvent], None],
    ) -> None:
        """Has the objects of a kind watched, from ``start`` on (see :class:`ObjectWatch`)."""
        self._watches.of(gvk).follow(self.loop, listed=listed, changed=changed)

    def start(self) -> None:
        """Begins to watch and to decide."""
        self.loop.start()
        self._watches.start()

    def stop(self) -> None:
        """Says that ``close`` will come: what has to run out begins to. Returns at once."""
        self._watches.stop()

    def close(self) -> None:
        """Ends watching, then deciding; an action under way is finished."""
        self._watches.close()
        self.loop.close()
