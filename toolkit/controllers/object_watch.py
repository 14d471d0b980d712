"""Follows one kind of object: a list, then every change, on a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from toolkit.controllers.event_loop import EventLoop
from toolkit.errors import ClusterError, GoneError
from toolkit.resource.cluster import Cluster, WatchEvent
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body

_WATCH_S = 1.0
_RETRY_S = 1.0


class ObjectWatch:
    """``listed`` is called with all objects, at first and whenever changes may have been missed;
    ``changed`` with every change after. Both on ``loop``, in order.
    """

    def __init__(
        self,
        cluster: Cluster,
        gvk: GroupVersionKind,
        loop: EventLoop,
        *,
        listed: Callable[[tuple[Body, ...]], None],
        changed: Callable[[WatchEvent], None],
    ) -> None:
        self._cluster = cluster
        self._gvk = gvk
        self._loop = loop
        self._listed = listed
        self._changed = changed
        self._closing = threading.Event()
        name = f"watch-{gvk.kind.lower()}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

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
        self._loop.soon(partial(self._listed, found.items))
        return found.resource_version

    def _follow(self, version: str) -> None:
        while not self._closing.is_set():
            for event in self._cluster.watch(
                self._gvk, resource_version=version, timeout_s=_WATCH_S
            ):
                version = str(event.object["metadata"]["resourceVersion"])
                if event.type != "BOOKMARK":
                    self._loop.soon(partial(self._changed, event))
                if self._closing.is_set():
                    return
