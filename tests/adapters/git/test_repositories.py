from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from toolkit.adapters.git.repositories import GitDeploy, GitSource, ensure_bare
from toolkit.errors import GitError, PushRejectedError
from toolkit.publish.ports import DeployCommit

AT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def git(folder: Path, *arguments: str) -> str:
    settings = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    done = subprocess.run(
        ["git", *settings, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    (root / "overlays" / "staging").mkdir(parents=True)
    (root / "overlays" / "staging" / "kustomization.yaml").write_text("resources: []\n")
    (root / "gitops.yaml").write_text("version: 1\n")
    (root / "link").symlink_to("overlays/staging")
    (root / "outside").symlink_to("../elsewhere")
    git(tmp_path, "init", "-q", "-b", "main", "source")
    git(root, "add", ".")
    git(root, "commit", "-qm", "First\n\nBody")
    return root


@pytest.fixture
def source(checkout: Path) -> Iterator[GitSource]:
    with GitSource(checkout) as repository:
        yield repository


def test_head_is_a_commit_with_author_and_subject(source: GitSource, checkout: Path) -> None:
    commit = source.commit()
    assert commit.sha == git(checkout, "rev-parse", "HEAD")
    assert commit.author == "Ada <ada@example.com>"
    assert commit.subject == "First"


def test_a_clean_checkout_has_no_dirty_paths(source: GitSource) -> None:
    assert source.dirty_paths() == ()


def test_changed_new_and_deleted_files_are_dirty(source: GitSource, checkout: Path) -> None:
    (checkout / "gitops.yaml").write_text("version: 2\n")
    (checkout / "new file.yaml").write_text("new\n")
    (checkout / "link").unlink()
    assert source.dirty_paths() == ("gitops.yaml", "link", "new file.yaml")


def test_an_unknown_revision_is_an_error(source: GitSource) -> None:
    with pytest.raises(GitError, match="nowhere"):
        source.commit("nowhere")


def test_a_folder_outside_git_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(GitError) as caught:
        GitSource(tmp_path)
    assert "git init" in caught.value.hints[0]


def test_a_repository_without_a_commit_is_an_error(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", ".")
    with GitSource(tmp_path) as repository, pytest.raises(GitError):
        repository.commit()


def test_the_origin_is_shown_without_credentials(source: GitSource, checkout: Path) -> None:
    git(checkout, "remote", "add", "origin", "https://ada:hunter2@example.com/repo.git")
    assert source.origin() == "https://example.com/repo.git"


def test_a_hooks_git_variables_do_not_lead_astray(
    source: GitSource, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert source.commit().sha == source.commit("main").sha


def test_the_tree_of_a_commit_reads_as_files(source: GitSource) -> None:
    tree = source.tree("HEAD")
    assert tree.names("") == ("gitops.yaml", "link", "outside", "overlays")
    assert tree.names("overlays") == ("staging",)
    assert tree.is_dir("overlays/staging")
    assert tree.is_file("gitops.yaml")
    assert tree.read("overlays/staging/kustomization.yaml") == b"resources: []\n"


def test_the_tree_of_a_commit_is_not_the_work_tree(source: GitSource, checkout: Path) -> None:
    tree = source.tree("HEAD")
    (checkout / "gitops.yaml").write_text("changed\n")
    assert tree.read("gitops.yaml") == b"version: 1\n"


def test_the_tree_follows_links_inside_and_stops_at_the_root(source: GitSource) -> None:
    tree = source.tree("HEAD")
    assert tree.resolve("link/kustomization.yaml") == "overlays/staging/kustomization.yaml"
    assert tree.read("link/kustomization.yaml") == b"resources: []\n"
    assert tree.resolve("outside/x") is None
    assert not tree.is_file("outside")


def test_the_tree_raises_what_a_disk_would(source: GitSource) -> None:
    tree = source.tree("HEAD")
    with pytest.raises(FileNotFoundError):
        tree.read("nothing")
    with pytest.raises(IsADirectoryError):
        tree.read("overlays")
    with pytest.raises(NotADirectoryError):
        tree.names("gitops.yaml")
    with pytest.raises(FileNotFoundError):
        tree.names("nothing")


def test_a_workspace_in_a_folder_of_the_repository_sees_only_itself(checkout: Path) -> None:
    (checkout / "gitops.yaml").write_text("changed\n")
    with GitSource(checkout / "overlays") as repository:
        assert repository.tree("HEAD").names("") == ("staging",)
        assert repository.dirty_paths() == ()


def test_a_linked_work_tree_is_a_checkout_like_any(checkout: Path, tmp_path: Path) -> None:
    git(checkout, "worktree", "add", "-q", str(tmp_path / "linked"), "-b", "other")
    with GitSource(tmp_path / "linked") as repository:
        assert repository.commit().subject == "First"
        assert repository.dirty_paths() == ()
        assert repository.tree("HEAD").is_file("gitops.yaml")


def test_ancestry_of_the_source(source: GitSource, checkout: Path) -> None:
    first = source.commit().sha
    git(checkout, "commit", "--allow-empty", "-qm", "Second")
    second = source.commit().sha
    assert source.is_ancestor(first, second)
    assert not source.is_ancestor(second, first)
    assert not source.is_ancestor("f" * 40, second)


def test_a_push_by_somebody_else_is_seen(tmp_path: Path) -> None:
    ensure_bare(tmp_path / "deploy.git")
    url = str(tmp_path / "deploy.git")
    with GitDeploy(url, tmp_path / "one.git") as one, GitDeploy(url, tmp_path / "two.git") as two:
        sha = one.push(DeployCommit("env/x", "", {"a": b"1"}, "m", "A <a@b>", AT))
        assert two.tip("env/x") == sha
        assert list(two.files(sha)) == ["a"]


def test_publishers_that_share_a_mirror_only_ever_lose_races(tmp_path: Path) -> None:
    ensure_bare(tmp_path / "deploy.git")
    url, mirror = str(tmp_path / "deploy.git"), tmp_path / "mirror.git"
    ensure_bare(mirror)

    def publish(name: str) -> list[str]:
        pushed: list[str] = []
        with GitDeploy(url, mirror) as deploy:
            while len(pushed) < 4:
                commit = DeployCommit(
                    "env/x", deploy.tip("env/x"), {name: b"%d" % len(pushed)}, "m", "A <a@b>", AT
                )
                with suppress(PushRejectedError):
                    pushed.append(deploy.push(commit))
        return pushed

    with ThreadPoolExecutor(3) as pool:
        pushed = list(pool.map(publish, ["one", "two", "three"]))
    with GitDeploy(url, mirror) as deploy:
        log = {commit.sha for commit in deploy.log("env/x", limit=99)}
        assert log == {sha for shas in pushed for sha in shas}
        assert set(deploy.files(deploy.tip("env/x"))) == {"one", "two", "three"}


def test_a_refusing_hook_is_no_race(tmp_path: Path) -> None:
    ensure_bare(tmp_path / "deploy.git")
    hook = tmp_path / "deploy.git" / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho branch is protected >&2\nexit 1\n")
    hook.chmod(0o755)
    with GitDeploy(str(tmp_path / "deploy.git"), tmp_path / "mirror.git") as deploy:
        with pytest.raises(GitError, match=r"protected|declined") as caught:
            deploy.push(DeployCommit("env/x", "", {"a": b"1"}, "m", "A <a@b>", AT))
        assert type(caught.value) is GitError


@pytest.mark.parametrize("url", ["ext::sh -c id", "--upload-pack=id"])
def test_an_address_that_would_run_a_program_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(GitError, match="no git URL"):
        GitDeploy(url, tmp_path / "mirror.git")


def test_an_unreachable_repository_is_named_without_its_password(tmp_path: Path) -> None:
    url = f"file://ada:hunter2@{tmp_path}/missing.git"
    with (
        GitDeploy(url, tmp_path / "mirror.git") as deploy,
        pytest.raises(GitError, match="cannot be reached") as caught,
    ):
        deploy.tip("env/x")
    assert "hunter2" not in str(caught.value)


def test_ten_thousand_files_go_in_one_import(tmp_path: Path) -> None:
    ensure_bare(tmp_path / "deploy.git")
    files: dict[str, bytes | None] = {f"m/{n}.yaml": b"n: %d\n" % n for n in range(10_000)}
    with GitDeploy(str(tmp_path / "deploy.git"), tmp_path / "mirror.git") as deploy:
        sha = deploy.push(DeployCommit("env/x", "", files, "m", "A <a@b>", AT))
        assert len(deploy.files(sha)) == 10_000


def test_a_missing_git_program_is_said_in_words(tmp_path: Path) -> None:
    code = "import toolkit.adapters.git.repositories"
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "GitError: git was not found" in result.stderr
