"""Volumes that outlive a step: what one writes there, the next one reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.adapters.process.conftest import Bench, step
from toolkit.adapters.process.isolation import Namespaces
from toolkit.adapters.state.volumes import Volumes
from toolkit.errors import ExecutionError
from toolkit.workflow.ports import ResolvedStart, VolumeMount

KEY = "staging/data/claim.1234"


def mounting(source: str, mount: VolumeMount, id: str = "uid-1") -> ResolvedStart:
    call = {"volume_mounts": ({"name": "v", "mountPath": mount.path},)}
    return step(source, id=id, call=call, mounts=(mount,))


@pytest.mark.parametrize("path", ["/mnt/vol", "/vol", "/tmp", "/tmp/vol", "/usr/share/vol"])
def test_what_a_step_leaves_the_next_one_finds(
    path: str, open_bench: Callable[..., Bench], isolation: Namespaces
) -> None:
    bench = open_bench(isolation)
    mount = VolumeMount(path, KEY)
    assert bench.ended(mounting(f"echo kept > {path}/f", mount)).exit_code == 0
    second = mounting(f"cat {path}/f", mount, "uid-2")
    assert bench.ended(second).exit_code == 0
    assert bench.log(second) == ["kept"]


def test_a_part_of_a_volume_is_mounted_alone(
    open_bench: Callable[..., Bench], isolation: Namespaces
) -> None:
    bench = open_bench(isolation)
    part = VolumeMount("/mnt/vol", f"{KEY}/a/b")
    bench.ended(mounting("echo x > /mnt/vol/f", part))
    whole = mounting("cat /mnt/vol/a/b/f", VolumeMount("/mnt/vol", KEY), "uid-2")
    assert bench.ended(whole).exit_code == 0


def test_a_read_only_mount_is_not_written(
    open_bench: Callable[..., Bench], namespaces: Namespaces
) -> None:
    if not namespaces.is_private:
        pytest.skip("this machine allows no mount namespaces")
    bench = open_bench(namespaces)
    mount = VolumeMount("/mnt/vol", KEY, is_read_only=True)
    assert bench.ended(mounting("echo x > /mnt/vol/f", mount)).exit_code != 0


def test_a_host_folder_is_the_hosts(
    tmp_path: Path, open_bench: Callable[..., Bench], isolation: Namespaces
) -> None:
    (tmp_path / "here").mkdir()
    mount = VolumeMount("/mnt/vol", str(tmp_path / "here"), is_host=True)
    open_bench(isolation).ended(mounting("echo x > /mnt/vol/f", mount))
    assert (tmp_path / "here" / "f").read_text() == "x\n"


def test_a_host_folder_that_is_not_there_is_an_error(bench: Bench) -> None:
    mount = VolumeMount("/mnt/vol", "/no/such/folder", is_host=True)
    assert "no folder of this machine" in bench.errored(mounting("true", mount)).message


def test_a_volume_goes_with_all_that_is_in_it(tmp_path: Path) -> None:
    volumes = Volumes(tmp_path)
    (volumes.folder(KEY) / "f").touch()
    volumes.folder("staging/data/other.5678")
    volumes.sweep("staging", {KEY})
    assert [path.name for path in tmp_path.glob("*/*/*")] == ["claim.1234"]
    volumes.remove(KEY)
    assert [*tmp_path.glob("*/*/*")] == []


def test_a_volume_cannot_lead_outside(tmp_path: Path) -> None:
    with pytest.raises(ExecutionError, match="leads outside"):
        Volumes(tmp_path).folder("staging/../../etc")
