from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from toolkit.cli.secret import secret
from toolkit.errors import NotFoundError, UsageError
from toolkit.resource.cluster import ObjectRef
from toolkit.resource.identity import GroupVersionKind
from toolkit.wiring.clusters import open_cluster
from toolkit.wiring.workspace import Workspace

VALUE = "s3cr3t-value"
SETTINGS = """\
defaultEnvironment: staging
environments:
  staging:
    overlay: overlays/staging
    namespace: data
"""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    (tmp_path / "gitops.yaml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    return Workspace(tmp_path)


def run(*arguments: str, input: str | None = None) -> Result:
    return CliRunner().invoke(secret, arguments, input=input, catch_exceptions=False)


def values(workspace: Workspace, name: str) -> dict[str, str]:
    environment = workspace.settings().environment("staging")
    with open_cluster(workspace, environment, write=False) as cluster:
        body = cluster.get(ObjectRef(GroupVersionKind("", "v1", "Secret"), "data", name))
    assert body is not None
    return {key: base64.b64decode(value).decode() for key, value in body["data"].items()}


def test_a_value_is_read_from_standard_input(workspace: Workspace) -> None:
    result = run("set", "staging", "hook", "URL", input=f"{VALUE}\n")
    assert values(workspace, "hook") == {"URL": VALUE}
    assert VALUE not in result.output


def test_a_value_on_the_command_line_is_taken_with_a_warning(workspace: Workspace) -> None:
    result = run("set", "staging", "hook", f"URL={VALUE}")
    assert values(workspace, "hook") == {"URL": VALUE}
    assert "history" in result.stderr
    assert VALUE not in result.output


def test_lines_from_standard_input_are_keys_and_values(workspace: Workspace) -> None:
    run("set", "staging", "db", "-", input="# export\nuser=me\npassword=a=b\n\n")
    assert values(workspace, "db") == {"user": "me", "password": "a=b"}


def test_a_file_is_a_value(workspace: Workspace) -> None:
    (workspace.root / "pw.txt").write_text(VALUE)
    run("set", "staging", "db", "--from-file", "password=pw.txt", "--from-file", "pw.txt")
    assert values(workspace, "db") == {"password": VALUE, "pw.txt": VALUE}


def test_keys_that_are_not_named_stay_unless_replaced(workspace: Workspace) -> None:
    run("set", "staging", "db", "-", input="a=1\nb=2\n")
    run("set", "staging", "db", "b", input="3")
    assert values(workspace, "db") == {"a": "1", "b": "3"}
    run("set", "staging", "db", "c", "--replace", input="4")
    assert values(workspace, "db") == {"c": "4"}


def test_the_list_shows_keys_and_never_values(workspace: Workspace) -> None:
    run("set", "staging", "db", "password", input=VALUE)
    result = run("list", "staging", "-o", "json")
    (row,) = json.loads(result.output)["secrets"]
    assert (row["name"], row["keys"]) == ("db", ["password"])
    assert VALUE not in result.output
    assert base64.b64encode(VALUE.encode()).decode() not in result.output


def test_one_key_or_the_whole_secret_is_deleted(workspace: Workspace) -> None:
    run("set", "staging", "db", "-", input="a=1\nb=2\n")
    run("delete", "staging", "db", "a")
    assert values(workspace, "db") == {"b": "2"}
    run("delete", "staging", "db")
    with pytest.raises(NotFoundError):
        run("delete", "staging", "db")


@pytest.mark.parametrize(
    "arguments",
    [
        ("set", "staging", "db"),
        ("set", "staging", "db", "bad key=1"),
        ("set", "nowhere", "db", "a=1"),
        ("set", "staging", "db", "--from-file", "absent"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(
    workspace: Workspace, arguments: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError):
        run(*arguments)


def test_a_key_that_is_not_there_is_not_deleted(workspace: Workspace) -> None:
    run("set", "staging", "db", "a", input="1")
    with pytest.raises(UsageError, match="no key 'b'"):
        run("delete", "staging", "db", "b")
