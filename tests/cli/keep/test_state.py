"""Backups of a state with a run in flight, restored elsewhere and in place."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.keep.conftest import KUSTOMIZATION, SETTINGS, Submit
from toolkit.adapters.process.claims import claims
from toolkit.cli.main import run
from toolkit.wiring.workspace import Workspace

ARTIFACT = {"artifacts": [{"name": "report", "path": "/tmp/report.txt"}]}


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("elsewhere")
    (root / "gitops.yaml").write_text(SETTINGS)
    (root / "overlays/staging").mkdir(parents=True)
    (root / "overlays/staging/kustomization.yaml").write_text(KUSTOMIZATION)
    return root


@pytest.fixture(params=["backup.tar.gz", "backup"])
def backup(
    request: pytest.FixtureRequest,
    ran: Submit,
    tmp_path_factory: pytest.TempPathFactory,
    capfd: pytest.CaptureFixture[str],
) -> Path:
    ran("hello", "echo hello; echo data > /tmp/report.txt", outputs=ARTIFACT)
    target = tmp_path_factory.mktemp("backups") / request.param
    assert run(["state", "backup", str(target)]) == 0
    capfd.readouterr()
    return Path(target)


def test_what_is_restored_elsewhere_is_all_there(
    backup: Path,
    elsewhere: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(elsewhere)
    assert run(["state", "restore", str(backup)]) == 0
    assert "entries restored" in capfd.readouterr().out
    assert run(["logs", "hello"]) == 0
    assert "hello" in capfd.readouterr().out
    assert [path.name for path in (elsewhere / ".gitops/artifacts").rglob("*.tgz")]
    assert run(["retry", "hello"]) == 1
    assert stat.S_IMODE((elsewhere / ".gitops/state.db").stat().st_mode) == 0o600


def test_the_state_before_is_moved_aside(
    backup: Path, workspace: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["delete", "hello"]) == 0
    assert run(["state", "restore", str(backup)]) == 0
    assert "the state before is in" in capfd.readouterr().out
    assert run(["list", "-o", "name"]) == 0
    assert capfd.readouterr().out == "workflow/hello\n"
    (aside,) = workspace.state.glob("before-restore-*")
    assert (aside / "state.db").exists()
    assert not list(workspace.state.glob("restoring-*"))


def test_a_dry_run_verifies_and_changes_nothing(
    backup: Path, workspace: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["state", "restore", str(backup), "--dry-run"]) == 0
    assert "all as they were backed up" in capfd.readouterr().out
    assert not list(workspace.state.glob("before-restore-*"))


@pytest.fixture
def folder(ran: Submit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    ran("hello", "echo hello")
    target = tmp_path_factory.mktemp("backups") / "folder"
    assert run(["state", "backup", str(target)]) == 0
    return Path(target)


def refused(folder: Path, capfd: pytest.CaptureFixture[str]) -> str:
    capfd.readouterr()
    assert run(["state", "restore", str(folder)]) == 1
    return capfd.readouterr().err


def test_a_file_that_was_changed_is_noticed(
    folder: Path, workspace: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    (log,) = folder.rglob("main.log")
    log.write_text("hullo\n")
    assert "is not what was backed up" in refused(folder, capfd)
    assert not list(workspace.state.glob("before-restore-*"))


def test_a_file_that_is_missing_is_noticed(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    next(folder.rglob("main.log")).unlink()
    assert "main.log is missing" in refused(folder, capfd)


def test_half_a_backup_is_none(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "manifest.json").unlink()
    assert "is no backup" in refused(folder, capfd)


def test_a_newer_backup_is_refused(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"schema": 999}))
    assert "made by a newer gitops" in refused(folder, capfd)


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "lock", "logs/../../x"])
def test_an_entry_that_leads_out_is_refused(
    folder: Path, path: str, capfd: pytest.CaptureFixture[str]
) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["entries"].append({"path": path})
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert "is no part of a state folder" in refused(folder, capfd)


def test_a_link_is_not_written_through(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["entries"] += [
        {"path": "volumes/out", "kind": "link", "target": str(tmp_path)},
        {"path": "volumes/out/file"},
    ]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert "leads out of the state folder" in refused(folder, capfd)


def test_what_is_no_backup_is_refused(
    workspace: Workspace, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.tar.gz").write_bytes(b"not a tar")
    assert "is no backup" in refused(tmp_path / "x.tar.gz", capfd)
    assert "is no backup" in refused(tmp_path / "missing", capfd)


def test_a_backup_never_overwrites(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["state", "backup", str(folder)]) == 1
    assert "is there already" in capfd.readouterr().err


def test_without_a_state_there_is_nothing_to_back_up(
    workspace: Workspace, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["state", "backup", str(tmp_path / "b")]) == 1
    assert "no state to back up" in capfd.readouterr().err


def test_a_backup_is_private(folder: Path) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "state.db").stat().st_mode) == 0o600


@pytest.fixture
def owner(workspace: Workspace) -> Iterator[subprocess.Popen[str]]:
    """`gitops up`, with a step that runs."""
    command = [sys.executable, "-m", "toolkit", "up", "staging"]
    with subprocess.Popen(command, cwd=workspace.root, stdout=subprocess.PIPE, text=True) as up:
        assert up.stdout is not None
        assert "serving" in up.stdout.readline()
        yield up
        up.send_signal(signal.SIGKILL)


def test_steps_that_run_while_a_backup_is_made_are_interrupted_where_it_is_restored(
    owner: subprocess.Popen[str],
    workspace: Workspace,
    elsewhere: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "long", "namespace": "data"},
        "spec": {
            "entrypoint": "main",
            "templates": [
                {
                    "name": "main",
                    "container": {"image": "busybox", "command": ["sh", "-c", "echo up; sleep 99"]},
                }
            ],
        },
    }
    file = workspace.root / "long.json"
    file.write_text(json.dumps(body))
    assert run(["apply", "-f", str(file)]) == 0
    steps = workspace.state / "steps"
    while not [claim for claim in claims(steps) if claim.record()]:
        assert owner.poll() is None
        time.sleep(0.05)
    target = elsewhere / "b.tar.gz"
    assert run(["state", "backup", str(target)]) == 0
    capfd.readouterr()
    assert run(["state", "restore", str(target)]) == 1
    assert f"process {owner.pid}" in capfd.readouterr().err
    with tarfile.open(target) as tar:
        (marker,) = (name for name in tar.getnames() if name.endswith("/interrupted"))
    monkeypatch.chdir(elsewhere)
    assert run(["state", "restore", str(target)]) == 0
    with closing(sqlite3.connect(elsewhere / ".gitops/state.db")) as database:
        (command,) = database.execute("SELECT id FROM run_commands").fetchone()
    assert marker == f"steps/{command}/interrupted"
    other = {**body, "metadata": {"name": "short", "namespace": "data"}}
    other["spec"] = json.loads(json.dumps(body["spec"]).replace("sleep 99", "true"))
    (elsewhere / "short.json").write_text(json.dumps(other))
    assert run(["run", str(elsewhere / "short.json"), "--wait"]) == 0
    capfd.readouterr()
    assert run(["get", "long", "-o", "json"]) == 0
    long = json.loads(capfd.readouterr().out)
    assert long["status"]["phase"] == "Error"
    assert "interrupted" in json.dumps(long["status"]["nodes"])
    monkeypatch.chdir(workspace.root)
    assert run(["state", "restore", str(target), "--force"]) == 0
    assert owner.wait(60) == 0
    shutil.rmtree(elsewhere)
