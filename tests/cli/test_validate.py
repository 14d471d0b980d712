"""gitops validate, from the command line to the exit code."""

import io
import json
from xml.etree import ElementTree as Xml

import pytest

from toolkit.cli.main import run

SETTINGS = """\
defaultEnvironment: staging
environments:
  staging: {overlay: overlays/staging, namespace: data, compat: kustomize}
  production: {overlay: overlays/production, namespace: data, compat: kustomize}
"""
CRON = """\
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata:
  name: hello
spec:
  schedules: ["0 3 * * *"]
  workflowSpec:
    entrypoint: main
    templates:
      - name: main
        steps:
          - - name: say
              templateRef: {name: common, template: say}
"""
TEMPLATE = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata:
  name: common
spec:
  templates:
    - name: say
      container:
        image: busybox
"""
MANUAL = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  generateName: manual-
spec:
  entrypoint: main
  arguments: {parameters: [{name: day}]}
  templates:
    - name: main
      steps:
        - - name: say
            templateRef: {name: common, template: say}
"""
FILES = {
    "gitops.yaml": SETTINGS,
    "base/kustomization.yaml": "resources: [cron.yaml, template.yaml]\n",
    "base/cron.yaml": CRON,
    "base/template.yaml": TEMPLATE,
    "overlays/staging/kustomization.yaml": "resources: [../../base]\nnamespace: data\n",
    "overlays/production/kustomization.yaml": "resources: [../../base]\nnamespace: data\n",
    "workflows/manual.yaml": MANUAL,
}


@pytest.fixture
def repository(tmp_path, monkeypatch):
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path


def change(repository, path, old, new):
    file = repository / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_a_good_repository_passes_in_silence_on_stdout(repository, capsys):
    code = run(["validate"])

    out, err = capsys.readouterr()
    assert (code, out) == (0, "")
    assert err == "nothing found in staging, production, workflows/manual.yaml\n"


def test_a_broken_manifest_shows_place_excerpt_and_hint_once_for_all_environments(
    repository, capsys
):
    change(repository, "base/template.yaml", "container:", "contaner:")

    code = run(["validate"])

    out, err = capsys.readouterr()
    assert code == 4
    assert (
        "base/template.yaml:8:7: error: unknown field 'contaner' in spec.templates[0] "
        "[unknown-field]\n"
        "    8 |       contaner:\n"
        "      |       ^\n"
        "  in WorkflowTemplate/common, spec.templates[0].contaner\n"
        "hint: did you mean 'container'?\n"
    ) in out
    assert out.count("[unknown-field]") == 1
    assert err.startswith("2 errors in ")


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        ("base/cron.yaml", "steps:", "steps: [", "base/cron.yaml:"),
        ("base/cron.yaml", "template: say", "template: shout", "base/cron.yaml:13:53: error"),
        ("base/cron.yaml", '["0 3 * * *"]', "3", "base/cron.yaml:6:14: error"),
        (
            "overlays/staging/kustomization.yaml",
            "../../base",
            "../../bass",
            "overlays/staging/kustomization.yaml:1:13: error",
        ),
        ("workflows/manual.yaml", "name: common", "name: comon", "workflows/manual.yaml:12:33: e"),
        ("gitops.yaml", "namespace: data", "namespaze: data", "gitops.yaml:3:"),
    ],
    ids=["syntax", "missing-template", "wrong-type", "build", "manual", "settings"],
)
def test_whatever_is_broken_is_a_finding_with_its_place(
    repository, capsys, path, old, new, expected
):
    change(repository, path, old, new)

    code = run(["validate"])

    assert code == 4
    assert expected in capsys.readouterr().out


def test_a_warning_counts_only_with_strict(repository, capsys):
    argument = ", arguments: {parameters: [{name: extra, value: x}]}"
    change(
        repository,
        "base/cron.yaml",
        "{name: common, template: say}",
        "{name: common, template: say}" + argument.replace(", ", "\n              ", 1),
    )

    assert run(["validate", "staging"]) == 0
    assert run(["validate", "staging", "--strict"]) == 4
    assert "warning: template 'say' has no input parameter 'extra'" in capsys.readouterr().out


def test_single_files_are_checked_against_the_environment(repository, capsys):
    change(repository, "workflows/manual.yaml", "template: say", "template: shout")

    code = run(["validate", "workflows/manual.yaml", "--env", "production"])

    assert code == 4
    assert "WorkflowTemplate 'common' has no template 'shout'" in capsys.readouterr().out


def test_a_folder_of_manifests_and_standard_input_are_targets_too(repository, capsys, monkeypatch):
    text = MANUAL.replace("entrypoint: main", "entrypoint: mian")
    stdin = io.TextIOWrapper(io.BytesIO(text.encode()))
    monkeypatch.setattr("sys.stdin", stdin)

    code = run(["validate", "workflows", "-"])

    out, err = capsys.readouterr()
    assert code == 4
    assert out.startswith("<stdin>:6:15: error: the entrypoint 'mian'")
    assert err == "1 error in workflows/manual.yaml, <stdin>\n"


def test_a_part_of_an_environment_says_nothing_of_what_is_elsewhere(repository, capsys):
    (repository / "base" / "kustomization.yaml").write_text("resources: [cron.yaml]\n")

    assert run(["validate", "base"]) == 0
    assert run(["validate", "staging"]) == 4


def test_paths_are_those_to_be_opened_from_here(repository, capsys, monkeypatch):
    change(repository, "base/template.yaml", "container:", "contaner:")
    monkeypatch.chdir(repository / "overlays")

    run(["validate", "staging"])

    assert capsys.readouterr().out.startswith("../base/template.yaml:")


def test_an_unknown_target_is_a_usage_error(repository, capsys):
    assert run(["validate", "stagin"]) == 2
    assert "environments: staging, production" in capsys.readouterr().err


def test_the_other_forms_are_documents(repository, capsys):
    change(repository, "base/template.yaml", "container:", "contaner:")

    assert run(["validate", "-o", "json"]) == 4
    document = json.loads(capsys.readouterr().out)
    assert [group["target"] for group in document["targets"]] == [
        "staging",
        "production",
        "workflows/manual.yaml",
    ]
    assert run(["validate", "-o", "sarif"]) == 4
    assert json.loads(capsys.readouterr().out)["version"] == "2.1.0"
    assert run(["validate", "-o", "junit"]) == 4
    assert Xml.fromstring(capsys.readouterr().out).tag == "testsuites"
    assert run(["validate", "-o", "github"]) == 4
    assert capsys.readouterr().out.startswith("::error title=")


def test_help_has_an_example(capsys):
    assert run(["validate", "--help"]) == 0
    assert "gitops validate production --strict" in capsys.readouterr().out


def test_a_file_run_by_hand_refers_to_generated_objects_by_their_plain_name(repository, capsys):
    generated = "resources: [../../base]\nnamespace: data\nconfigMapGenerator:\n"
    (repository / "overlays/staging/kustomization.yaml").write_text(
        generated + "- name: knobs\n  literals: [a=b]\n"
    )
    change(repository, "gitops.yaml", "compat: kustomize", "compat: argo")
    volumes = "spec:\n  volumes: [{name: v, configMap: {name: knobs}}]\n"
    change(repository, "workflows/manual.yaml", "spec:\n", volumes)

    assert run(["validate", "workflows/manual.yaml"]) == 0
    assert run(["validate", "workflows/manual.yaml", "--env", "production"]) == 4
    assert "there is no ConfigMap 'knobs'" in capsys.readouterr().out
