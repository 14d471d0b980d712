from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from toolkit.cli.main import run
from toolkit.wiring.station import Station, open_station
from toolkit.wiring.workspace import Workspace

MAKE = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: made}
spec:
  entrypoint: main
  templates:
    - name: main
      container: {image: any, command: [sh, -c, "echo one > /tmp/one; echo two > /tmp/two"]}
      outputs:
        artifacts:
          - {name: one, path: /tmp/one, archive: {none: {}}}
          - {name: two, path: /tmp/two}
"""


@pytest.fixture
def made(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> Path:
    """A workspace with a run that has ended; its folder."""
    (workspace.root / "workflows").mkdir()
    (workspace.root / "workflows" / "make.yaml").write_text(MAKE)
    assert run(["run", "workflows/make.yaml", "--wait"]) == 0
    capsys.readouterr()
    return workspace.root


def test_artifacts_are_copied_where_argo_copies_them(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["cp", "made", "out"]) == 0
    one = made / "out/data/made/made/outputs/one/one"
    assert one.read_text() == "one\n"
    assert capsys.readouterr().out.splitlines() == [
        "out/data/made/made/outputs/one/one",
        "out/data/made/made/outputs/two/two.tgz",
    ]


def test_one_artifact_is_copied_by_its_name(made: Path) -> None:
    words = ["cp", "@latest", "out", "--artifact-name", "two", "--path", "{templateName}"]
    assert run(words) == 0
    assert [path.name for path in (made / "out/main").iterdir()] == ["two.tgz"]


def test_nothing_to_copy_is_a_failure(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cp", "made", "--artifact-name", "three"]) == 1
    assert "no such output artifact" in capsys.readouterr().err


def test_a_path_that_leads_out_is_refused(made: Path) -> None:
    assert run(["cp", "made", "out", "--path", "../.."]) == 1
    assert not (made.parent / "one").exists()


def test_the_server_gives_artifacts_where_argos_does(made: Path) -> None:
    workspace = Workspace(made)
    staging = workspace.settings().environment("staging")
    with open_station(workspace, [staging], lambda _: None) as station:
        path = "artifacts/data/made/made/one"
        assert asked(station, workspace, path) == (200, b"one\n")
        assert asked(station, workspace, "artifacts/data/made/made/three")[0] == 404
        files = "artifact-files/data/workflows/made/made/outputs/one"
        assert asked(station, workspace, files) == (200, b"one\n")
        assert asked(station, None, path)[0] == 401


def asked(station: Station, workspace: Workspace | None, path: str) -> tuple[int, bytes]:
    """The status and the body, with the server's token where a workspace has it."""
    context = ssl.create_default_context(cafile=str(station.serving.authority_file))
    request = urllib.request.Request(f"{station.serving.url}/{path}")
    if workspace is not None:
        token = (workspace.state / "token").read_text()
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, context=context, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, b""
