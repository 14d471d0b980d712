"""Remote bases, from the command line to the deploy repository."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from tests.cli.delivery.conftest import CONFIG, CRON, Checkout
from tests.git_repository import Upstream
from toolkit.adapters.remote.cache import LIMITS

UPSTREAM = {
    "base/kustomization.yaml": "resources: [hello.yaml, settings.yaml]\n",
    "base/hello.yaml": CRON,
    "base/settings.yaml": CONFIG,
}
DAY_S = 86_400


@pytest.fixture
def upstream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Upstream:
    for name in ("XDG_CACHE_HOME", "GITOPS_CACHE", "GITOPS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return Upstream(tmp_path / "up", UPSTREAM)


@pytest.fixture
def remote(checkout: Checkout, upstream: Upstream) -> Checkout:
    """The environments' base is in another repository, on its branch ``main``."""
    for name in ("staging", "production"):
        checkout.edit(
            f"overlays/{name}/kustomization.yaml", "../../base", f"{upstream.url}//base?ref=main"
        )
    checkout.commit("Remote")
    return checkout


def move(upstream: Upstream) -> str:
    return upstream.commit({"base/settings.yaml": CONFIG.replace('"10"', '"20"')})


def test_build_sees_a_branch_that_moved(remote: Checkout, upstream: Upstream) -> None:
    (remote.root / ".gitops").mkdir(mode=0o700)
    assert 'rows: "10"' in remote.gitops("build", "staging").out
    move(upstream)
    assert 'rows: "20"' in remote.gitops("build", "staging").out
    assert [path.name for path in (remote.root / ".gitops/cache").iterdir()] == ["git"]


