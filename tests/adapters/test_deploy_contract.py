"""One contract, run over git and over its in-memory twin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from toolkit.adapters.git.repositories import GitDeploy, ensure_bare
from toolkit.adapters.memory.deploy import MemoryDeploy
from toolkit.errors import GitError, PushRejectedError
from toolkit.publish.ports import DeployCommit, DeployRepository

AT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
BRANCH = "env/staging"


@pytest.fixture(params=["git", "memory"])
def deploy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DeployRepository]:
    if request.param == "memory":
        yield MemoryDeploy()
        return
    ensure_bare(tmp_path / "deploy.git")
    with GitDeploy(str(tmp_path / "deploy.git"), tmp_path / "mirror.git") as repository:
        yield repository


def change(
    changes: Mapping[str, bytes | None], parent: str = "", message: str = "Publish"
) -> DeployCommit:
    return DeployCommit(BRANCH, parent, changes, message, "Ada <ada@example.com>", AT)


def content(deploy: DeployRepository, commit: str) -> dict[str, bytes]:
    files = deploy.files(commit)
    blobs = deploy.read(files.values())
    return {path: blobs[blob] for path, blob in files.items()}


def test_a_branch_that_is_not_there_has_no_tip_and_no_log(deploy: DeployRepository) -> None:
    assert deploy.tip(BRANCH) == ""
    assert deploy.log(BRANCH, limit=5) == ()


def test_the_first_push_starts_the_branch(deploy: DeployRepository) -> None:
    sha = deploy.push(change({"a.yaml": b"a: 1\n", "folder/b.yaml": b"b\n"}))
    assert deploy.tip(BRANCH) == sha
    assert content(deploy, sha) == {"a.yaml": b"a: 1\n", "folder/b.yaml": b"b\n"}


def test_a_commit_keeps_author_time_message_and_parent(deploy: DeployRepository) -> None:
    first = deploy.push(change({"a": b"1"}))
    second = deploy.push(change({"a": b"2"}, first, "Subject\n\nKey: value\n"))
    commit = deploy.commit(second)
    assert commit.sha == second
    assert commit.parents == (first,)
    assert commit.author == "Ada <ada@example.com>"
    assert commit.committed_at == AT
    assert commit.message.strip() == "Subject\n\nKey: value"


def test_a_commit_adds_changes_and_deletes_and_keeps_the_rest(deploy: DeployRepository) -> None:
    first = deploy.push(change({"kept": b"k", "changed": b"1", "deleted": b"d"}))
    second = deploy.push(change({"changed": b"2", "deleted": None, "added": b"a"}, first))
    assert content(deploy, second) == {"kept": b"k", "changed": b"2", "added": b"a"}


def test_bytes_come_back_as_they_were(deploy: DeployRepository) -> None:
    odd = b"\x00\xff\r\ndata 5\nhello\n\ndone\n"
    sha = deploy.push(change({"odd": odd, "empty": b""}))
    assert content(deploy, sha) == {"odd": odd, "empty": b""}


def test_a_push_onto_an_old_tip_is_rejected_and_changes_nothing(deploy: DeployRepository) -> None:
    first = deploy.push(change({"a": b"1"}))
    second = deploy.push(change({"a": b"2"}, first))
    with pytest.raises(PushRejectedError):
        deploy.push(change({"a": b"3"}, first))
    assert deploy.tip(BRANCH) == second


def test_a_second_start_of_the_branch_is_rejected(deploy: DeployRepository) -> None:
    first = deploy.push(change({"a": b"1"}))
    with pytest.raises(PushRejectedError):
        deploy.push(change({"b": b"2"}))
    assert deploy.tip(BRANCH) == first


def test_the_log_is_newest_first_and_limited(deploy: DeployRepository) -> None:
    first = deploy.push(change({"a": b"1"}))
    second = deploy.push(change({"a": b"2"}, first))
    third = deploy.push(change({"a": b"3"}, second))
    assert [commit.sha for commit in deploy.log(BRANCH, limit=2)] == [third, second]


def test_a_revision_resolves_from_a_prefix(deploy: DeployRepository) -> None:
    first = deploy.push(change({"a": b"1"}))
    deploy.push(change({"a": b"2"}, first))
    assert deploy.resolve(BRANCH, first[:8]) == first


@pytest.mark.parametrize("revision", ["ffffffff", "main", "--help", "HEAD", ""])
def test_a_revision_that_is_not_of_the_branch_is_refused(
    deploy: DeployRepository, revision: str
) -> None:
    deploy.push(change({"a": b"1"}))
    with pytest.raises(GitError):
        deploy.resolve(BRANCH, revision)


def test_ancestry_is_reflexive_and_knows_its_direction(deploy: DeployRepository) -> None:
    first = deploy.push(change({"a": b"1"}))
    second = deploy.push(change({"a": b"2"}, first))
    assert deploy.is_ancestor(first, first)
    assert deploy.is_ancestor(first, second)
    assert not deploy.is_ancestor(second, first)
    assert not deploy.is_ancestor("f" * 40, second)


def test_an_unknown_commit_is_an_error(deploy: DeployRepository) -> None:
    with pytest.raises(GitError):
        deploy.commit("f" * 40)
    with pytest.raises(GitError):
        deploy.files("f" * 40)
