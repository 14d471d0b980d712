from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.wiring.submission import in_environment
from toolkit.wiring.workspace import Workspace

FILES = {
    "gitops.yaml": """\
defaultEnvironment: staging
environments:
  staging: {overlay: overlays/staging, namespace: data}
  bare: {overlay: overlays/bare, namespace: data}
""",
    "overlays/staging/kustomization.yaml": """\
namespace: data
labels:
  - pairs: {environment: staging}
configMapGenerator:
  - name: settings
    literals: [a=1]
""",
}
WORKFLOW = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Workflow",
    "metadata": {"generateName": "x-"},
    "spec": {
        "entrypoint": "main",
        "templates": [
            {
                "name": "main",
                "container": {"envFrom": [{"configMapRef": {"name": "settings"}}]},
            }
        ],
    },
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Workspace(tmp_path)


def fitted(workspace: Workspace, environment: str, *bodies):
    return in_environment(workspace, workspace.settings().environment(environment), bodies)


def test_it_gets_the_overlays_namespace_and_labels_and_keeps_its_generated_name(workspace):
    [body] = fitted(workspace, "staging", WORKFLOW)
    assert body["metadata"] == {
        "generateName": "x-",
        "namespace": "data",
        "labels": {"environment": "staging"},
    }


def test_it_refers_to_generated_objects_by_the_names_they_have_there(workspace):
    [body] = fitted(workspace, "staging", WORKFLOW)
    [source] = body["spec"]["templates"][0]["container"]["envFrom"]
    assert source["configMapRef"]["name"].startswith("settings-")


def test_several_objects_come_back_in_their_order(workspace):
    second = {**WORKFLOW, "metadata": {"name": "fixed"}}
    names = [body["metadata"] for body in fitted(workspace, "staging", WORKFLOW, second)]
    assert [name.get("name") for name in names] == [None, "fixed"]


def test_without_an_overlay_nothing_is_added(workspace):
    assert fitted(workspace, "bare", WORKFLOW) == [WORKFLOW]
