"""Names followed into the objects that hold them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from toolkit.kustomize.fields.config import DEFAULT, EMPTY, SECTIONS, TransformerConfig

POD = """
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers:
  - name: c
    envFrom: [{configMapRef: {name: settings}}]
"""
WORKFLOW = """
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: w}
spec:
  workflowSpec:
    templates:
    - name: main
      container:
        image: app:1
        envFrom: [{configMapRef: {name: settings}}]
        env: [{name: A, valueFrom: {configMapKeyRef: {name: settings, key: a}}}]
    - name: call
      dag:
        tasks: [{name: t, templateRef: {name: steps, template: x}}]
"""
TEMPLATE = "apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nmetadata: {name: steps}\n"

Objects = Callable[..., list[dict[str, Any]]]


def test_a_hash_is_followed(objects: Objects) -> None:
    files = {
        "kustomization.yaml": "resources: [p.yaml]\nconfigMapGenerator: [{name: settings}]",
        "p.yaml": POD,
    }
    _, pod = objects(files)
    (source,) = pod["spec"]["containers"][0]["envFrom"]
    assert source["configMapRef"]["name"] == "settings-6ct58987ht"


def test_a_name_of_another_namespace_is_not_followed(objects: Objects) -> None:
    files = {
        "kustomization.yaml": "resources: [p.yaml]\n"
        "configMapGenerator: [{name: settings, namespace: other}]",
        "p.yaml": POD,
    }
    _, pod = objects(files)
    (source,) = pod["spec"]["containers"][0]["envFrom"]
    assert source["configMapRef"]["name"] == "settings"


def test_prefixes_of_layers_add_up(objects: Objects) -> None:
    files = {
        "base/kustomization.yaml": "resources: [p.yaml]\nnamePrefix: a-\n"
        "configMapGenerator: [{name: settings}]",
        "base/p.yaml": POD,
        "kustomization.yaml": "resources: [base]\nnamePrefix: b-",
    }
    _, pod = objects(files)
    (source,) = pod["spec"]["containers"][0]["envFrom"]
    assert source["configMapRef"]["name"] == "b-a-settings-6ct58987ht"


def _workflow(objects: Objects, compat: str) -> list[dict[str, Any]]:
    files = {
        "kustomization.yaml": "resources: [w.yaml, t.yaml]\nnamePrefix: p-\n"
        "configMapGenerator: [{name: settings}]\nimages: [{name: app, newTag: '2'}]",
        "w.yaml": WORKFLOW,
        "t.yaml": TEMPLATE,
    }
    body = next(b for b in objects(files, compat=compat) if b["kind"] == "CronWorkflow")
    templates: list[dict[str, Any]] = body["spec"]["workflowSpec"]["templates"]
    return templates


def test_plain_kustomize_does_not_know_workflows(objects: Objects) -> None:
    main, call = _workflow(objects, "kustomize")
    assert main["container"]["envFrom"][0]["configMapRef"]["name"] == "settings"
    assert call["dag"]["tasks"][0]["templateRef"]["name"] == "steps"
    assert main["container"]["image"] == "app:1"


def test_argo_mode_follows_names_and_images_into_workflows(objects: Objects) -> None:
    main, call = _workflow(objects, "argo")
    name = "p-settings-6ct58987ht"
    assert main["container"]["envFrom"][0]["configMapRef"]["name"] == name
    assert main["container"]["env"][0]["valueFrom"]["configMapKeyRef"]["name"] == name
    assert call["dag"]["tasks"][0]["templateRef"]["name"] == "p-steps"
    assert main["container"]["image"] == "app:2"


def test_own_configurations_and_argo_mode_visit_a_field_once(objects: Objects) -> None:
    files = {
        "kustomization.yaml": "resources: [w.yaml]\nconfigurations: [c.yaml]\n"
        "images: [{name: app, tagSuffix: -x}]",
        "c.yaml": "images:\n- kind: CronWorkflow\n"
        "  path: spec/workflowSpec/templates/container/image\n",
        "w.yaml": WORKFLOW,
    }
    for compat in ("kustomize", "argo"):
        (body,) = objects(files, compat=compat)
        assert body["spec"]["workflowSpec"]["templates"][0]["container"]["image"] == "app:1-x"


def test_configurations_name_more_fields(objects: Objects) -> None:
    files = {
        "kustomization.yaml": "resources: [w.yaml, t.yaml]\nnamePrefix: p-\n"
        "configurations: [c.yaml]",
        "c.yaml": "nameReference:\n- kind: WorkflowTemplate\n  group: argoproj.io\n  fieldSpecs:\n"
        "  - {kind: CronWorkflow, path: spec/workflowSpec/templates/dag/tasks/templateRef/name}\n",
        "w.yaml": WORKFLOW,
        "t.yaml": TEMPLATE,
    }
    body = next(b for b in objects(files) if b["kind"] == "CronWorkflow")
    call = body["spec"]["workflowSpec"]["templates"][1]
    assert call["dag"]["tasks"][0]["templateRef"]["name"] == "p-steps"


def test_an_ambiguous_name_is_refused(refused: Callable[..., Exception]) -> None:
    files = {
        "kustomization.yaml": "resources: [r.yaml]\nconfigMapGenerator:\n"
        "- {name: settings, namespace: one, literals: [a=1]}\n"
        "- {name: settings, namespace: two, literals: [a=2]}\n",
        "r.yaml": "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n"
        "metadata: {name: r}\nrules: [{resourceNames: [settings]}]\n",
    }
    error = str(refused(files))
    assert error.startswith(
        "r.yaml:1:1: rbac.authorization.k8s.io/v1 ClusterRole r: rules/resource"
    )
    assert "'settings' could mean v1 ConfigMap one/settings-" in error


def test_merging_the_defaults_into_nothing_gives_the_defaults() -> None:
    sections = {name: DEFAULT.section(name) for name in SECTIONS}
    same = TransformerConfig(sections, DEFAULT.name_references)
    merged = EMPTY.merge(same)
    assert [merged.section(name) for name in SECTIONS] == [
        DEFAULT.section(name) for name in SECTIONS
    ]
    assert [r.key() for r in merged.name_references] == [r.key() for r in DEFAULT.name_references]


BINDING = """
apiVersion: v1
kind: ServiceAccount
metadata: {name: a, namespace: old}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: b, namespace: old}
subjects:
- {kind: ServiceAccount, name: a, namespace: old}
- {kind: ServiceAccount, name: a, namespace: "old"}
- {kind: ServiceAccount, name: a}
"""


def test_a_name_of_digits_is_a_number_where_no_quotes_stood(objects: Objects) -> None:
    files = {"kustomization.yaml": "resources: [b.yaml]\nnamespace: '5'", "b.yaml": BINDING}
    _, binding = objects(files)
    assert [subject["namespace"] for subject in binding["subjects"]] == [5, "5", "5"]
    assert binding["metadata"]["namespace"] == "5"


def test_a_number_that_gets_a_prefix_stays_a_number(objects: Objects) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"
    files = {
        "kustomization.yaml": "resources: [a.yaml, b.yaml]\nnamePrefix: '1'",
        "a.yaml": text % 5,
        "b.yaml": text % "'6'",
    }
    assert [body["metadata"]["name"] for body in objects(files)] == [15, "16"]
