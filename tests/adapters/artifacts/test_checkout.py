from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import git
import pytest

from toolkit.adapters.artifacts import ArtifactStore
from toolkit.adapters.artifacts.checkout import GitDriver
from toolkit.adapters.artifacts.drivers import Credentials
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


SECRETS = Credentials({"s/user": "ann", "s/pass": "pw", "s/key": "-----KEY-----"})


def environment(**fields: Any) -> dict[str, str]:
    driver = GitDriver({"repo": "https://host/x", **fields}, SECRETS)
    with driver._environment() as found:
        return found


def reference(key: str) -> dict[str, str]:
    return {"name": "s", "key": key}


def test_a_name_and_password_go_in_a_header_and_not_on_a_command_line() -> None:
    found = environment(usernameSecret=reference("user"), passwordSecret=reference("pass"))
    pair = base64.b64encode(b"ann:pw").decode()
    assert found["GIT_CONFIG_VALUE_0"] == f"Authorization: Basic {pair}"


def test_an_ssh_key_is_a_private_file() -> None:
    driver = GitDriver({"repo": "git@host:x", "sshPrivateKeySecret": reference("key")}, SECRETS)
    with driver._environment() as found:
        path = Path(found["GIT_SSH_COMMAND"].split(" -i ")[1].split()[0])
        assert path.read_text() == "-----KEY-----\n"
        assert path.stat().st_mode & 0o777 == 0o600
    assert not path.exists()


@pytest.mark.parametrize(
    ("fields", "name", "part"),
    [
        ({"insecureIgnoreHostKey": True}, "GIT_SSH_COMMAND", "StrictHostKeyChecking=no"),
        ({"insecureSkipTLS": True}, "GIT_SSL_NO_VERIFY", "1"),
    ],
)
def test_checks_are_left_out_where_asked(fields: dict[str, Any], name: str, part: str) -> None:
    assert part in environment(**fields)[name]
    assert part not in environment().get(name, "")


@pytest.mark.parametrize(("disabled", "files"), [(False, {"one"}), (True, set())])
def test_submodules_come_along_unless_disabled(
    origin: git.Repo, tmp_path: Path, *, disabled: bool, files: set[str]
) -> None:
    outer = git.Repo.init(tmp_path / "outer", initial_branch="main")
    with outer.config_writer() as config:
        config.set_value("user", "name", "n").set_value("user", "email", "n@example")
    allowed = ("-c", "protocol.file.allow=always")
    outer.git.execute(["git", *allowed, "submodule", "add", str(origin.working_dir), "inner"])
    outer.git.commit("-m", "with a submodule")
    checked_out(outer, tmp_path / "target", disableSubmodules=disabled)
    assert {path.name for path in (tmp_path / "target" / "inner").glob("one")} == files
