"""Work done by a copy of this process, beside it, on another core.

Only for programs with one thread: ``gitops build``.
"""

from __future__ import annotations

import os
from collections.abc import Callable


class ForkedHelper:
    """Forks for each piece of work."""

    def start(self, work: Callable[[], bytes]) -> Callable[[], bytes | None]:
        """Begins ``work`` in a copy of this process. The answer waits for its bytes; None where
        it failed, in whatever way: then the caller does the work itself, and meets the error.
        """
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            _work_and_exit(work, writer)
        os.close(writer)
        return lambda: _answer(child, reader)


def helper_for_this_machine() -> ForkedHelper | None:
    """None where there is but one core."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return ForkedHelper() if (cores or 1) > 1 and hasattr(os, "fork") else None


def _work_and_exit(work: Callable[[], bytes], writer: int) -> None:
    code = 1
    try:
        content = memoryview(work())
        while content:
            content = content[os.write(writer, content) :]
        code = 0
    finally:
        # nothing of the parent's may run twice: no handlers, no buffers, no traceback
        os._exit(code)


def _answer(child: int, reader: int) -> bytes | None:
    with os.fdopen(reader, "rb", buffering=0) as pipe:
        content = pipe.readall()
    _, status = os.waitpid(child, 0)
    return content if status == 0 else None
