"""Makes a kustomize repository of a known size; the same size gives the same bytes."""

from __future__ import annotations

from pathlib import Path

CRON = """\
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata:
  name: {name}
  labels:
    app.kubernetes.io/name: {name}
    team: {team}
  annotations:
    owner: "{team}; runs {name} every night"
spec:
  schedule: "{minute} {hour} * * *"
  timezone: Europe/Berlin
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 600
  suspend: false
  workflowSpec:
    entrypoint: main
    onExit: notify
    serviceAccountName: pipelines
    templates:
    - name: main
      retryStrategy:
        limit: 2
        retryPolicy: OnFailure
        backoff:
          duration: 10s
          factor: 2
      container:
        image: images.example.com/jobs/job{image}:stable
        command: [python, -m, jobs.run]
        args:
        - --day={{{{workflow.scheduledTime}}}}
        - --shard
        - "{shard}"
        env:
        - name: JOB
          value: {name}
        - name: SETTINGS
          valueFrom:
            configMapKeyRef:
              name: {settings}
              key: settings
        resources:
          requests:
            cpu: 200m
            memory: 256Mi
          limits:
            memory: 1Gi
    - name: notify
      templateRef:
        name: {template}
        template: notify
"""
TEMPLATE = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata:
  name: {name}
spec:
  templates:
  - name: notify
    inputs:
      parameters:
      - name: status
        value: unknown
    container:
      image: images.example.com/tools/notify:1.0
      command: [sh, -c]
      args:
      - |
        set -eu
        notify --title '{name}' --status "{{{{inputs.parameters.status}}}}"
"""
CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
data:
  settings: |
    level: info
    retries: 3
    url: https://{name}.example.com/
"""
OVERLAY = """\
resources:
- ../../crons
- ../../templates
- ../../settings
namespace: batch-staging
configurations:
- fields.yaml
labels:
- pairs:
    environment: staging
    managed-by: platform
images:
{images}
patches:
- target:
    kind: CronWorkflow
  patch: |-
    - op: replace
      path: /spec/suspend
      value: true
{more}"""
IMAGE_FIELDS = """\
images:
- path: spec/workflowSpec/templates/container/image
  kind: CronWorkflow
"""
REFERENCE_FIELDS = """\
nameReference:
- kind: ConfigMap
  version: v1
  fieldSpecs:
  - path: spec/workflowSpec/templates/container/env/valueFrom/configMapKeyRef/name
    kind: CronWorkflow
- kind: WorkflowTemplate
  group: argoproj.io
  fieldSpecs:
  - path: spec/workflowSpec/templates/templateRef/name
    kind: CronWorkflow
"""


def make_repository(folder: Path, size: int) -> Path:
    """``size`` CronWorkflows; overlays ``staging``, and ``references`` with names to follow."""
    tenth = max(1, size // 10)
    plain = [f"settings-{number:05}" for number in range(tenth)]
    generated = [f"generated-{number:05}" for number in range(tenth)]
    templates = [f"notify-{number:05}" for number in range(tenth)]
    for number in range(size):
        sources = generated if number % 2 else plain
        text = CRON.format(
            name=f"cron-{number:05}",
            team=("sales", "search", "growth")[number % 3],
            minute=number % 60,
            hour=number % 24,
            image=number % 7,
            shard=number % 16,
            settings=sources[number % tenth],
            template=templates[number % tenth],
        )
        _write(folder / f"crons/cron-{number:05}.yaml", text)
    _list(folder / "crons", [f"cron-{number:05}.yaml" for number in range(size)])
    for name in templates:
        _write(folder / f"templates/{name}.yaml", TEMPLATE.format(name=name))
    _list(folder / "templates", [f"{name}.yaml" for name in templates])
    for name in plain:
        _write(folder / f"settings/{name}.yaml", CONFIG_MAP.format(name=name))
    _list(folder / "settings", [f"{name}.yaml" for name in plain], _generators(generated))
    _overlay(folder / "overlays/staging", IMAGE_FIELDS, "")
    _overlay(folder / "overlays/references", IMAGE_FIELDS + REFERENCE_FIELDS, "namePrefix: stg-\n")
    return folder


def _generators(names: list[str]) -> str:
    entries = (
        f"- name: {name}\n  literals:\n  - settings=level-{number % 3}\n  - INDEX={number}\n"
        for number, name in enumerate(names)
    )
    return "configMapGenerator:\n" + "".join(entries)


def _list(folder: Path, names: list[str], more: str = "") -> None:
    resources = "".join(f"- {name}\n" for name in names)
    _write(folder / "kustomization.yaml", f"resources:\n{resources}{more}")


def _overlay(folder: Path, fields: str, more: str) -> None:
    images = "\n".join(
        f'- name: images.example.com/jobs/job{number}\n  newTag: "2.0"' for number in range(7)
    )
    _write(folder / "fields.yaml", fields)
    _write(folder / "kustomization.yaml", OVERLAY.format(images=images, more=more))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
