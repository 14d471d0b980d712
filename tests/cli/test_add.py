from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.cli.main import run

KUSTOMIZATION = """\
# what stands here
kind: Kustomization

resources:
  - b.yaml   # first things first
  # - c.yaml is for later
  - "a.yaml"

configMapGenerator:
  - name: sales   # the region
    literals:
      - region=eu
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kustomization.yaml").write_text(KUSTOMIZATION)
    for name in ("a.yaml", "b.yaml", "new.yaml", "new-2.yaml", "sub/x.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"kind: ConfigMap\nmetadata: {{name: {Path(name).stem}}}\n")
    (tmp_path / "base").mkdir()
    (tmp_path / "base/kustomization.yaml").write_text("resources: []\n")
    (tmp_path / "part").mkdir()
    (tmp_path / "part/kustomization.yaml").write_text("kind: Component\nnamePrefix: x-\n")
    return tmp_path


def text_of(folder: Path) -> str:
    return (folder / "kustomization.yaml").read_text()


def test_resources_come_last_and_every_other_line_stays(folder):
    assert run(["add", "resource", ".", "new.yaml", "base"]) == 0
    assert text_of(folder) == KUSTOMIZATION.replace(
        '  - "a.yaml"\n', '  - "a.yaml"\n  - "new.yaml"\n  - "base"\n'
    )


def test_nothing_is_added_twice_however_it_is_spelled(folder, capsys):
    assert run(["add", "resource", ".", "./a.yaml", "b.yaml"]) == 0
    assert text_of(folder) == KUSTOMIZATION
    stderr = capsys.readouterr().err
    assert "kustomization.yaml:7:5: ./a.yaml is there already" in stderr
    assert "already so, nothing changed" in stderr


def test_a_pattern_gives_its_files_in_order_without_kustomizations_and_doubles(folder):
    assert run(["add", "resource", ".", "*"]) == 0
    assert text_of(folder) == KUSTOMIZATION.replace(
        '  - "a.yaml"\n',
        '  - "a.yaml"\n  - "base"\n  - "new-2.yaml"\n  - "new.yaml"\n  - "part"\n',
    )


def test_a_path_may_be_given_from_here(folder):
    (folder / "over").mkdir()
    (folder / "over/kustomization.yaml").write_text("namePrefix: x-\n")
    assert run(["add", "resource", "over", "base"]) == 0
    assert (folder / "over/kustomization.yaml").read_text() == (
        "namePrefix: x-\nresources:\n- ../base\n"
    )


def test_a_remote_base_is_taken_as_it_is(folder):
    url = "https://github.com/a/b//deploy?ref=v1"
    assert run(["add", "resource", ".", url]) == 0
    assert f'  - "{url}"\n' in text_of(folder)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["resource", ".", "nwe.yaml"], "did you mean 'new.yaml'?"),
        (["resource", ".", "sub"], "the folder 'sub' has no kustomization"),
        (["resource", ".", "kustomization.yaml"], "is the kustomization itself"),
        (["resource", ".", "z*.yaml"], "matches nothing"),
        (["resource", ".", "part"], "gitops add component"),
        (["component", ".", "base"], "gitops add resource"),
        (["component", ".", "a.yaml"], "a component is a folder"),
        (["resource", "a.yaml", "new.yaml"], "is no kustomization"),
        (["resource", "nowhere", "new.yaml"], "no such file, folder or environment"),
        (["patch", "."], "name a patch by its PATH"),
        (["patch", ".", "a.yaml", "--patch", "a: 1"], "name a patch by its PATH"),
        (["configmap", ".", "x"], "say where its content comes from"),
        (["configmap", ".", "x", "--from-literal", "a"], "is not KEY=VALUE"),
        (["buildmetadata", ".", "originAnnotation"], "did you mean 'originAnnotations'?"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(folder, capsys, arguments, message):
    assert run(["add", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert text_of(folder) == KUSTOMIZATION


def test_what_is_not_there_can_be_added_all_the_same(folder):
    assert run(["add", "transformer", ".", "later.yaml", "--no-verify"]) == 0
    assert text_of(folder) == KUSTOMIZATION + "transformers:\n  - later.yaml\n"


def test_a_component_is_added(folder):
    assert run(["add", "component", ".", "part"]) == 0
    assert text_of(folder) == KUSTOMIZATION + "components:\n  - part\n"


def test_a_patch_is_a_file_or_its_text_with_a_target(folder):
    assert run(["add", "patch", ".", "new.yaml", "--kind", "CronWorkflow"]) == 0
    patch = "- op: remove\n  path: /spec\n"
    assert (
        run(["add", "patch", ".", "--patch", patch, "--name", "x", "--label-selector", "a=b"]) == 0
    )
    expected = KUSTOMIZATION + (
        "patches:\n"
        "  - path: new.yaml\n"
        "    target:\n"
        "      kind: CronWorkflow\n"
        "  - patch: |\n"
        "      - op: remove\n"
        "        path: /spec\n"
        "    target:\n"
        "      name: x\n"
        "      labelSelector: a=b\n"
    )
    assert text_of(folder) == expected
    assert run(["add", "patch", ".", "new.yaml", "--kind", "CronWorkflow"]) == 0
    assert text_of(folder) == expected


def test_a_config_map_is_generated_and_grows(folder):
    assert run(["add", "configmap", ".", "sales", "--from-literal", "tier=1"]) == 0
    assert run(["add", "configmap", ".", "new", "--from-file", "q=new.yaml"]) == 0
    assert text_of(folder) == KUSTOMIZATION + (
        "      - tier=1\n  - name: new\n    files:\n      - q=new.yaml\n"
    )


def test_a_key_with_another_value_is_refused_with_its_place(folder, capsys):
    assert run(["add", "configmap", ".", "sales", "--from-literal", "region=us"]) == 1
    stderr = capsys.readouterr().err
    assert "kustomization.yaml:12:9: the key 'region' is there already" in stderr
    assert "gitops set configmap" in stderr
    assert text_of(folder) == KUSTOMIZATION


def test_a_secret_takes_files_and_no_values(folder, capsys):
    assert run(["add", "secret", ".", "s", "--from-literal", "a=b"]) == 2
    assert "--from-literal" in capsys.readouterr().err
    assert run(["add", "secret", ".", "s", "--from-env-file", "s.env", "--type", "Opaque"]) == 0
    assert text_of(folder) == KUSTOMIZATION + (
        "secretGenerator:\n  - name: s\n    type: Opaque\n    envs:\n      - s.env\n"
    )


def test_a_label_that_is_there_otherwise_is_refused(folder, capsys):
    assert run(["add", "label", ".", "a=1"]) == 0
    assert run(["add", "label", ".", "a=1"]) == 0
    assert run(["add", "label", ".", "a=2"]) == 1
    assert "to change it: gitops set" in capsys.readouterr().err
    assert text_of(folder) == KUSTOMIZATION + 'labels:\n  - pairs:\n      a: "1"\n'


def test_labels_and_annotations_reach_a_manifest(folder):
    assert run(["add", "annotation", "a.yaml", "k=v"]) == 0
    assert (folder / "a.yaml").read_text() == (
        "kind: ConfigMap\nmetadata: {name: a, annotations: {k: v}}\n"
    )


def test_a_dry_run_prints_a_difference_that_git_applies(folder, capsys):
    (folder / "kustomization.yaml").write_text("resources:\r\n- a.yaml")
    assert run(["add", "resource", ".", "new.yaml", "--dry-run"]) == 0
    assert capsys.readouterr().out == (
        "--- a/kustomization.yaml\n+++ b/kustomization.yaml\n@@ -1,2 +1,3 @@\n"
        " resources:\r\n-- a.yaml\n\\ No newline at end of file\n"
        "+- a.yaml\r\n+- new.yaml\n\\ No newline at end of file\n"
    )
    assert (folder / "kustomization.yaml").read_bytes() == b"resources:\r\n- a.yaml"


def test_the_mode_stays_a_link_stays_and_nothing_else_is_left(folder):
    real = folder / "real.yaml"
    (folder / "kustomization.yaml").rename(real)
    real.chmod(0o640)
    (folder / "kustomization.yaml").symlink_to("real.yaml")
    assert run(["add", "component", ".", "part"]) == 0
    assert (folder / "kustomization.yaml").is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert real.read_text().endswith("components:\n  - part\n")
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_text_that_is_not_utf8_is_refused(folder, capsys):
    (folder / "kustomization.yaml").write_bytes("a: ü\n".encode("latin-1"))
    assert run(["add", "component", ".", "part"]) == 1
    assert "only UTF-8 text is edited" in capsys.readouterr().err
