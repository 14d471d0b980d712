from __future__ import annotations

from pathlib import Path
from typing import Any

import git
import pytest

from toolkit.adapters.artifacts import ArtifactStore
from toolkit.errors import ExecutionError
from toolkit.workflow.commands import InputArtifact


@pytest.fixture
def origin(tmp_path: Path) -> git.Repo:
    """Two commits on main, a tag at the first, and a branch with a third."""
    repo = git.Repo.init(tmp_path / "origin", initial_branch="main")
    with repo.config_writer() as config:
        config.set_value("user", "name", "n").set_value("user", "email", "n@example")
    for name in ("one", "two"):
        commit(repo, name)
    repo.create_tag("v1", ref="HEAD~1")
    repo.git.checkout("-b", "side")
    commit(repo, "three")
    repo.git.checkout("main")
    return repo


def commit(repo: git.Repo, name: str) -> None:
    (Path(repo.working_dir) / name).write_text(name)
    repo.index.add([name])
    repo.index.commit(name)


def checked_out(source: git.Repo, target: Path, **fields: Any) -> git.Repo:
    location = {"git": {"repo": f"file://{source.working_dir}", **fields}}
    ArtifactStore(target.parent / "store").lay(InputArtifact("a", "/a", "", location), target)
    return git.Repo(target)


@pytest.mark.parametrize(
    ("fields", "files"),
    [
        ({}, {"one", "two"}),
        ({"revision": "v1"}, {"one"}),
        ({"revision": "side"}, {"one", "two", "three"}),
        ({"singleBranch": True, "branch": "side"}, {"one", "two", "three"}),
        ({"depth": 1}, {"one", "two"}),
    ],
)
def test_what_is_checked_out(
    origin: git.Repo, tmp_path: Path, fields: dict[str, Any], files: set[str]
) -> None:
    checked_out(origin, tmp_path / "target", **fields)
    assert {path.name for path in (tmp_path / "target").glob("[!.]*")} == files


def test_a_depth_keeps_the_history_short(origin: git.Repo, tmp_path: Path) -> None:
    clone = checked_out(origin, tmp_path / "target", depth=1)
    assert len(list(clone.iter_commits())) == 1


def test_a_single_branch_knows_no_other(origin: git.Repo, tmp_path: Path) -> None:
    clone = checked_out(origin, tmp_path / "target", singleBranch=True, branch="main")
    assert "origin/side" not in [ref.name for ref in clone.refs]


def test_further_references_are_fetched(origin: git.Repo, tmp_path: Path) -> None:
    origin.git.update_ref("refs/meta/changes", "side")
    fetch = ["refs/meta/*:refs/remotes/origin/meta/*"]
    checked_out(origin, tmp_path / "target", fetch=fetch, revision="origin/meta/changes")
    assert (tmp_path / "target" / "three").exists()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"revision": "nowhere"}, "no revision 'nowhere'"),
        ({"singleBranch": True}, "single branch mode without a branch specified"),
        ({"repo": "ext::sh -c id"}, "is no address"),
        ({"repo": "--upload-pack=x"}, "is no address"),
        ({"repo": "file:///nowhere"}, "git repository file:///nowhere"),
    ],
)
def test_what_cannot_be_checked_out_is_named(
    origin: git.Repo, tmp_path: Path, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ExecutionError, match=f"input artifact a: .*{message}"):
        checked_out(origin, tmp_path / "target", **fields)
