"""What the machine asks for ``true`` and for its isolation, by ``xargs``: the least that a step can
cost, and the most of them that there can be.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PLAIN = ("true",)
ISOLATED = (
    *("unshare", "-m", "sh", "-c"),
    'mkdir -p "$0/$1/tmp" && mount -n --bind "$0/$1/tmp" /tmp && cd "$0/$1" && exec true >log 2>&1',
)
"""What the engine's isolation is to a step, by hand: a folder and a log of its own, and that
folder over ``/tmp`` in a mount namespace of its own.
"""


@dataclass(frozen=True)
class Floor:
    """Seconds for all of it, and CPU milliseconds for each."""

    wall_s: float
    cpu_ms: float


def measure(steps: int, folder: Path, *, isolated: bool = False, at_once: int = 2) -> Floor | None:
    """None where the machine has not what it takes. ``folder`` is where the steps' own are made,
    and left.
    """
    command = (*ISOLATED, tempfile.mkdtemp(dir=folder, prefix="floor-")) if isolated else PLAIN
    if not all(shutil.which(name) for name in ("xargs", command[0])):
        return None
    numbers = "".join(f"{number}\n" for number in range(steps)).encode()
    began, spent = time.perf_counter(), _children()
    words = ["xargs", "-P", str(at_once), "-I{}", *command, *(["{}"] if isolated else [])]
    done = subprocess.run(words, input=numbers, check=False, stderr=subprocess.DEVNULL)
    took, used = time.perf_counter() - began, _children()
    return Floor(took, 1000 * (used - spent) / steps) if done.returncode == 0 else None


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
