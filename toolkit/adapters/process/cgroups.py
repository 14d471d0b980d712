"""Limits held by the kernel's control groups, version 2 or 1, where we may make them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from toolkit.workflow.pods.resources import Limits

ROOT = Path("/sys/fs/cgroup")
_PERIOD_US = 100_000


@dataclass(frozen=True, slots=True)
class Cgroups:
    """``memory`` and ``cpu``: the folders that a step's groups are made in, one and the same in
    version 2; None where the machine gives us none.
    """

    version: int
    memory: Path | None
    cpu: Path | None

    def make(self, name: str, limits: Limits) -> tuple[Path, ...]:
        """A group for each limit that can be held: the files a process enters them by. Raises
        OSError.
        """
        wanted = dict(self._files(limits))
        for folder in dict.fromkeys(folder for folder, _ in wanted):
            (folder / name).mkdir(exist_ok=True)
        for (folder, file), value in wanted.items():
            path = folder / name / file
            if path.exists():  # swap is not accounted for everywhere
                path.write_text(value)
        folders = dict.fromkeys(folder for folder, _ in wanted)
        return tuple(folder / name / "cgroup.procs" for folder in folders)

    def has_killed(self, name: str) -> bool:
        """Whether a process of the group was ended for want of memory."""
        if self.memory is None:
            return False
        file = "memory.events" if self.version == 2 else "memory.oom_control"
        try:
            text = (self.memory / name / file).read_text()
        except OSError:
            return False
        counts = dict(line.split(None, 1) for line in text.splitlines() if " " in line)
        return int(counts.get("oom_kill", "0")) > 0

    def remove(self, name: str) -> None:
        """The groups of a step that has ended; those not there are ignored."""
        for folder in {self.memory, self.cpu} - {None}:
            with suppress(OSError):
                (folder / name).rmdir()  # type: ignore[operator]

    def _files(self, limits: Limits) -> Iterator[tuple[tuple[Path, str], str]]:
        """(folder, file) and what to write."""
        if limits.memory_bytes is not None and self.memory is not None:
            for file in _MEMORY_FILES[self.version]:
                is_swap_of_two = file == "memory.swap.max"
                yield (self.memory, file), "0" if is_swap_of_two else str(limits.memory_bytes)
        if limits.cpu is not None and self.cpu is not None:
            quota = max(1000, int(limits.cpu * _PERIOD_US))
            files: Mapping[str, str] = (
                {"cpu.max": f"{quota} {_PERIOD_US}"}
                if self.version == 2
                else {"cpu.cfs_period_us": str(_PERIOD_US), "cpu.cfs_quota_us": str(quota)}
            )
            for file, value in files.items():
                yield (self.cpu, file), value


_MEMORY_FILES = {
    1: ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"),
    2: ("memory.max", "memory.swap.max"),
}
NONE = Cgroups(0, None, None)


def probe_cgroups(owner: str, root: Path = ROOT) -> Cgroups:
    """What the machine lets us make. ``owner`` names the group of all our steps."""
    if (root / "cgroup.controllers").exists():
        parents = (root, *_own_parent(root))
        for parent in parents:
            found = _second(parent / f"gitops-{owner}")
            if found is not None:
                return found
        return NONE
    memory = _first(root / "memory", owner, "memory.limit_in_bytes")
    cpu = _first(root / "cpu", owner, "cpu.cfs_quota_us")
    return Cgroups(1, memory, cpu) if memory or cpu else NONE


def _own_parent(root: Path) -> Iterator[Path]:
    """The group above ours: a user's, where it was delegated to us."""
    with suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            if line.startswith("0::/"):
                yield (root / line[4:]).parent


def _second(group: Path) -> Cgroups | None:
    """The group of ours in the unified hierarchy, with both controllers handed on to its own."""
    probe = group / "probe"
    try:
        group.mkdir(exist_ok=True)
        (group / "cgroup.subtree_control").write_text("+memory +cpu")
        probe.mkdir(exist_ok=True)
    except OSError:
        return None
    is_there = all(os.access(probe / file, os.W_OK) for file in ("memory.max", "cpu.max"))
    with suppress(OSError):
        probe.rmdir()
    return Cgroups(2, group, group) if is_there else None


def _first(hierarchy: Path, owner: str, file: str) -> Path | None:
    group = hierarchy / f"gitops-{owner}"
    try:
        group.mkdir(exist_ok=True)
    except OSError:
        return None
    return group if os.access(group / file, os.W_OK) else None