def test_build_keeps_in_the_workspace_from_any_folder_of_it(
    remote: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    (remote.root / ".gitops").mkdir(mode=0o700)
    monkeypatch.chdir(remote.root / "overlays/staging")
    assert remote.gitops("build").code == 0
    assert (remote.root / ".gitops/cache/git").is_dir()


def test_build_offline_says_what_it_uses(
    remote: Checkout, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote.gitops("build", "staging")
    move(upstream)
    answer = remote.gitops("build", "--offline", "staging")
    assert 'rows: "10"' in answer.out
    assert f"main is commit {upstream.first}, asked at" in answer.err
    monkeypatch.setenv("GITOPS_OFFLINE", "1")
    assert remote.gitops("build", "staging").out == answer.out


def test_build_without_a_network_fails_and_says_how_to_go_on(
    remote: Checkout, upstream: Upstream
) -> None:
    remote.gitops("build", "staging")
    shutil.rmtree(upstream.folder)
    answer = remote.gitops("build", "staging")
    assert (answer.code, answer.out) == (1, "")
    place, *_ = answer.err.splitlines()
    assert place.removeprefix("error: ").startswith(
        f"overlays/staging/kustomization.yaml:2:13: {upstream.url}: main cannot be fetched: fatal: "
    )
    assert f"--offline, or GITOPS_OFFLINE=1: commit {upstream.first}" in answer.err


def test_build_keeps_nothing_where_the_cache_is_off(
    remote: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    monkeypatch.setenv("GITOPS_CACHE", "off")
    assert remote.gitops("build", "staging").code == 0
    assert list((tmp_path / "temporary").iterdir()) == []
    assert not (tmp_path / "home").exists()


def test_build_keeps_in_the_users_cache_where_there_is_no_state(
    remote: Checkout, tmp_path: Path
) -> None:
    remote.gitops("build", "staging")
    assert (tmp_path / "home/.cache/gitops/git").is_dir()
    assert not (remote.root / ".gitops").exists()


def test_build_lists_files_with_their_commit(remote: Checkout, upstream: Upstream) -> None:
    assert remote.gitops("build", "--files", "staging").out.splitlines() == [
        "overlays/staging/kustomization.yaml",
        f"{upstream.url}?ref={upstream.first}//base/kustomization.yaml",
        f"{upstream.url}?ref={upstream.first}//base/hello.yaml",
        f"{upstream.url}?ref={upstream.first}//base/settings.yaml",
    ]


def test_build_takes_a_target_elsewhere(checkout: Checkout, upstream: Upstream) -> None:
    answer = checkout.gitops("build", f"{upstream.url}//base?ref=main")
    assert 'rows: "10"' in answer.out


def test_build_all_builds_remote_bases(remote: Checkout) -> None:
    answer = remote.gitops("build", "--all")
    assert answer.out.count('rows: "10"') == 2


def test_explain_names_the_line_elsewhere(remote: Checkout, upstream: Upstream) -> None:
    answer = remote.gitops("explain", "staging", "ConfigMap/settings", "data.rows")
    assert f"{upstream.url}?ref={upstream.first}//base/settings.yaml:4:14" in answer.out


def test_a_finding_names_the_line_elsewhere(
    remote: Checkout, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = upstream.commit({"base/hello.yaml": CRON.replace("* * * * *", "nonsense")})
    monkeypatch.chdir(remote.root / "overlays")
    answer = remote.gitops("validate", "staging")
    assert answer.code == 4
    assert f"{upstream.url}?ref={broken}//base/hello.yaml:6:" in answer.out


def test_affected_names_what_changed_elsewhere(remote: Checkout, upstream: Upstream) -> None:
    upstream.git("tag", "v1")
    upstream.git("tag", "v2", move(upstream))
    remote.edit("overlays/staging/kustomization.yaml", "ref=main", "ref=v1")
    remote.commit()
    remote.edit("overlays/staging/kustomization.yaml", "ref=v1", "ref=v2")
    answer = remote.gitops("affected", "--from", "HEAD", "-o", "json")
    [staging] = answer.document["environments"]
    assert staging["name"] == "staging"
    assert f"{upstream.url}?ref={upstream.first}//base/settings.yaml" in staging["files"]


def test_a_publish_tells_the_commits_of_its_bases(remote: Checkout, upstream: Upstream) -> None:
    assert remote.gitops("publish", "staging").code == 0
    message = remote.deploy("log", "-1", "--format=%B", "env/staging")
    assert f"Source-Remote: {upstream.url}?ref=main {upstream.first}\n" in f"{message}\n"
    history = json.loads(remote.gitops("history", "staging", "-o", "json").out)
    found = json.dumps(history)
    assert f"{upstream.url}?ref=main {upstream.first}" in found


def test_a_rollback_tells_the_commits_that_stand_again(
    remote: Checkout, upstream: Upstream
) -> None:
    remote.gitops("publish", "staging")
    first = remote.tip()
    moved = move(upstream)
    assert remote.gitops("publish", "staging").code == 0
    assert moved in remote.deploy("log", "-1", "--format=%B", "env/staging")
    assert remote.gitops("rollback", "staging", first).code == 0
    message = remote.deploy("log", "-1", "--format=%B", "env/staging")
    assert f"Source-Remote: {upstream.url}?ref=main {upstream.first}" in message


def test_a_difference_of_commits_asks_once(remote: Checkout) -> None:
    answer = remote.gitops("diff", "staging", "--from", "HEAD")
    assert answer.code == 0


def test_gc_drops_copies_that_nobody_used_for_long(remote: Checkout) -> None:
    (remote.root / ".gitops").mkdir(mode=0o700)
    remote.gitops("build", "staging")
    [copy] = (remote.root / ".gitops/cache/git").iterdir()
    assert LIMITS.max_age is not None
    old = time.time() - LIMITS.max_age.total_seconds() - DAY_S
    os.utime(copy / "use.lock", (old, old))
    answer = remote.gitops("gc", "-o", "json")
    assert [entry["what"] for entry in answer.document["removed"]] == ["remote bases"]
    assert not copy.exists()
