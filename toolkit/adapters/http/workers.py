"""Work that blocks, off the server's loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_WORKERS = 64
"""Writers wait for the disk in theirs: the more there are, the more share one flush."""


def use_workers(loop: asyncio.AbstractEventLoop) -> None:
    """Gives a loop its threads. They end with the loop."""
    loop.set_default_executor(ThreadPoolExecutor(_WORKERS, thread_name_prefix="http-worker"))


async def off_loop(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """``work``'s result. Once begun it is not interrupted, even where nobody waits any more."""
    loop = asyncio.get_running_loop()
    if kwargs:
        return await loop.run_in_executor(None, lambda: work(*args, **kwargs))
    return await loop.run_in_executor(None, work, *args)
