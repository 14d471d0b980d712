from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.cli.main import run

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec:
  selector: {matchLabels: {x: y1}}
  template:
    metadata: {labels: {x: y1}}
    spec: {containers: [{name: c, image: nginx}]}
"""
FILES = {
    "d.yaml": DEPLOYMENT,
    "b/kustomization.yaml": "resources:\n- s.yaml\n",
    "b/s.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {selector: {q: r}}\n",
    "e.env": "A=1\n",
    "f.env": "B=1\n",
    "p.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, annotations: {p: q}}\n",
    "q.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, annotations: {p: z}}\n",
    "j.yaml": "- op: add\n  path: /spec/replicas\n  value: 3\n",
}
BEFORE = """\
# head
bases: # where it comes from
  # b is nice
  - b   # yes
# res
resources:
  - d.yaml

commonLabels:   # all
  # team
  a: b # x
imageTags:
  - name: nginx # n
    newTag: "1"
patchesStrategicMerge:
  # first
  - p.yaml # pp
  - |-
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: d
      # inner
      annotations: {z: z}
patchesJson6902:
  - path: j.yaml
    target: {kind: Deployment, name: d, version: v1}
# last
configMapGenerator:
  - name: x
    env: e.env # env
"""
AFTER = """\
# head
# res
resources:
  - d.yaml
  # where it comes from
  # b is nice
  - b   # yes

labels:
  - includeSelectors: true
    pairs:
      # all
      # team
      a: b # x
images:
  - name: nginx # n
    newTag: "1"
patches:
  # first
  - path: p.yaml # pp
  - patch: |-
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: d
        # inner
        annotations: {z: z}
  - path: j.yaml
    target: {kind: Deployment, name: d, version: v1}
# last
configMapGenerator:
  - name: x
    envs:
      - e.env # env
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def fix(folder: Path, text: str, *flags: str) -> int:
    (folder / "kustomization.yaml").write_bytes(text.encode())
    return run(["fix", ".", *flags])


def text_of(folder: Path) -> str:
    return (folder / "kustomization.yaml").read_bytes().decode()


def test_all_deprecated_fields_become_present_ones_comments_and_all(folder, capsys):
    assert fix(folder, BEFORE) == 0
    assert text_of(folder) == AFTER
    assert capsys.readouterr().err.splitlines() == [
        "builds to the same bytes: .",
        "kustomization.yaml:2:1: bases -> resources",
        "kustomization.yaml:12:1: imageTags -> images",
        "kustomization.yaml:15:1: patchesStrategicMerge -> patches",
        "kustomization.yaml:25:1: patchesJson6902 -> patches",
        "kustomization.yaml:9:1: commonLabels -> labels",
        "kustomization.yaml:31:5: env -> envs",
        "kustomization.yaml: changed",
    ]
    assert run(["fix", "."]) == 0
    assert "already so" in capsys.readouterr().err


def test_windows_line_ends_stay(folder):
    assert fix(folder, BEFORE.replace("\n", "\r\n")) == 0
    assert text_of(folder) == AFTER.replace("\n", "\r\n")


