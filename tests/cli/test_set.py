from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.cli.main import run

KUSTOMIZATION = """\
# what stands here
kind: Kustomization
resources:
  - ../base   # all
images:
  - name: docker/whalesay   # the whale
    newTag: "1.0"
"""
CRON = """\
kind: CronWorkflow
metadata:
  name: hello
spec:
  schedules:
    - "* * * * *"   # every minute
  suspend: false
---
kind: CronWorkflow
metadata:
  name: other
spec:
  schedule: '5 * * * *'
"""


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    (tmp_path / "kustomization.yaml").write_text(KUSTOMIZATION)
    return tmp_path


@pytest.fixture
def crons(tmp_path: Path) -> Path:
    path = tmp_path / "crons.yaml"
    path.write_text(CRON)
    return path


def test_an_image_that_is_there_gets_its_tag(overlay):
    assert run(["set", "image", str(overlay), "docker/whalesay:2.0"]) == 0
    assert (overlay / "kustomization.yaml").read_text() == KUSTOMIZATION.replace('"1.0"', '"2.0"')


def test_an_image_that_is_missing_is_added(overlay):
    assert run(["set", "image", str(overlay), "a/b=reg.example:5000/c@sha256:abc"]) == 0
    assert (overlay / "kustomization.yaml").read_text() == KUSTOMIZATION + (
        "  - name: a/b\n    newName: reg.example:5000/c\n    digest: sha256:abc\n"
    )


def test_a_label_and_a_namespace_reach_all_objects_of_a_kustomization(overlay):
    assert run(["set", "namespace", str(overlay), "data"]) == 0
    assert run(["set", "label", str(overlay), "team=data", "tier=1"]) == 0
    assert (overlay / "kustomization.yaml").read_text() == KUSTOMIZATION + (
        'namespace: data\nlabels:\n  - pairs:\n      team: data\n      tier: "1"\n'
    )


def test_a_schedule_and_suspension_change_in_the_object_named(crons):
    assert run(["set", "schedule", str(crons), "*/5 * * * *", "--name", "hello"]) == 0
    assert run(["set", "suspend", str(crons), "true", "--name", "other"]) == 0
    assert run(["set", "annotation", str(crons), "owner=me", "--name", "other"]) == 0
    assert crons.read_text() == CRON.replace('"* * * * *"', '"*/5 * * * *"').replace(
        "  name: other\n", "  name: other\n  annotations:\n    owner: me\n"
    ).replace("schedule: '5 * * * *'\n", "schedule: '5 * * * *'\n  suspend: true\n")


def test_a_dry_run_shows_the_difference_and_writes_nothing(crons, capsys):
    assert run(["set", "suspend", str(crons), "true", "--name", "hello", "--dry-run"]) == 0
    assert "-  suspend: false\n+  suspend: true\n" in capsys.readouterr().out
    assert crons.read_text() == CRON


def test_a_schedule_that_never_could_run_is_refused(crons, capsys):
    assert run(["set", "schedule", str(crons), "99 * * * *", "--name", "hello"]) == 1
    assert "99" in capsys.readouterr().err
    assert crons.read_text() == CRON


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["suspend", "{crons}", "true"], "holds 2 of them: CronWorkflow/hello, CronWorkflow/other"),
        (["schedule", "{crons}", "@daily", "--name", "x"], "no CronWorkflow named 'x'"),
        (["image", "{crons}", "a:1"], "no kustomization"),
        (["image", "{overlay}", "a"], "is not NAME[=NEW][:TAG|@DIGEST]"),
        (["label", "{overlay}", "a"], "is not KEY=VALUE"),
        (["label", "{overlay}/none", "a=b"], "no such file"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(overlay, crons, capsys, arguments, message):
    chosen = [part.format(crons=crons, overlay=overlay) for part in arguments]
    assert run(["set", *chosen]) == 2
    assert message in capsys.readouterr().err
