"""Python's cycle collector out of the way: of a large parse, and of work that is due."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_LOOK_S = 1.0
_QUIET = 0.05
"""The share of a core up to which the process counts as quiet."""
_WORTH_BLOCKS = 50_000
"""So much new memory is worth a look through all: a few MB, of which some may be garbage."""
_FULL_LOOKS = 200
"""How many looks at the middle-aged make one at all where there was no quiet: about 1.5 million
objects that stayed.
"""

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


@contextmanager
def collected_when_quiet() -> Iterator[None]:
    """Inside, all objects are looked through for cycles when the process has nothing to do, and
    hardly ever else: with the state of 10,000 workflows such a look stops every thread for 0.3 s.
    """
    young, middle, old = gc.get_threshold()
    gc.set_threshold(young, middle, max(old, _FULL_LOOKS))
    is_over = threading.Event()
    looking = threading.Thread(
        target=_look_when_quiet, args=(is_over,), name="collector", daemon=True
    )
    looking.start()
    try:
        yield
    finally:
        is_over.set()
        looking.join()
        gc.set_threshold(young, middle, old)


def _look_when_quiet(is_over: threading.Event) -> None:
    blocks = 0
    spent_s, at_s = time.process_time(), time.monotonic()
    while not is_over.wait(_LOOK_S):
        before_s, since_s = spent_s, at_s
        spent_s, at_s = time.process_time(), time.monotonic()
        if spent_s - before_s > _QUIET * (at_s - since_s) or not gc.isenabled():
            continue
        if sys.getallocatedblocks() - blocks > _WORTH_BLOCKS:
            gc.collect()
            blocks = sys.getallocatedblocks()
