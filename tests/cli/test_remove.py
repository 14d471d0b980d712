from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.cli.main import run

KUSTOMIZATION = """\
# what stands here
resources:
  # of b
  - b.yaml   # first
  - sub/a.yaml
  - ./c.yaml

images: [{name: x, newTag: v1}, {name: w, newTag: v2}]
labels:
  - pairs: {team: data, tier: "1"}
  - includeSelectors: true
    pairs:
      app: z # the app
commonAnnotations:
  owner: me
configMapGenerator:
  - name: sales
    literals:
      - region=eu
      - tier=1
  - name: other
    namespace: ns
    files: [q.sql]
patches:
  - path: p.yaml
    target: {kind: A}
  - path: p.yaml
    target: {kind: B}
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "kustomization.yaml"
    path.write_text(KUSTOMIZATION)
    return path


REMOVALS = {
    "a resource": (["resource", "b.yaml"], "  - b.yaml   # first\n", ""),
    "by another spelling": (["resource", "c.yaml"], "  - ./c.yaml\n", ""),
    "by a pattern": (["resource", "sub/*"], "  - sub/a.yaml\n", ""),
    "an image in brackets": (["image", "x"], "{name: x, newTag: v1}, ", ""),
    "a label": (["label", "tier"], ', tier: "1"', ""),
    "the only label of its entry": (
        ["label", "app"],
        "  - includeSelectors: true\n    pairs:\n      app: z # the app\n",
        "",
    ),
    "the only annotation": (["annotation", "owner"], "commonAnnotations:\n  owner: me\n", ""),
    "a key of a ConfigMap": (["configmap", "sales", "--key", "tier"], "      - tier=1\n", ""),
    "a key that is a file": (
        ["configmap", "other", "--namespace", "ns", "--key", "q.sql"],
        "files: [q.sql]",
        "files: []",
    ),
    "a ConfigMap": (
        ["configmap", "other", "--namespace=ns"],
        "  - name: other\n    namespace: ns\n    files: [q.sql]\n",
        "",
    ),
    "a patch": (
        ["patch", "p.yaml", "--kind", "B"],
        "  - path: p.yaml\n    target: {kind: B}\n",
        "",
    ),
}


@pytest.mark.parametrize(("arguments", "old", "new"), REMOVALS.values(), ids=REMOVALS.keys())
def test_only_its_own_lines_go(file, arguments, old, new):
    verb, *rest = arguments
    assert run(["remove", verb, ".", *rest]) == 0
    assert file.read_text() == KUSTOMIZATION.replace(old, new)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["resource", ".", "d.yaml"], "kustomization.yaml:2:1: there is no entry of resources 'd"),
        (["resource", ".", "sub/b.yaml"], "did you mean 'sub/a.yaml'?"),
        (["label", ".", "teem"], "did you mean 'team'?"),
        (["image", ".", "z"], "there are: x, w"),
        (["configmap", ".", "sale"], "did you mean 'sales'?"),
        (["configmap", ".", "other"], "there is no ConfigMap 'other' here"),
        (["configmap", ".", "sales", "--key", "regio"], "did you mean 'region'?"),
        (["patch", ".", "p.yaml"], "2 patches are like this"),
        (["patch", ".", "q.yaml"], "there is no patch 'q.yaml' here"),
    ],
)
def test_what_is_not_there_is_an_error_with_its_place(file, capsys, arguments, message):
    assert run(["remove", *arguments]) == 1
    assert message in capsys.readouterr().err
    assert file.read_text() == KUSTOMIZATION


def test_bases_and_strategic_patches_are_found_in_their_old_fields(file):
    file.write_text("bases:\n- a\n- b # two\npatchesStrategicMerge: [p.yaml]\n")
    assert run(["remove", "resource", ".", "b"]) == 0
    assert run(["remove", "patch", ".", "p.yaml"]) == 0
    assert file.read_text() == "bases:\n- a\npatchesStrategicMerge: []\n"


def test_field_names_in_another_case_are_found(file):
    file.write_text("Resources:\n- a\n- b\n")
    assert run(["remove", "resource", ".", "b"]) == 0
    assert file.read_text() == "Resources:\n- a\n"


def test_a_label_of_a_manifest_goes(file, tmp_path, capsys):
    manifest = tmp_path / "cm.yaml"
    manifest.write_text("kind: ConfigMap\nmetadata:\n  name: a\n  labels:\n    b: c # d\n")
    assert run(["remove", "label", str(manifest), "bb"]) == 1
    assert f"{manifest}:4:3: ConfigMap/a has no 'bb' among its labels" in capsys.readouterr().err
    assert run(["remove", "label", str(manifest), "b"]) == 0
    assert manifest.read_text() == "kind: ConfigMap\nmetadata:\n  name: a\n"


def test_a_dry_run_writes_nothing(file, capsys):
    assert run(["remove", "annotation", ".", "owner", "--dry-run"]) == 0
    assert "-commonAnnotations:\n-  owner: me\n" in capsys.readouterr().out
    assert file.read_text() == KUSTOMIZATION


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("labels:\n- pairs: [a]\n", ["label", ".", "a"]),
        ("commonLabels: a\n", ["label", ".", "a"]),
        ("commonAnnotations: [a]\n", ["annotation", ".", "a"]),
        ("resources: a\n", ["resource", ".", "a"]),
        ("patches:\n- path: p\n  target: a\n", ["patch", ".", "p", "--kind", "A"]),
        ("[]\n", ["label", ".", "a"]),
        ("a: [\n", ["label", ".", "a"]),
    ],
)
def test_a_broken_kustomization_is_an_error_with_its_place(file, capsys, text, arguments):
    file.write_text(text)
    assert run(["remove", *arguments]) == 1
    assert "kustomization.yaml:" in capsys.readouterr().err
    assert file.read_text() == text
