"""Needs root, as the calls it tests do."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest

from toolkit.adapters.process.mounts import MADE, Mount, can_mount, own_mounts, spawn
from toolkit.errors import ExecutionError

T = TypeVar("T")


def in_a_thread(work: Callable[[], T]) -> T:
    """Mounting moves a thread's working folder: not this one's."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or not in_a_thread(lambda: can_mount(())),
    reason="mount namespaces without a command need root",
)


def output(argv: list[str], mounts: tuple[Mount, ...] = (), **environment: str) -> str:
    """What a program says that was started with these mounts."""
    read, write = os.pipe()
    with os.fdopen(read) as said:
        try:
            with own_mounts(mounts):
                pid = spawn(argv, environment, given={1: write})
        finally:
            os.close(write)
        os.waitpid(pid, 0)
        return said.read()


@needs_root
def test_mounts_are_seen_by_what_is_started_and_by_nobody_else(tmp_path: Path) -> None:
    for name in ("private", "public"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    mount = Mount(f"{tmp_path}/private", f"{tmp_path}/public")
    said = in_a_thread(lambda: output(["/bin/cat", f"{tmp_path}/public/file"], (mount,)))
    assert said == "private"
    assert (tmp_path / "public" / "file").read_text() == "public"


@needs_root
def test_a_read_only_mount_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    mount = Mount(f"{tmp_path}/a", f"{tmp_path}/b", options="rbind,ro")
    script = f"touch {tmp_path}/b/x 2>/dev/null || echo refused"
    assert in_a_thread(lambda: output(["/bin/sh", "-c", script], (mount,))) == "refused\n"


@needs_root
def test_places_are_made_in_a_file_system_of_the_steps_own(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("here")
    (tmp_path / "empty").mkdir()
    kept, empty = f"{tmp_path}/kept", f"{tmp_path}/empty"
    mounts = (
        Mount("tmpfs", empty, "tmpfs", "mode=0700,size=1m"),
        Mount(kept, f"{empty}/in/side", options=f"rbind,{MADE}"),
        Mount(f"{kept}/file", f"{empty}/copy", options=f"rbind,{MADE}"),
    )
    words = ["/bin/cat", f"{tmp_path}/empty/in/side/file", f"{tmp_path}/empty/copy"]
    assert in_a_thread(lambda: output(words, mounts)) == "herehere"
    assert [*(tmp_path / "empty").iterdir()] == []


@needs_root
def test_what_cannot_be_mounted_is_named_and_leaves_the_thread_where_it_was(
    tmp_path: Path,
) -> None:
    mount = Mount(str(tmp_path), f"{tmp_path}/absent")

    def work() -> tuple[str, str]:
        before = Path("/proc/thread-self/ns/mnt").readlink()
        with pytest.raises(ExecutionError, match=r"could not be mounted: .*/absent: No such"):
            output(["/bin/true"], (mount,))
        return str(before), str(Path("/proc/thread-self/ns/mnt").readlink())

    before, after = in_a_thread(work)
    assert before == after


def test_a_program_is_started_in_a_session_of_its_own_with_what_it_is_given() -> None:
    read, write = os.pipe()
    script = "echo $NAME; ps -o sid= -p $$ | tr -d ' '; read line || echo nothing to read"
    with os.fdopen(read) as said:
        pid = spawn(["/bin/sh", "-c", script], {"NAME": "me", "PATH": "/bin"}, given={1: write})
        os.close(write)
        os.waitpid(pid, 0)
        assert said.read() == f"me\n{pid}\nnothing to read\n"


def test_signals_that_python_ignores_are_met_as_any_program_meets_them() -> None:
    pid = spawn(["/bin/sh", "-c", "kill -PIPE $$"], {}, given={})
    _, status = os.waitpid(pid, 0)
    assert os.WTERMSIG(status) == signal.SIGPIPE


def test_a_program_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match="/no/such/program"):
        spawn(["/no/such/program"], {}, given={})


@pytest.mark.parametrize("words", [["/bin/echo", "a\0b"], ["/bin/e\0cho"]])
def test_no_program_is_given_half_a_word(words: list[str]) -> None:
    with pytest.raises(ExecutionError, match="NUL"):
        spawn(words, {}, given={})


def test_words_and_values_arrive_as_they_are() -> None:
    words = ["/bin/sh", "-c", 'echo "$1|$2|$ODD"', "", "ä \n", ""]
    read, write = os.pipe()
    with os.fdopen(read) as said:
        try:
            pid = spawn(words, {"ODD": "=ü="}, given={1: write})
        finally:
            os.close(write)
        os.waitpid(pid, 0)
        assert said.read() == "ä \n||=ü=\n"
