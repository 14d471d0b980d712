from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from toolkit.adapters.process.isolation import NONE, Lasting, Namespaces, plan
from toolkit.adapters.process.mounts import Mount

FULL = Namespaces(("unshare", "-m"), "/bin/mount", "/usr/sbin/chroot", has_overlay=True)


def test_tmp_is_always_private(tmp_path: Path) -> None:
    layout = plan(FULL, tmp_path / "p", folders=(), files=(), visible=())
    assert layout.host_path("/tmp/x/y") == tmp_path / "tmp/x/y"
    assert layout.mounts == (Mount(f"{tmp_path}/tmp", "/tmp", "none", "rbind"),)


@pytest.fixture
def in_tmp() -> Iterator[Path]:
    """A folder in /tmp itself, wherever pytest has its own."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


def test_what_must_stay_in_sight_is_bound_before_it_is_hidden(in_tmp: Path) -> None:
    layout = plan(FULL, in_tmp / "p", folders=(), files=(), visible=(in_tmp,))
    source, target, *_ = layout.mounts[0]
    assert source == str(in_tmp)
    assert target == str(in_tmp / "tmp" / in_tmp.relative_to("/tmp"))


def test_what_must_stay_in_sight_is_bound_into_a_volume_that_is_mounted_over_it(
    in_tmp: Path,
) -> None:
    volume, repository = in_tmp / "volume", in_tmp / "repository"
    layout = plan(
        FULL,
        in_tmp / "p",
        folders=["/tmp"],
        files=(),
        visible=(repository,),
        lasting={"/tmp": Lasting(volume)},
    )
    inside = volume / repository.relative_to("/tmp")
    assert layout.mounts[-2:] == (Mount(str(repository), str(inside)), Mount(str(volume), "/tmp"))
    assert inside.is_dir()


def test_paths_the_host_does_not_know_get_a_root_of_their_own(tmp_path: Path) -> None:
    layout = plan(FULL, tmp_path / "p", folders=(), files=["/no-such-top/a/b"], visible=())
    assert layout.new_root is not None
    assert layout.host_path("/no-such-top/a/b") == layout.new_root / "no-such-top/a/b"


def test_system_folders_are_overlaid_not_hidden(tmp_path: Path) -> None:
    layout = plan(FULL, tmp_path / "p", folders=(), files=["/etc/of-step/x"], visible=())
    assert layout.mounts[-1].line().startswith("overlay /etc overlay lowerdir=/etc,")


def test_a_system_folder_itself_is_overlaid(tmp_path: Path) -> None:
    layout = plan(FULL, tmp_path / "p", folders=["/etc"], files=(), visible=())
    assert layout.mounts[-1].line().startswith("overlay /etc overlay lowerdir=/etc,")
    assert layout.host_path("/etc/x") == tmp_path / "p/etc/x"
    assert all(mount.target != "/" for mount in layout.mounts)


def test_without_overlay_such_a_path_is_rewritten(tmp_path: Path) -> None:
    namespaces = Namespaces(("unshare", "-m"), "/bin/mount")
    layout = plan(namespaces, tmp_path / "p", folders=["/etc/of-step"], files=(), visible=())
    assert layout.rewrite("cat /etc/of-step/x /etc/passwd") == (
        f"cat {tmp_path}/p/etc/of-step/x /etc/passwd"
    )


@pytest.mark.parametrize(
    ("text", "is_rewritten"),
    [
        ("/tmp/x", True),
        ("--out=/tmp", True),
        ("a:/tmp:b", True),
        ("'/tmp'", True),
        ("/tmpfile", False),
        ("/var/tmp/x", False),
        ("x/tmp/y", False),
        ("/tmp.x", False),
    ],
)
def test_only_whole_paths_are_rewritten(tmp_path: Path, text: str, is_rewritten: bool) -> None:
    layout = plan(NONE, tmp_path / "p", folders=(), files=(), visible=())
    expected = text.replace("/tmp", f"{tmp_path}/tmp") if is_rewritten else text
    assert layout.rewrite(text) == expected


def test_visible_folders_are_never_rewritten(tmp_path: Path) -> None:
    layout = plan(NONE, tmp_path / "p", folders=(), files=(), visible=(Path("/tmp/ws"),))
    assert layout.rewrite("/tmp/ws/run /tmp/o") == f"/tmp/ws/run {tmp_path}/tmp/o"


def test_odd_names_survive_the_mount_table(tmp_path: Path) -> None:
    private = tmp_path / "a b#c" / "p"
    layout = plan(FULL, private, folders=(), files=(), visible=())
    line = f"{tmp_path}/a\\040b\\043c/tmp /tmp none rbind 0 0\n"
    assert layout.mounts[0].line() == line
