from __future__ import annotations

import os
import zipfile
from pathlib import Path

import git
import pytest

from toolkit.adapters.starter import (
    SCHEMA_FILE,
    commit_starter,
    starter_files,
    write_starter,
)
from toolkit.errors import OperationError
from toolkit.repository.load import load_settings

ROOT = Path(__file__).parents[2]


def test_new_repository_is_the_one_shipped(tmp_path: Path) -> None:
    count = write_starter(tmp_path / "new")
    written = [path for path in (tmp_path / "new").rglob("*") if path.is_file()]
    assert len(written) == count
    for folder in ("crons", "templates", "workflows", "resources", "overlays"):
        for path in (ROOT / folder).rglob("*.yaml"):
            copy = tmp_path / "new" / path.relative_to(ROOT)
            assert copy.read_bytes() == path.read_bytes()


def test_settings_name_the_schema_beside_them(tmp_path: Path) -> None:
    write_starter(tmp_path)
    text = (tmp_path / "gitops.yaml").read_bytes()
    assert text.splitlines()[0] == f"# yaml-language-server: $schema={SCHEMA_FILE}".encode()
    assert (tmp_path / SCHEMA_FILE).is_file()
    ours = (ROOT / "gitops.yaml").read_bytes()
    assert load_settings(text, "a") == load_settings(ours, "b")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "gitops.yaml").write_text("mine")
    with pytest.raises(OperationError, match=r"holds gitops\.yaml already"):
        write_starter(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["gitops.yaml"]


@pytest.fixture
def no_git_identity(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        if name != "GIT_CONFIG_NOSYSTEM":
            monkeypatch.delenv(name)


@pytest.mark.usefixtures("no_git_identity")
def test_first_commit_is_clean_and_leaves_state_out(tmp_path: Path) -> None:
    write_starter(tmp_path)
    assert commit_starter(tmp_path)
    (tmp_path / ".gitops").mkdir()
    (tmp_path / ".gitops" / "state.db").touch()
    with git.Repo(tmp_path) as repo:
        assert repo.git.status("--porcelain") == ""
        assert repo.active_branch.name == "main"
        assert len(list(repo.iter_commits())) == 1


def test_inside_another_repository_nothing_is_committed(tmp_path: Path) -> None:
    git.Repo.init(tmp_path).close()
    write_starter(tmp_path / "inner")
    assert not commit_starter(tmp_path / "inner")
    assert not (tmp_path / "inner" / ".git").exists()


def test_wheel_holds_every_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = pytest.importorskip("hatchling.build", reason="hatchling builds the wheel")
    monkeypatch.chdir(ROOT)
    with zipfile.ZipFile(tmp_path / build.build_wheel(str(tmp_path))) as wheel:
        names = {name for name in wheel.namelist() if name.startswith("toolkit/starter/")}
        mode = wheel.getinfo("toolkit/adapters/process/programs/cowsay").external_attr >> 16
    ours = set(starter_files()) - {SCHEMA_FILE, ".gitignore"}
    assert names == {f"toolkit/starter/{path}" for path in ours}
    assert mode & 0o111
