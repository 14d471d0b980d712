"""``pods/<name>/log``: a step's log, followed while it runs."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from toolkit.adapters.embedded import pod_address
from toolkit.adapters.http import asked
from toolkit.apiserver.logical_cluster import LogicalCluster, Request
from toolkit.errors import BadRequestError, NotFoundError
from toolkit.workflow.ports import LogStore

_UNSUPPORTED = ("previous", "sinceSeconds", "sinceTime", "limitBytes")
_LINES_AHEAD = 1_000


async def log_response(
    cluster: LogicalCluster,
    request: Request,
    query: Mapping[str, str],
    log_store: LogStore | None,
) -> Response:
    """Raises NotFoundError for an unknown pod, BadRequestError for what is not supported."""
    for name in _UNSUPPORTED:
        if query.get(name, "false") != "false":
            raise BadRequestError(f"pods/log: {name} is not supported")
    pod = await run_in_threadpool(cluster.get, replace(request, subresource=""))
    if log_store is None:
        raise NotFoundError(f'no log is kept of pods "{request.name}"')
    lines = await run_in_threadpool(
        log_store.lines,
        pod_address(cluster.name, pod),
        container=query.get("container") or "main",
        follow=asked.flag_set(query, "follow"),
        tail_lines=asked.number(query, "tailLines", 0) if query.get("tailLines") else None,
        timestamps=asked.flag_set(query, "timestamps"),
    )
    encoded = (line.encode() + b"\n" for line in lines)
    return StreamingResponse(from_thread(encoded), media_type="text/plain")


async def from_thread(lines: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Followed in a thread of its own: a quiet log must not hold a worker of the pool."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[bytes | None] = asyncio.Queue(_LINES_AHEAD)
    is_over = threading.Event()

    def send(line: bytes | None) -> None:
        asyncio.run_coroutine_threadsafe(queue.put(line), loop).result()

    def read() -> None:
        with contextlib.suppress(RuntimeError, asyncio.CancelledError):  # the reader has left
            try:
                for line in lines:
                    if is_over.is_set():
                        return
                    send(line)
            finally:
                send(None)

    threading.Thread(target=read, name="log-stream", daemon=True).start()
    try:
        while (line := await queue.get()) is not None:
            yield line
    finally:
        is_over.set()
        while not queue.empty():  # a writer that waits for room must not wait for ever
            queue.get_nowait()
