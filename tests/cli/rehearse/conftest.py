from __future__ import annotations

from pathlib import Path

import pytest

CRONS = """\
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: nightly}
spec:
  schedules: ["30 2 * * *"]
  timezone: Europe/Rome
  concurrencyPolicy: Forbid
  workflowSpec:
    entrypoint: main
    onExit: tell
    templates:
      - name: main
        retryStrategy: {limit: "1"}
        container: {image: any, command: ["true"]}
      - name: tell
        steps:
          - - {name: slack, templateRef: {name: slack-notifier, template: notify}}
---
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: resting}
spec:
  schedules: ["0 * * * *"]
  suspend: true
  workflowSpec:
    entrypoint: main
    templates:
      - {name: main, container: {image: any, command: ["true"]}}
---
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: slack-notifier}
spec:
  templates:
    - name: notify
      inputs:
        parameters: [{name: title, value: "{{workflow.status}}"}, {name: channel, value: "#x"}]
      container: {image: any, command: ["true"]}
"""
SETTINGS = """\
environments:
  staging: {overlay: overlays/staging, namespace: data}
runtime:
  images:
    - pattern: "*"
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment of two crons, one of them suspended; no cluster."""
    folder = tmp_path / "overlays" / "staging"
    folder.mkdir(parents=True)
    (tmp_path / "gitops.yaml").write_text(SETTINGS)
    (folder / "crons.yaml").write_text(CRONS)
    (folder / "kustomization.yaml").write_text("namespace: data\nresources: [crons.yaml]\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path
