"""A watch as a stream of lines, woken by commits."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import orjson

from toolkit.adapters.http.workers import off_loop
from toolkit.apiserver.logical_cluster import LogicalCluster, Request
from toolkit.apiserver.reading import ListOptions
from toolkit.apiserver.refusals import status_of
from toolkit.apiserver.selectors import Selector
from toolkit.errors import ClusterError
from toolkit.resource.cluster import WatchEvent
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
"""What the client gets for an object: itself, or a table with one row."""


async def watch_lines(
    cluster: LogicalCluster,
    request: Request,
    options: WatchOptions,
    shape: Shape,
    stopping: asyncio.Event,
) -> AsyncIterator[bytes]:
    """Lines until the time is over or the server stops. A failure is an ERROR event, the last."""
    loop = asyncio.get_running_loop()
    changed = asyncio.Event()

    def wake() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, and the watch with it
            loop.call_soon_threadsafe(changed.set)

    unsubscribe = cluster.subscribe(wake)
    try:
        async for event in _events(cluster, request, options, changed, stopping):
            yield _line(event, shape)
    except ClusterError as error:
        yield orjson.dumps({"type": "ERROR", "object": status_of(error)}) + b"\n"
    finally:
        unsubscribe()


async def _events(
    cluster: LogicalCluster,
    request: Request,
    options: WatchOptions,
    changed: asyncio.Event,
    stopping: asyncio.Event,
) -> AsyncIterator[WatchEvent]:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + options.timeout_s
    since = options.since
    if since is None:
        page = await off_loop(cluster.list, request, ListOptions(options.selector))
        for body in page.bodies():
            yield WatchEvent("ADDED", body)
        since = page.version
        if options.ends_initial:
            yield cluster.bookmark(request, since, ends_initial=True)
    while not stopping.is_set():
        changed.clear()
        batch = await off_loop(cluster.changes, request, options.selector, since)
        since = batch.version
        for event in batch.events:
            yield event
        left = deadline - loop.time()
        if left <= 0:
            break
        if not await _first_of(changed, stopping, min(left, BOOKMARK_EVERY_S)):
            if options.has_bookmarks:
                yield cluster.bookmark(request, since)
            if deadline - loop.time() <= 0:
                return


async def _first_of(changed: asyncio.Event, stopping: asyncio.Event, timeout_s: float) -> bool:
    """Whether one of them came within the time."""
    waits = [asyncio.ensure_future(event.wait()) for event in (changed, stopping)]
    try:
        done, _ = await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return bool(done)


def _line(event: WatchEvent, shape: Shape) -> bytes:
    return orjson.dumps({"type": event.type, "object": shape(event.object)}) + b"\n"
