"""What people create by command, and what git brings, side by side."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from toolkit.cli.main import run

OWN = """\
apiVersion: argoproj.io/v1alpha1
kind: KIND
metadata: {name: own}
spec:
  SPEC
"""
TEMPLATE = OWN.replace("KIND", "WorkflowTemplate").replace(
    "SPEC", "templates: [{name: main, container: {image: busybox, command: ['true']}}]"
)
CRON = OWN.replace("KIND", "CronWorkflow").replace(
    "SPEC",
    "schedules: [0 0 1 1 *]\n  workflowSpec: {workflowTemplateRef: {name: own}, entrypoint: main}",
)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped repository, published and synced once."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "someone")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "someone@example.org")
    folder = tmp_path / "pipelines"
    assert run(["init", str(folder)]) == 0
    monkeypatch.chdir(folder)
    assert run(["publish", "staging"]) == 0
    assert run(["sync", "staging"]) == 0
    return folder


def names(capsys, *verb: str) -> list[str]:
    capsys.readouterr()
    assert run([*verb, "-o", "name"]) == 0
    return [line.partition("/")[2] for line in capsys.readouterr().out.splitlines()]


def test_a_sync_that_prunes_leaves_what_was_created_by_command(repository, tmp_path, capsys):
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "cron.yaml").write_text(CRON)
    assert run(["template", "create", str(tmp_path / "template.yaml")]) == 0
    assert run(["cron", "create", str(tmp_path / "cron.yaml")]) == 0
    from_git = names(capsys, "cron", "list")
    assert {"own", "hello-cron"} <= set(from_git)

    base = repository / "crons" / "base"
    [kept_out] = base.glob("hello*.yaml")
    kept_out.unlink()
    kustomization = base / "kustomization.yaml"
    lines = kustomization.read_text().splitlines(keepends=True)
    kustomization.write_text("".join(line for line in lines if kept_out.name not in line))
    subprocess.run(["git", "commit", "-qam", "without hello"], check=True)
    assert run(["publish", "staging"]) == 0
    assert run(["sync", "staging"]) == 0

    assert set(names(capsys, "cron", "list")) == set(from_git) - {"hello-cron"}
    assert "own" in names(capsys, "template", "list")
