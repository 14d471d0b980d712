"""A watch as a stream of lines, woken by commits."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Hashable
from dataclasses import dataclass

import orjson

from toolkit.adapters.http.workers import off_loop
from toolkit.apiserver.logical_cluster import LogicalCluster, Request
from toolkit.apiserver.reading import ListOptions
from toolkit.apiserver.refusals import status_of
from toolkit.apiserver.selectors import Selector
from toolkit.errors import ClusterError
from toolkit.resource.resource import Body

BOOKMARK_EVERY_S = 60.0
DEFAULT_TIMEOUT_S = 1800


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """``since`` None: begin with what there is; ``ends_initial``: a bookmark says where it ends."""

    selector: Selector
    since: int | None
    timeout_s: float = DEFAULT_TIMEOUT_S
    has_bookmarks: bool = False
    ends_initial: bool = False


Shape = Callable[[Body], Body]
"""What the client gets for an object: a table with one row."""


class SharedReads:
    """Watchers of one kind are woken together, mostly stand at one version, and then read once.

    A read that began before the newest commit is not shared with who was woken by that. For one
    loop.
    """

    def __init__(self) -> None:
        self._under_way: dict[Hashable, asyncio.Task[tuple[bytes, int]]] = {}

    def forget(self) -> None:
        """To be called for each commit before who it wakes reads."""
        self._under_way.clear()

    async def read(
        self, what: Hashable, work: Callable[[], tuple[bytes, int]]
    ) -> tuple[bytes, int]:
        """What ``work`` gives, or who asked for the same did."""
        task = self._under_way.get(what)
        if task is None:
            task = self._under_way[what] = asyncio.ensure_future(off_loop(work))
            task.add_done_callback(lambda done: self._drop(what, done))
        return await asyncio.shield(task)  # one that leaves must not end it for the others

    def _drop(self, what: Hashable, task: asyncio.Task[tuple[bytes, int]]) -> None:
        if self._under_way.get(what) is task:
            del self._under_way[what]


async def watch_lines(
    cluster: LogicalCluster,
    request: Request,
    options: WatchOptions,
    shape: Shape | None,
    stopping: asyncio.Event,
    shared: SharedReads | None = None,
) -> AsyncIterator[bytes]:
    """Lines, some at a time, until the time is over or the server stops. ``shape`` None: objects as
    they are. A failure is an ERROR event, the last.
    """
    loop = asyncio.get_running_loop()
    changed = asyncio.Event()
    shared = shared or SharedReads()

    def look() -> None:
        shared.forget()
        changed.set()

    def wake() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, and the watch with it
            loop.call_soon_threadsafe(look)

    watch = _Watch(cluster, request, options.selector, shape, shared)
    unsubscribe = cluster.subscribe(wake, request.kind)
    try:
        async for lines in _lines(watch, options, changed, stopping):
            if lines:
                yield lines
    except ClusterError as error:
        yield orjson.dumps({"type": "ERROR", "object": status_of(error)}) + b"\n"
    finally:
        unsubscribe()


async def _lines(
    watch: _Watch, options: WatchOptions, changed: asyncio.Event, stopping: asyncio.Event
) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + options.timeout_s
    if options.since is not None:
        since = options.since
    else:
        lines, since = await off_loop(watch.present)
        yield lines
        if options.ends_initial:
            yield watch.bookmark(since, ends_initial=True)
    while not stopping.is_set():
        changed.clear()
        lines, since = await watch.since(since)
        yield lines
        left = deadline - loop.time()
        if left <= 0:
            break
        if not await _first_of(changed, stopping, min(left, BOOKMARK_EVERY_S)):
            if options.has_bookmarks:
                yield watch.bookmark(since)
            if deadline - loop.time() <= 0:
                return


@dataclass(frozen=True, slots=True)
class _Watch:
    """What is watched, as lines and the version they reach."""

    cluster: LogicalCluster
    request: Request
    selector: Selector
    shape: Shape | None
    shared: SharedReads

    def present(self) -> tuple[bytes, int]:
        """Blocks."""
        page = self.cluster.list(self.request, ListOptions(self.selector))
        if self.shape is None:
            return b"".join(_line_of("ADDED", text) for text in page.texts), page.version
        return b"".join(self._line("ADDED", body) for body in page.bodies()), page.version

    async def since(self, version: int) -> tuple[bytes, int]:
        if self.shape is not None or self.selector:
            return await off_loop(self._chosen, version)
        kind = self.request.kind
        what = (self.cluster.name, kind.gvk, self.request.namespace, version)
        return await self.shared.read(what, lambda: self._news(version))

    def _news(self, version: int) -> tuple[bytes, int]:
        news = self.cluster.news(self.request, version)
        return b"".join(_line_of(*event) for event in news.events), news.version

    def _chosen(self, version: int) -> tuple[bytes, int]:
        batch = self.cluster.changes(self.request, self.selector, version)
        lines = (self._line(event.type, event.object) for event in batch.events)
        return b"".join(lines), batch.version

    def bookmark(self, version: int, *, ends_initial: bool = False) -> bytes:
        event = self.cluster.bookmark(self.request, version, ends_initial=ends_initial)
        return self._line(event.type, event.object)

    def _line(self, type: str, body: Body) -> bytes:
        shaped = self.shape(body) if self.shape else body
        return orjson.dumps({"type": type, "object": shaped}) + b"\n"


def _line_of(type: str, text: str) -> bytes:
    """The text is passed on as it is stored: to read and write it anew for each watcher is most of
    what a watch costs.
    """
    return f'{{"type":"{type}","object":{text}}}\n'.encode()


async def _first_of(changed: asyncio.Event, stopping: asyncio.Event, timeout_s: float) -> bool:
    """Whether one of them came within the time."""
    waits = [asyncio.ensure_future(event.wait()) for event in (changed, stopping)]
    try:
        done, _ = await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return bool(done)
