from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from toolkit.adapters.process.claims import Claim
from toolkit.adapters.state.kept_files import Mirrors, RunFolders, StepFolders
from toolkit.workflow.retention.retention import Kept, Shelf

THEN = datetime(2026, 1, 1, tzinfo=UTC)


def write(path: Path, content: str = "12345", at: datetime = THEN) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    for changed in (path, *path.parents[:2]):
        os.utime(changed, (at.timestamp(), at.timestamp()))


def named(shelf: Shelf) -> dict[str, Kept]:
    return {item.name: item for item in shelf.items()}


def test_a_workflow_s_files_are_one_item_as_old_as_the_newest(tmp_path: Path) -> None:
    write(tmp_path / "data/wf/pod-1/main.log")
    write(tmp_path / "data/wf/pod-2/main.log", "123", datetime(2026, 1, 2, tzinfo=UTC))
    write(tmp_path / "data/other/pod/main.log")
    found = named(RunFolders(tmp_path, held=lambda: ["data/other"]))
    assert set(found) == {"data/wf", "data/other"}
    assert (found["data/wf"].at.day, found["data/wf"].size_bytes) == (2, 8)
    assert [found[name].is_held for name in ("data/wf", "data/other")] == [False, True]


def test_what_is_removed_is_gone_with_its_empty_folder(tmp_path: Path) -> None:
    write(tmp_path / "data/wf/pod/main.log")
    shelf = RunFolders(tmp_path, held=list)
    (item,) = shelf.items()
    shelf.remove(item)
    shelf.remove(item)
    assert list(tmp_path.iterdir()) == []


def test_keys_that_templates_name_are_nobody_s_to_remove(tmp_path: Path) -> None:
    write(tmp_path / "data/wf/pod/report.tgz")
    write(tmp_path / "models/latest/weights.tgz")
    assert set(named(RunFolders(tmp_path, held=list, namespaces=["data"]))) == {"data/wf"}


def test_a_folder_that_goes_while_it_is_measured_is_not_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "data/wf/pod/main.log")
    write(tmp_path / "data/wf/going/main.log", "123")
    scan = os.scandir

    def scan_late(path: Any) -> Any:
        if str(path).endswith("going"):
            shutil.rmtree(path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", scan_late)
    assert named(RunFolders(tmp_path, held=list))["data/wf"].size_bytes == 5


def test_a_link_is_neither_followed_nor_removed(tmp_path: Path) -> None:
    write(tmp_path / "outside/precious/file")
    (tmp_path / "logs/data").mkdir(parents=True)
    (tmp_path / "logs/data/wf").symlink_to(tmp_path / "outside")
    assert named(RunFolders(tmp_path / "logs", held=list)) == {}


def test_where_there_is_nothing_nothing_is_kept(tmp_path: Path) -> None:
    assert list(RunFolders(tmp_path / "none", held=list).items()) == []
    assert list(Mirrors(tmp_path / "none", in_use=[]).items()) == []
    assert list(StepFolders(tmp_path / "none", outstanding=list).items()) == []


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    for command in ("u-1", "u-2", "u-3"):
        write(tmp_path / "steps" / command / "out")
    lock = os.open(tmp_path / "steps/u-2/record", os.O_CREAT | os.O_WRONLY, 0o600)
    Claim(tmp_path / "steps", "u-2").note_process(lock, os.getpid())
    os.close(lock)
    return tmp_path / "steps"


def test_folders_of_steps_nobody_asks_for_go_unless_something_lives_there(steps: Path) -> None:
    shelf = StepFolders(steps, outstanding=lambda: ["u-3"])
    found = named(shelf)
    assert {name: item.is_held for name, item in found.items()} == {"u-1": False, "u-2": True}
    shelf.remove(found["u-1"])
    assert not Claim(steps, "u-1").is_taken()


def test_copies_of_repositories_in_use_are_held(tmp_path: Path) -> None:
    write(tmp_path / "mirrors/used.git/HEAD")
    write(tmp_path / "mirrors/left.git/HEAD")
    found = named(Mirrors(tmp_path / "mirrors", in_use=["used.git"]))
    assert {name: item.is_held for name, item in found.items()} == {
        "left.git": False,
        "used.git": True,
    }
