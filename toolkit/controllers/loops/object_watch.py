"""Follows kinds of objects: a list, then every change, on a thread for each kind.

Controllers of one cluster share what they watch: each change is read once, whoever asked for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from toolkit.controllers.loops.event_loop import EventLoop
from toolkit.errors import ClusterError, GoneError
from toolkit.resource.cluster import Cluster, WatchEvent
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body

_WATCH_S = 1.0
_RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class _Follower:
    loop: EventLoop
    listed: Callable[[tuple[Body, ...]], None]
    changed: Callable[[WatchEvent], None]


class ObjectWatch:
    """Of one kind, for all who :meth:`follow` it before it starts."""

    def __init__(self, cluster: Cluster, gvk: GroupVersionKind) -> None:
        self._cluster = cluster
        self._gvk = gvk
        self._followers: list[_Follower] = []
        self._closing = threading.Event()
        name = f"watch-{gvk.kind.lower()}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def follow(
        self,
        loop: EventLoop,
        *,
        listed: Callable[[tuple[Body, ...]], None],
        changed: Callable[[WatchEvent], None],
    ) -> None:
        """``listed`` is called with all objects, at first and whenever changes may have been
        missed; ``changed`` with every change after. Both on ``loop``, in order. The objects are
        everybody's: not to be changed.
        """
        self._followers.append(_Follower(loop, listed, changed))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Tells the watch to end; returns at once. Stop all of them, then close each."""
        self._closing.set()

    def close(self) -> None:
        """Returns when the watch under way has timed out: about a second."""
        self.stop()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._follow(self._list())
            except GoneError:
                continue
            except ClusterError:
                self._closing.wait(_RETRY_S)

    def _list(self) -> str:
        found = self._cluster.list(self._gvk)
        for each in self._followers:
            each.loop.soon(partial(each.listed, found.items))
        return found.resource_version

    def _follow(self, version: str) -> None:
        while not self._closing.is_set():
            for event in self._cluster.watch(
                self._gvk, resource_version=version, timeout_s=_WATCH_S
            ):
                version = str(event.object["metadata"]["resourceVersion"])
                if event.type != "BOOKMARK":
                    self._tell(event)
                if self._closing.is_set():
                    return

    def _tell(self, event: WatchEvent) -> None:
        for each in self._followers:
            each.loop.soon(partial(each.changed, event))


class Watches:
    """Those of one cluster. What shares them begins and ends together."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._by_kind: dict[GroupVersionKind, ObjectWatch] = {}
        self._is_started = False

    def of(self, gvk: GroupVersionKind) -> ObjectWatch:
        """To be followed before the start."""
        return self._by_kind.setdefault(gvk, ObjectWatch(self._cluster, gvk))

    def start(self) -> None:
        """Starts them, once."""
        if not self._is_started:
            self._is_started = True
            for watch in self._by_kind.values():
                watch.start()

    def stop(self) -> None:
        """See :meth:`ObjectWatch.stop`."""
        for watch in self._by_kind.values():
            watch.stop()

    def close(self) -> None:
        """See :meth:`ObjectWatch.close`."""
        self.stop()
        for watch in self._by_kind.values():
            watch.close()
