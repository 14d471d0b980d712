"""What is broken is refused before anything is started or applied."""

import json

import pytest

from toolkit.cli.main import run

FILES = {
    "gitops.yaml": "environments:\n  staging: {overlay: overlay, namespace: data}\n",
    "overlay/kustomization.yaml": "resources: [template.yaml]\nnamespace: data\n",
    "overlay/template.yaml": """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: common}
spec:
  templates: [{name: say, container: {image: busybox}}]
""",
    "broken.yaml": """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: broken-}
spec:
  entrypoint: main
  templates:
    - name: main
      steps: [[{name: a, template: mian}]]
""",
    "cron.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata: {name: fine}
---
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: broken}
spec:
  schedules: ["61 * * * *"]
  workflowSpec:
    entrypoint: main
    templates: [{name: main, suspend: {}}]
""",
}


@pytest.fixture
def repository(tmp_path, monkeypatch):
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")


def test_a_broken_workflow_is_not_started(repository, capsys):
    code = run(["run", "broken.yaml", "--wait"])

    err = capsys.readouterr().err
    assert code == 4
    assert "broken.yaml:8:36: error: step 'a' calls template 'mian'" in err
    assert "did you mean 'main'?" in err
    assert run(["list", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["items"] == []


def test_of_a_file_with_one_broken_manifest_nothing_is_applied(repository, capsys):
    code = run(["apply", "-f", "cron.yaml"])

    assert code == 4
    assert "cron.yaml:9:15: error: '61 * * * *'" in capsys.readouterr().err
    assert run(["cron", "list", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["items"] == []
