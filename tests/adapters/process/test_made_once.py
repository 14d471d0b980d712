"""Images that stand for a Python environment or a root filesystem."""

from __future__ import annotations

import shutil
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.adapters.process.conftest import Bench, step
from toolkit.adapters.process.isolation import NONE, Namespaces
from toolkit.adapters.process.made_once import MadeOnce
from toolkit.errors import ExecutionError
from toolkit.repository.settings import ImageRule
from toolkit.workflow.ports import VolumeMount

Opener = Callable[..., Bench]


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    """A package that lies beside its requirements: no index is asked."""
    info = "greeter-1.0.dist-info"
    with ZipFile(tmp_path / "greeter-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("greeter.py", "def greet():\n    print('hello from a package')\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: greeter\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    file = tmp_path / "requirements.txt"
    file.write_text("--no-index\n./greeter-1.0-py3-none-any.whl\n")
    return file


@pytest.fixture(scope="session")
def rootfs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root of one static program."""
    busybox = shutil.which("busybox")
    if busybox is None:
        pytest.skip("a root filesystem is made of a static busybox")
    root = tmp_path_factory.mktemp("rootfs")
    for folder in ("bin", "etc"):
        (root / folder).mkdir()
    shutil.copy(busybox, root / "bin" / "busybox")
    for applet in ("sh", "cat", "ls", "echo", "pwd"):
        (root / "bin" / applet).symlink_to("busybox")
    (root / "etc" / "image").write_text("from the root\n")
    return root


def test_requirements_are_installed_once_and_found(
    requirements: Path, open_bench: Opener, isolation: Namespaces
) -> None:
    bench = open_bench(isolation, rules=[ImageRule("etl", python="requirements.txt")])
    source = "import greeter; greeter.greet()"
    for number in (1, 2):
        call = {"image": "etl:1", "command": ("python",)}
        resolved = step(source, id=f"uid-{number}", call=call)
        assert bench.ended(resolved).exit_code == 0, bench.log(resolved)
        assert bench.log(resolved) == ["hello from a package"]
    made = [path.name for path in (bench.root / "made").iterdir() if path.is_dir()]
    assert len(made) == 1


def test_other_requirements_are_another_environment(requirements: Path, tmp_path: Path) -> None:
    made = MadeOnce(tmp_path / "made")
    first = made.environment(requirements)
    assert made.is_made(requirements)
    requirements.write_text("--no-index\n")
    assert not made.is_made(requirements)
    assert made.environment(requirements) != first


def test_requirements_that_cannot_be_had_are_an_error_that_says_why(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("--no-index\nno-such-package\n")
    with pytest.raises(ExecutionError, match=r"cannot be installed: .*no-such-package"):
        MadeOnce(tmp_path / "made").environment(file)


def test_a_virtual_environment_is_used_as_it_is(tmp_path: Path, open_bench: Opener) -> None:
    program = tmp_path / "venv" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.symlink_to(sys.executable)
    bench = open_bench(rules=[ImageRule("etl", python="venv")])
    call = {"image": "etl", "command": ("sh", "-c"), "args": ("command -v python",)}
    resolved = step(None, call=call)
    bench.ended(resolved)
    assert bench.log(resolved) == [str(program)]


def test_a_folder_without_a_python_is_no_environment(tmp_path: Path) -> None:
    with pytest.raises(ExecutionError, match="no bin/python"):
        MadeOnce(tmp_path / "made").environment(tmp_path)


def test_a_root_filesystem_is_the_steps_root(
    rootfs: Path, open_bench: Opener, namespaces: Namespaces
) -> None:
    bench = _rooted(open_bench, namespaces, str(rootfs))
    resolved = step(
        "cat /etc/image /raw /vol/f; ls /; echo o > /result.txt; echo w > /vol/g; pwd",
        call={
            "image": "rooted",
            "command": ("sh",),
            "working_dir": "/srv/work",
            "volume_mounts": ({"name": "v", "mountPath": "/vol"},),
        },
        input_files=(("/raw", "raw\n"),),
        mounts=(VolumeMount("/vol", "staging/data/claim"),),
        outputs=("/result.txt",),
    )
    _volume(bench, "f").write_text("volume\n")
    ended = bench.ended(resolved)
    said = bench.log(resolved)
    assert ended.exit_code == 0, said
    assert said[:3] == ["from the root", "raw", "volume"]
    assert "home" not in said
    assert said[-1] == "/srv/work"
    assert ended.outputs == {"/result.txt": "o"}
    assert _volume(bench, "g").read_text() == "w\n"


def test_what_a_step_writes_stays_out_of_the_root_filesystem(
    rootfs: Path, open_bench: Opener, namespaces: Namespaces
) -> None:
    bench = _rooted(open_bench, namespaces, str(rootfs))
    call = {"image": "rooted", "command": ("sh",)}
    assert bench.ended(step("echo x > /etc/image; echo y > /new", call=call)).exit_code == 0
    assert (rootfs / "etc" / "image").read_text() == "from the root\n"
    assert not (rootfs / "new").exists()


def test_a_tar_archive_is_unpacked_once(
    rootfs: Path, tmp_path: Path, open_bench: Opener, namespaces: Namespaces
) -> None:
    with tarfile.open(tmp_path / "root.tar.gz", "w:gz") as archive:
        archive.add(rootfs, ".")
    bench = _rooted(open_bench, namespaces, "root.tar.gz")
    for number in (1, 2):
        call = {"image": "rooted", "command": ("cat", "/etc/image")}
        resolved = step(None, id=f"uid-{number}", call=call)
        assert bench.ended(resolved).exit_code == 0
        assert bench.log(resolved) == ["from the root"]


def test_a_root_filesystem_needs_mount_namespaces(rootfs: Path, open_bench: Opener) -> None:
    bench = open_bench(NONE, rules=[ImageRule("rooted", rootfs=str(rootfs))])
    outcome = bench.errored(step("true", call={"image": "rooted"}))
    assert "needs mount namespaces" in outcome.message


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExecutionError, match="which is not there"):
        MadeOnce(tmp_path / "made").filesystem(tmp_path / "none.tar")


def _rooted(open_bench: Opener, namespaces: Namespaces, rootfs: str) -> Bench:
    if not namespaces.is_private:
        pytest.skip("this machine allows no mount namespaces")
    return open_bench(namespaces, rules=[ImageRule("rooted", rootfs=rootfs)])


def _volume(bench: Bench, name: str) -> Path:
    folder = bench.root / "volumes/staging/data/claim"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name
