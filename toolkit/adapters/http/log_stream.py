"""``pods/<name>/log``: a step's log, followed while it runs.

A line's time is when its log was last written to before the line was read, which is what
``sinceTime`` and ``sinceSeconds`` go by.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from starlette.responses import Response, StreamingResponse

from toolkit.adapters.embedded import find_log
from toolkit.adapters.http import asked
from toolkit.apiserver.logical_cluster import LogicalCluster, Request
from toolkit.errors import BadRequestError, NotFoundError
from toolkit.resource.resource import Body
from toolkit.workflow.ports import LogStore
from toolkit.workflow.status.projection import DEFAULT_CONTAINER

_STAMP = "%Y-%m-%dT%H:%M:%S.%fZ"
"""As lines are stamped: in order as texts."""
_LINES_AHEAD = 1_000


def log_response(
    cluster: LogicalCluster,
    request: Request,
    query: Mapping[str, str],
    log_store: LogStore | None,
    now: datetime,
) -> Response:
    """Blocks. Raises NotFoundError for an unknown pod, BadRequestError for what cannot be had."""
    wanted = log_options(query, now)
    if log_store is None:
        raise NotFoundError(f'no log is kept of pods "{request.name}"')
    address, pod = find_log(cluster, replace(request, subresource=""), log_store)
    lines = log_store.lines(
        address,
        container=_container(pod, query.get("container") or ""),
        follow=asked.flag_set(query, "follow"),
        tail_lines=wanted.tail_lines,
        timestamps=wanted.needs_timestamps,
    )
    return StreamingResponse(from_thread(encoded(lines, wanted)), media_type="text/plain")


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Which lines, and how. ``since`` in the form of the lines' own timestamps."""

    since: str | None
    tail_lines: int | None
    limit_bytes: int | None
    timestamps: bool

    @property
    def needs_timestamps(self) -> bool:
        return self.timestamps or self.since is not None


def log_options(query: Mapping[str, str], now: datetime) -> LogOptions:
    """Raises BadRequestError for what cannot be had."""
    if asked.flag_set(query, "previous"):
        raise BadRequestError(
            "previous terminated container not found: a step that is tried again is another pod"
        )
    limit = query.get("limitBytes")
    if limit is not None and not asked.number(query, "limitBytes", 0):
        raise BadRequestError("limitBytes must be greater than 0")
    return LogOptions(
        _since(query, now),
        asked.number(query, "tailLines", 0) if query.get("tailLines") else None,
        int(limit) if limit else None,
        asked.flag_set(query, "timestamps"),
    )


def _since(query: Mapping[str, str], now: datetime) -> str | None:
    if query.get("sinceSeconds") and query.get("sinceTime"):
        raise BadRequestError("at most one of sinceTime or sinceSeconds may be specified")
    try:
        if query.get("sinceSeconds"):
            since = now - timedelta(seconds=asked.number(query, "sinceSeconds", 0))
        elif query.get("sinceTime"):
            since = datetime.fromisoformat(query["sinceTime"])
        else:
            return None
        return since.astimezone(UTC).strftime(_STAMP)
    except (ValueError, OverflowError):
        raise BadRequestError("sinceTime and sinceSeconds must name a time") from None


def _container(pod: Body, wanted: str) -> str:
    """The container asked for, else the default one. Raises BadRequestError for one that is not
    there.
    """
    spec = pod.get("spec") or {}
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    names = [str(container.get("name")) for container in containers]
    if wanted and names and wanted not in names:
        name = pod["metadata"]["name"]
        raise BadRequestError(f"container {wanted} is not valid for pod {name}")
    annotations = (pod.get("metadata") or {}).get("annotations") or {}
    return wanted or annotations.get(DEFAULT_CONTAINER) or next(iter(names), "main")


def encoded(lines: Iterator[str], wanted: LogOptions) -> Iterator[bytes]:
    """Those of the store's lines that are wanted, with their ends. The store is to be asked for
    timestamps where :attr:`LogOptions.needs_timestamps`.
    """
    left = wanted.limit_bytes
    for line in lines:
        stamp, _, rest = line.partition(" ")
        if wanted.since is not None and stamp < wanted.since:
            continue
        is_bare = wanted.since is not None and not wanted.timestamps
        content = (rest if is_bare else line).encode() + b"\n"
        yield content[:left]
        if left is not None:
            left -= len(content)
            if left <= 0:
                return


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
