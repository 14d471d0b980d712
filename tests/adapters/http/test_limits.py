from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from toolkit.adapters.http.limits import Limited, Limits


class Served:
    """An application that answers when told to."""

    def __init__(self, limits: Limits) -> None:
        self.time_s = 0.0
        self.go = asyncio.Event()
        self.limited = Limited(self.answer, limits=limits, monotonic_s=lambda: self.time_s)

    async def answer(self, _scope: Any, _receive: Any, send: Any) -> None:
        await self.go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def ask(self, query: bytes = b"", path: str = "/version") -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "path": path, "query_string": query, "method": "GET"}
        await self.limited(scope, None, send)  # type: ignore[arg-type]
        return sent


@pytest.mark.parametrize("query", [b"", b"watch=1"])
def test_more_at_a_time_than_the_limit_are_told_to_come_again(query: bytes) -> None:
    async def run() -> None:
        served = Served(Limits(requests=2, streams=2))
        under_way = [asyncio.ensure_future(served.ask(query)) for _ in range(2)]
        await asyncio.sleep(0)
        start, content = await served.ask(query)
        assert start["status"] == 429
        assert (b"retry-after", b"1") in start["headers"]
        status = orjson.loads(content["body"])
        assert (status["reason"], status["code"]) == ("TooManyRequests", 429)
        assert status["details"] == {"retryAfterSeconds": 1}
        served.go.set()
        assert [(await each)[0]["status"] for each in under_way] == [200, 200]
        assert (await served.ask(query))[0]["status"] == 200

    asyncio.run(run())


def test_streams_leave_room_for_requests() -> None:
    async def run() -> None:
        served = Served(Limits(requests=1, streams=1))
        stream = asyncio.ensure_future(served.ask(b"watch=true"))
        await asyncio.sleep(0)
        served.go.set()
        assert (await served.ask())[0]["status"] == 200
        await stream

    asyncio.run(run())


def test_a_burst_then_the_rate() -> None:
    async def run() -> None:
        served = Served(Limits(rate_per_s=10, burst=3))
        served.go.set()
        assert [(await served.ask())[0]["status"] for _ in range(4)] == [200, 200, 200, 429]
        served.time_s = 0.2
        assert [(await served.ask())[0]["status"] for _ in range(3)] == [200, 200, 429]

    asyncio.run(run())


def test_health_is_never_over_a_limit() -> None:
    async def run() -> None:
        served = Served(Limits(burst=0))
        served.go.set()
        assert (await served.ask())[0]["status"] == 429
        assert (await served.ask(path="/healthz"))[0]["status"] == 200

    asyncio.run(run())
