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


def set_in(overlay: Path, text: str, *arguments: str) -> str:
    """What the kustomization says after ``gitops set``."""
    file = overlay / "kustomization.yaml"
    file.write_bytes(text.encode())
    verb, *rest = arguments
    assert run(["set", verb, str(overlay), *rest]) == 0
    return file.read_bytes().decode()


SETS = {
    "a digest takes the place of a tag, its comment stays": (
        "images:\n- name: a\n  newTag: v1 # c\n",
        ("image", "a@sha256:0a"),
        "images:\n- name: a\n  digest: sha256:0a # c\n",
    ),
    "a tag takes the place of a digest": (
        "images:\n- digest: sha256:0a\n  name: a\n",
        ("image", "a:v1"),
        "images:\n- newTag: v1\n  name: a\n",
    ),
    "a new name stays where only a tag is set": (
        "images:\n- name: a\n  newName: b # c\n  newTag: v1\n",
        ("image", "a:v2"),
        "images:\n- name: a\n  newName: b # c\n  newTag: v2\n",
    ),
    "an asterisk keeps what is there": (
        "images:\n- name: a\n  newName: b\n  newTag: v1\n",
        ("image", "a=c:*"),
        "images:\n- name: a\n  newName: c\n  newTag: v1\n",
    ),
    "a tag that is a number to YAML 1.1 is quoted": (
        "images:\n- name: a\n  newTag: v1\n",
        ("image", "a:1_0"),
        "images:\n- name: a\n  newTag: '1_0'\n",
    ),
    "the last of equal entries wins, and is set": (
        "images:\n- name: a\n  newTag: v1\n- name: a\n  newTag: v2\n",
        ("image", "a:v3"),
        "images:\n- name: a\n  newTag: v1\n- name: a\n  newTag: v3\n",
    ),
    "replicas": (
        "replicas: [{name: a, count: 1}]\n",
        ("replicas", "a=2", "b=3"),
        "replicas: [{name: a, count: 2}, {name: b, count: 3}]\n",
    ),
    "a label where it stands already": (
        "commonLabels:\n  a: b # c\nlabels:\n- pairs: {x: z}\n",
        ("label", "a=1"),
        "commonLabels:\n  a: '1' # c\nlabels:\n- pairs: {x: z}\n",
    ),
    "a new label never enters selectors": (
        "labels:\n- pairs: {x: z}\n  includeSelectors: true\n",
        ("label", "a=b"),
        "labels:\n- pairs: {x: z}\n  includeSelectors: true\n- pairs:\n    a: b\n",
    ),
    "nothing takes a field out": (
        "# c\nnamespace: a # d\nnamePrefix: p-\n",
        ("namespace", ""),
        "# c\nnamePrefix: p-\n",
    ),
    "a suffix": (
        "namePrefix: p-\n",
        ("namesuffix", "--", "-s"),
        "namePrefix: p-\nnameSuffix: -s\n",
    ),
    "build metadata": (
        "buildMetadata:\n- originAnnotations # o\n- managedByLabel # m\n",
        ("buildmetadata", "managedByLabel,transformerAnnotations"),
        "buildMetadata:\n- managedByLabel # m\n- transformerAnnotations\n",
    ),
    "a literal of a ConfigMap": (
        'configMapGenerator:\n- name: a\n  literals:\n  - "k=v" # c\n',
        ("configmap", "a", "--from-literal", "k=w"),
        'configMapGenerator:\n- name: a\n  literals:\n  - "k=w" # c\n',
    ),
}


@pytest.mark.parametrize(("before", "arguments", "after"), SETS.values(), ids=SETS.keys())
def test_sets(overlay, before, arguments, after):
    assert set_in(overlay, before, *arguments) == after


def test_what_is_so_already_is_said_and_not_written(overlay, capsys):
    text = "images:\n- name: 'a' # c\n  newTag: \"v1\"\nnamespace:   b\n"
    assert set_in(overlay, text, "image", "a:v1") == text
    assert set_in(overlay, text, "namespace", "b") == text
    assert capsys.readouterr().err.count("already so, nothing changed") == 2


def test_a_name_that_is_new_but_close_to_another_is_noted(overlay, capsys):
    assert run(["set", "image", str(overlay), "docker/whalesy:2"]) == 0
    stderr = capsys.readouterr().err
    assert f"{overlay}/kustomization.yaml:6:5: 'docker/whalesy' is new here" in stderr
    assert "did you mean 'docker/whalesay'?" in stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["configmap", "salse", "--from-literal", "a=b"], "did you mean 'sales'?"),
        (["configmap", "sales", "--from-literal", "regoin=b"], "did you mean 'region'?"),
    ],
)
def test_a_name_that_must_be_there_and_is_not_is_an_error(overlay, capsys, arguments, message):
    file = overlay / "kustomization.yaml"
    file.write_text("configMapGenerator:\n- name: sales\n  literals: [region=eu]\n")
    verb, *rest = arguments
    assert run(["set", verb, str(overlay), *rest]) == 1
    assert message in capsys.readouterr().err


def test_an_object_is_found_in_the_files_a_kustomization_lists(crons, capsys):
    base, over = crons.parent, crons.parent / "over"
    (base / "kustomization.yaml").write_text("resources: [crons.yaml]\n")
    over.mkdir()
    (over / "kustomization.yaml").write_text("resources: [..]\n")
    assert run(["set", "suspend", str(over), "true", "--name", "hello"]) == 2
    assert "name its file: " in capsys.readouterr().err
    assert run(["set", "suspend", str(base), "true", "--name", "hello"]) == 0
    assert crons.read_text() == CRON.replace("suspend: false", "suspend: true")


def test_an_environment_is_its_overlays_kustomization(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gitops.yaml").write_text(
        "defaultEnvironment: staging\nenvironments:\n  staging: {overlay: over, namespace: n1}\n"
    )
    (tmp_path / "over").mkdir()
    (tmp_path / "over/kustomization.yaml").write_text("namePrefix: p-\n")
    assert run(["set", "nameprefix", "staging", "q-"]) == 0
    assert (tmp_path / "over/kustomization.yaml").read_text() == "namePrefix: q-\n"
    assert run(["set", "nameprefix", "stagin", "q-"]) == 2
    assert "did you mean 'staging'?" in capsys.readouterr().err


def test_a_file_that_something_else_changes_meanwhile_is_left(overlay):
    from toolkit.errors import OperationError
    from toolkit.wiring.edits import write_text

    file = overlay / "kustomization.yaml"
    with pytest.raises(OperationError, match="was changed by something else"):
        write_text(file, "what it said", "what it shall say")
    assert file.read_text() == KUSTOMIZATION
    assert list(overlay.iterdir()) == [file]
