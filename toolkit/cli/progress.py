"""A bar on stderr, where that is a terminal."""

from __future__ import annotations

import sys
import time

_WIDTH = 40
_EVERY_S = 0.1


class Bar:
    """Shows a share from 0 to 1; silent where nobody sees it. Drawn ten times a second at most."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._is_seen = sys.stderr.isatty()
        self._drawn = 0.0

    def show(self, share: float) -> None:
        if not self._is_seen or time.monotonic() - self._drawn < _EVERY_S:
            return
        self._drawn = time.monotonic()
        full = int(_WIDTH * min(max(share, 0.0), 1.0))
        bar = "#" * full + "-" * (_WIDTH - full)
        print(f"\r{self._label} [{bar}] {share:4.0%}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Wipes the bar."""
        if self._is_seen and self._drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