CASES = {
    "alone, a field keeps its place": (
        "bases: [b] # c\nnamePrefix: x-\n",
        "resources: [b] # c\nnamePrefix: x-\n",
    ),
    "brackets": (
        "resources: [d.yaml]\nbases: [b]\ncommonLabels: {a: b}\n",
        "resources: [d.yaml, b]\nlabels:\n- includeSelectors: true\n  pairs: {a: b}\n",
    ),
    "strategic patches come before the others, as the build has it": (
        """\
resources:
- d.yaml
patches:
- path: q.yaml
# s
patchesStrategicMerge:
- p.yaml # p
""",
        """\
resources:
- d.yaml
patches:
- path: p.yaml # p
- path: q.yaml
# s
""",
    ),
    "JSON patches come after": (
        """\
resources: [d.yaml]
patches:
- path: q.yaml
patchesJson6902:
- path: j.yaml # j
  target: {kind: Deployment, name: d}
""",
        """\
resources: [d.yaml]
patches:
- path: q.yaml
- path: j.yaml # j
  target: {kind: Deployment, name: d}
""",
    ),
    "labels that are there": (
        """\
resources: [d.yaml]
labels:
- pairs: {b: c}
commonLabels:
  # x
  a: b
""",
        """\
resources: [d.yaml]
labels:
- pairs: {b: c}
- includeSelectors: true
  pairs:
    # x
    a: b
""",
    ),
    "an env beside envs": (
        "configMapGenerator:\n- name: x\n  envs: [f.env]\n  env: e.env\n",
        "configMapGenerator:\n- name: x\n  envs: [f.env, e.env]\n",
    ),
    "an env first in its entry": (
        "configMapGenerator:\n- env: e.env\n  name: x\n",
        "configMapGenerator:\n- envs:\n  - e.env\n  name: x\n",
    ),
    "fields with nothing in them": (
        "resources:\n- d.yaml\nbases: []\ncommonLabels: {}\npatchesStrategicMerge: []\n",
        "resources:\n- d.yaml\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), CASES.values(), ids=CASES.keys())
def test_cases(folder, before, after):
    assert fix(folder, before) == 0
    assert text_of(folder) == after


REFUSALS = {
    "other bytes": (
        """\
resources: [d.yaml]
namePrefix: x-
patchesJson6902:
- target: {kind: Deployment, name: d}
  patch: '[{"op": "replace", "path": "/metadata/name", "value": "z"}]'
""",
        1,
        "would not build to the same bytes: nothing was changed",
    ),
    "what cannot be built": (
        "resources: [none.yaml]\nbases: [b]\n",
        1,
        "nothing tells whether a fix would change it",
    ),
    "vars": (
        "resources:\n- d.yaml\n# v\nvars:\n- name: V\n  objref: {kind: Deployment, name: d}\n",
        1,
        "kustomization.yaml:4:1: vars are not converted: nothing was changed",
    ),
    "a label that is there twice": (
        "resources: [d.yaml]\nlabels:\n- pairs: {a: b}\ncommonLabels: {a: c}\n",
        1,
        "kustomization.yaml:3:11: the label 'a' stands in commonLabels, too",
    ),
    "a comment that would be lost": (
        "resources: [d.yaml]\nbases: [ # c\n  b ]\n",
        1,
        "kustomization.yaml:2:1: bases stands between brackets, with a comment",
    ),
    "an alias": ("resources: &x [b]\nbases: *x\n", 1, "kustomization.yaml"),
}


@pytest.mark.parametrize(("text", "code", "message"), REFUSALS.values(), ids=REFUSALS.keys())
def test_what_cannot_be_fixed_is_refused_and_nothing_is_written(
    folder, capsys, text, code, message
):
    assert fix(folder, text) == code
    assert message in capsys.readouterr().err
    assert text_of(folder) == text


def test_a_component_is_compared_where_it_is_used(folder, capsys):
    text = "kind: Component\npatchesStrategicMerge:\n- p.yaml\n"
    (folder / "over").mkdir()
    (folder / "over/kustomization.yaml").write_text("resources: [../b]\ncomponents: [../comp]\n")
    (folder / "comp").mkdir()
    component = folder / "comp/kustomization.yaml"
    component.write_text(text)
    (folder / "comp/p.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: s, annotations: {p: q}}\n"
    )
    assert run(["fix", "comp"]) == 1
    assert "--check TARGET" in capsys.readouterr().err
    assert run(["fix", "comp", "--check", "over"]) == 0
    assert "builds to the same bytes: over" in capsys.readouterr().err
    assert component.read_text() == "kind: Component\npatches:\n- path: p.yaml\n"


def test_environments_that_use_it_are_compared_too(folder, capsys):
    (folder / "gitops.yaml").write_text(
        "defaultEnvironment: staging\nenvironments:\n  staging: {overlay: over, namespace: n1}\n"
    )
    (folder / "over").mkdir()
    (folder / "over/kustomization.yaml").write_text("resources: [../b]\n")
    (folder / "b/kustomization.yaml").write_text("resources:\n- s.yaml\ncommonLabels: {a: b}\n")
    assert run(["fix", "b"]) == 0
    assert "builds to the same bytes: b, staging" in capsys.readouterr().err


def test_a_dry_run_shows_the_difference_and_writes_nothing(folder, capsys):
    assert fix(folder, "bases:\n- b\n", "--dry-run") == 0
    assert capsys.readouterr().out.endswith("-bases:\n+resources:\n - b\n")
    assert text_of(folder) == "bases:\n- b\n"


VARS = """\
resources: # all
- s.yaml
- d.yaml
vars:
- name: NAME
  objref: {kind: Service, name: s, apiVersion: v1}
- name: UNUSED
  objref: {kind: Service, name: s, apiVersion: v1}
namePrefix: x- # p
"""
USER = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec: {template: {spec: {containers: [{name: c, image: i, args: [a, VALUE]}]}}}
"""


@pytest.fixture
def user(folder: Path) -> Path:
    (folder / "s.yaml").write_text(FILES["b/s.yaml"])
    (folder / "d.yaml").write_text(USER.replace("VALUE", "$(NAME)"))
    return folder


def test_vars_that_are_whole_values_become_replacements_and_manifests_stay(user, capsys):
    assert fix(user, VARS, "--vars") == 0
    assert "builds to the same bytes" in capsys.readouterr().err
    assert (user / "d.yaml").read_text() == USER.replace("VALUE", "$(NAME)")
    assert (
        text_of(user)
        == """\
resources: # all
- s.yaml
- d.yaml
replacements:
- source:
    version: v1
    kind: Service
    name: s
    fieldPath: metadata.name
  targets:
  - select:
      group: apps
      version: v1
      kind: Deployment
      name: x-d
    fieldPaths:
    - spec.template.spec.containers.0.args.1
namePrefix: x- # p
"""
    )


def test_vars_within_longer_values_are_refused(user, capsys):
    (user / "d.yaml").write_text(USER.replace("VALUE", "http://$(NAME):80"))
    assert fix(user, VARS, "--vars") == 1
    assert "kustomization.yaml:5:3: $(NAME) is part of a longer value" in capsys.readouterr().err
    assert text_of(user) == VARS


def test_comments_within_vars_are_not_lost(user, capsys):
    text = VARS.replace("name: NAME", "name: NAME # why")
    assert fix(user, text, "--vars") == 1
    assert "kustomization.yaml:4:1: vars hold comments" in capsys.readouterr().err
    assert text_of(user) == text


def test_vars_stay_where_other_fields_are_fixed(user, capsys):
    assert fix(user, VARS.replace("namePrefix: x-", "commonLabels: {a: b}")) == 0
    assert "kustomization.yaml:4:1: vars stay: see gitops fix --vars" in capsys.readouterr().err
    assert "labels:\n- includeSelectors: true\n  pairs: {a: b} # p\n" in text_of(user)
