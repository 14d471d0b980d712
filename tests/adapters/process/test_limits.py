"""Limits are held while a step runs: by control groups where the machine has them, else rlimits."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.adapters.process.conftest import Bench, step
from toolkit.adapters.process.cgroups import Cgroups, probe_cgroups
from toolkit.workflow.events import OUT_OF_MEMORY
from toolkit.workflow.pods.resources import Limits
from toolkit.workflow.ports import ResolvedStart

Opener = Callable[..., Bench]
STORAGE = {"ephemeral-storage": "50Ki"}
GREEDY = "x=aaaaaaaaaaaaaaaa; while [ ${#x} -lt 100000000 ]; do x=$x$x; done; echo done"


@pytest.fixture(scope="module")
def cgroups() -> Iterator[Cgroups]:
    found = probe_cgroups(f"test-{uuid.uuid4().hex[:8]}")
    yield found
    for folder in {found.memory, found.cpu} - {None}:
        folder.rmdir()  # type: ignore[union-attr]


def limited(source: str, **limits: str) -> ResolvedStart:
    return step(source, call={"resources": {"limits": limits}})


def test_memory_is_limited_by_a_group(open_bench: Opener, cgroups: Cgroups) -> None:
    if cgroups.memory is None:
        pytest.skip("this machine gives us no memory group")
    bench = open_bench(cgroups=cgroups)
    ended = bench.ended(limited(GREEDY, memory="32Mi"))
    assert (ended.exit_code, ended.reason) == (137, OUT_OF_MEMORY)
    assert [path for path in cgroups.memory.iterdir() if path.is_dir()] == []


def test_a_step_within_its_limits_is_left_alone(open_bench: Opener, cgroups: Cgroups) -> None:
    bench = open_bench(cgroups=cgroups)
    ended = bench.ended(limited("echo fine", memory="64Mi", cpu="500m"))
    assert (ended.exit_code, ended.reason) == (0, "")


def test_without_groups_memory_is_limited_by_the_size_of_data(bench: Bench) -> None:
    assert bench.ended(limited(GREEDY, memory="32Mi")).exit_code != 0
    assert bench.ended(step("echo fine", id="uid-2")).exit_code == 0


def test_files_are_limited_by_ephemeral_storage(bench: Bench) -> None:
    resolved = limited("head -c 100000 /dev/zero > /tmp/f; wc -c < /tmp/f", **STORAGE)
    bench.ended(resolved)
    assert bench.log(resolved)[-1].strip() == "51200"


def test_groups_of_version_2_hold_memory_swap_and_processors(tmp_path: Path) -> None:
    """The kernel's part is played by files that are there."""
    group = tmp_path / "gitops-x"
    step_group = group / "step"
    step_group.mkdir(parents=True)
    for name in ("memory.max", "memory.swap.max", "cpu.max"):
        (step_group / name).touch()
    made = Cgroups(2, group, group).make("step", Limits(cpu=1.5, memory_bytes=1 << 20))
    assert made == (step_group / "cgroup.procs",)
    written = {path.name: path.read_text() for path in step_group.iterdir()}
    assert written == {
        "memory.max": "1048576",
        "memory.swap.max": "0",
        "cpu.max": "150000 100000",
    }
    (step_group / "memory.events").write_text("low 0\noom 1\noom_kill 1\n")
    assert Cgroups(2, group, group).has_killed("step")


def test_a_machine_without_groups_holds_none(tmp_path: Path) -> None:
    assert probe_cgroups("x", tmp_path) == Cgroups(0, None, None)
