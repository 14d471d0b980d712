"""How much a client may ask for: requests a second, and requests and streams at a time.

What is over a limit is answered 429 with ``Retry-After``, which Kubernetes' clients obey by
themselves. The limits are far above what a person or a controller asks; they stop a loop that has
gone wild from taking the process that also runs the workflows.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from toolkit.adapters.http.guard import HEALTH_PATHS, refused
from toolkit.errors import TooManyRequestsError

_STREAM_MARKS = (b"watch=", b"follow=", b"listOptions")


@dataclass(frozen=True, slots=True)
class Limits:
    """``burst`` requests at once, then ``rate_per_s``. Streams (watches, followed logs) count
    apart from other requests, as they stay.
    """

    rate_per_s: float = 2_000
    burst: int = 4_000
    requests: int = 400
    streams: int = 1_000


DEFAULT_LIMITS = Limits()


class Limited:
    """ASGI middleware. ``monotonic_s`` is the clock."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        limits: Limits,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._limits = limits
        self._monotonic_s = monotonic_s
        self._left = float(limits.burst)
        self._counted_at_s = monotonic_s()
        self._under_way = {False: 0, True: 0}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in HEALTH_PATHS:
            await self._app(scope, receive, send)
            return
        is_stream = any(mark in scope["query_string"] for mark in _STREAM_MARKS)
        over = self._over(is_stream=is_stream)
        if over:
            response = refused(TooManyRequestsError(over, details={"retryAfterSeconds": 1}))
            response.headers["Retry-After"] = "1"
            await response(scope, receive, send)
            return
        self._under_way[is_stream] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way[is_stream] -= 1

    def _over(self, *, is_stream: bool) -> str:
        """Which limit a further request is over; "" for none, and then it is counted."""
        most = self._limits.streams if is_stream else self._limits.requests
        if self._under_way[is_stream] >= most:
            return f"{most} {'streams' if is_stream else 'requests'} are under way: try again later"
        now = self._monotonic_s()
        gained = (now - self._counted_at_s) * self._limits.rate_per_s
        self._left = min(self._left + gained, self._limits.burst)
        self._counted_at_s = now
        if self._left < 1:
            return f"more than {self._limits.rate_per_s:g} requests a second: try again later"
        self._left -= 1
        return ""
