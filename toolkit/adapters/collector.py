"""Python's cycle collector out of the way of a large parse."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_pauses = 0
_was_enabled = True


@contextmanager
def collector_paused() -> Iterator[None]:
    """No cycles are looked for inside, in any thread: what is parsed has none, and looking costs
    four times the parse of ten thousand objects.
    """
    global _pauses, _was_enabled  # noqa: PLW0603  # the collector is the process's
    with _lock:
        if _pauses == 0:
            _was_enabled = gc.isenabled()
            gc.disable()
        _pauses += 1
    try:
        yield
    finally:
        with _lock:
            _pauses -= 1
            if _pauses == 0 and _was_enabled:
                _count_as_old()
                gc.enable()


def _count_as_old() -> None:
    """Without this, the next object made would have all that was parsed looked through at once."""
    if gc.get_freeze_count() == 0:
        gc.freeze()
        gc.unfreeze()
