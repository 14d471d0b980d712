"""Where output goes and whether it is coloured."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TextIO


def is_coloured(stream: TextIO) -> bool:
    """True on a terminal that did not ask otherwise (NO_COLOR, TERM=dumb; FORCE_COLOR insists)."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def read_line(path: str, line: int) -> str | None:
    """One line of a file for an excerpt, or None where it cannot be read."""
    try:
        with Path(path).open(encoding="utf-8", errors="replace") as text:
            for number, content in enumerate(text, start=1):
                if number == line:
                    return content.rstrip("\n")
    except OSError:
        return None
    return None
