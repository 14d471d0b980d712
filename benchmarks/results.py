"""``RESULTS.md``: a section for each benchmark."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
_PATHS = ("--peers", "--folder")


def put(heading: str, text: str) -> None:
    """In place of what stands under the heading."""
    title = f"## {heading}\n"
    known = RESULTS.read_text("utf-8") if RESULTS.exists() else "# Benchmarks\n"
    before, found, after = known.partition(title)
    rest = after.partition("\n## ")
    tail = f"\n## {rest[2]}" if found and rest[1] else ""
    RESULTS.write_text(f"{before.rstrip()}\n\n{title}\n{text}\n{tail}", "utf-8")


def table(rows: Sequence[str]) -> list[str]:
    """Rows of measure, figure, target and verdict below their heads."""
    return ["| measure | figure | target | |", "|---|---|---|---|", *rows]


def row(measure: str, figure: str, target: str = "", is_met: bool | None = None) -> str:
    """``is_met`` None: there is no target."""
    verdict = {True: "met", False: "missed", None: ""}[is_met]
    return f"| {measure} | {figure} | {target} | {verdict} |"


def circumstances() -> str:
    """When, where and by what command, without this machine's paths."""
    words = sys.argv[1:]
    hidden = {words.index(name) + 1 for name in _PATHS if name in words}
    shown = ["…" if number in hidden else word for number, word in enumerate(words)]
    command = " ".join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *shown])
    return (
        f"{time.strftime('%Y-%m-%d')}, Python {platform.python_version()}, {os.cpu_count()} cores "
        f"of {platform.machine()}, load average {os.getloadavg()[0]:.1f} at the end (others' work "
        f"included); `{command}`."
    )
