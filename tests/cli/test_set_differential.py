"""The same edits as ``kustomize edit`` makes, by meaning; the bytes are ours."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from toolkit.cli.main import run
from toolkit.yaml import SETTINGS, load_all

BINARY = shutil.which("kustomize") or shutil.which(
    "kustomize", path=str(Path("~/go/bin").expanduser())
)

pytestmark = pytest.mark.skipif(BINARY is None, reason="kustomize is not installed")

START = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- a.yaml   # a
namespace: old
images:
- name: nginx
  newName: reg/nginx
  newTag: "1.0"
- name: redis
  digest: sha256:abc
replicas:
- name: web
  count: 2
commonAnnotations:
  owner: me
configMapGenerator:
- name: cm
  literals:
  - a=b
  - c=d
buildMetadata: [originAnnotations]
patches:
- path: p.yaml
  target:
    kind: Deployment
"""

SAME = [
    (["set", "namespace", "new"], None),
    (["set", "nameprefix", "pre-"], None),
    (["set", "namesuffix", "--", "-suf"], ["set", "namesuffix", "--", "-suf"]),
    (["set", "image", "nginx=*:2"], None),
    (["set", "image", "nginx=other:2"], None),
    (["set", "image", "nginx=other@sha256:def"], None),
    (["set", "image", "nginx=other:3@sha256:def"], None),
    (["set", "image", "redis:7", "new/image:1.20"], None),
    (["set", "image", "redis@sha256:other"], None),
    (["set", "replicas", "web=3", "db=1"], None),
    (["set", "annotation", "owner=you", "a=b"], ["set", "annotation", "owner:you", "a:b"]),
    (["set", "configmap", "cm", "--from-literal=c=e"], None),
    (["set", "configmap", "cm", "--new-namespace=n1"], None),
    (["set", "buildmetadata", "managedByLabel"], None),
    (["add", "buildmetadata", "managedByLabel"], None),
    (["add", "resource", "b.yaml"], None),
    (["add", "resource", "a.yaml"], None),
    (["add", "component", "comp"], None),
    (["add", "transformer", "b.yaml"], None),
    (["add", "generator", "b.yaml"], None),
    (["add", "annotation", "k=v"], ["add", "annotation", "k:v"]),
    (["add", "configmap", "new", "--from-literal=x=y"], None),
    (["add", "configmap", "cm", "--from-literal=x=y"], None),
    (["add", "configmap", "new", "--from-file=b.yaml", "--behavior=merge"], None),
    (
        ["add", "secret", "s", "--from-env-file=e.env", "--type=Opaque"],
        ["add", "secret", "s", "--from-env-file=e.env"],
    ),
    (
        ["add", "patch", "p.yaml", "--kind", "X"],
        ["add", "patch", "--path", "p.yaml", "--kind", "X"],
    ),
    (["add", "patch", "--patch", "a: 1\nb: 2", "--name", "x"], None),
    (
        ["remove", "patch", "p.yaml", "--kind", "Deployment"],
        ["remove", "patch", "--path", "p.yaml", "--kind", "Deployment"],
    ),
    (["remove", "resource", "a.yaml"], None),
    (["remove", "annotation", "owner"], None),
    (["remove", "configmap", "cm"], None),
    (["remove", "buildmetadata", "originAnnotations"], None),
]


def meaning_of(file: Path) -> dict[str, object]:
    """Its fields that hold something; kustomize sorts images and replicas by name, and puts
    literals in no order.
    """
    (body,) = load_all(file.read_bytes(), dialect=SETTINGS)
    for field in ("images", "replicas"):
        body[field] = sorted(body.get(field, []), key=lambda entry: entry["name"])
    for entry in body.get("configMapGenerator", []):
        entry["literals"] = sorted(entry.get("literals", []))
    return {field: value for field, value in body.items() if value}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "comp").mkdir()
    (tmp_path / "comp/kustomization.yaml").write_text("kind: Component\n")
    for name in ("a.yaml", "b.yaml", "p.yaml", "e.env"):
        (tmp_path / name).write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("ours", "theirs"), SAME, ids=[" ".join(ours).replace("\n", " ") for ours, _ in SAME]
)
def test_the_meaning_is_that_of_kustomize_edit(folder, ours, theirs):
    file = folder / "kustomization.yaml"
    file.write_text(START)
    subprocess.run([str(BINARY), "edit", *(theirs or ours)], check=True, timeout=60)
    expected = meaning_of(file)
    file.write_text(START)
    assert run([*ours[:2], ".", *ours[2:]]) == 0
    assert meaning_of(file) == expected


def test_fix_has_the_meaning_of_kustomize_edit_fix(folder):
    before = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
bases: [base]
commonLabels: {a: b}
imageTags:
- name: nginx
  newTag: "1"
patchesStrategicMerge:
- p.yaml
configMapGenerator:
- name: x
  env: e.env
"""
    file = folder / "kustomization.yaml"
    (folder / "base").mkdir()
    (folder / "base/kustomization.yaml").write_text("resources: [d.yaml]\n")
    text = "apiVersion: v1\nkind: Service\nmetadata: {name: s, annotations: {a: b}}\n"
    (folder / "base/d.yaml").write_text(text)
    (folder / "p.yaml").write_text(text)
    file.write_text(before)
    subprocess.run([str(BINARY), "edit", "fix"], check=True, timeout=60)
    expected = meaning_of(file)
    file.write_text(before)
    assert run(["fix", "."]) == 0
    assert meaning_of(file) == expected
