"""The same verbs on a destination that is a kubeconfig context: our own server, over HTTPS."""

from __future__ import annotations

import pytest
from kubernetes.config import kube_config

from toolkit.cli.engine import engine_here
from toolkit.cli.main import run

SETTINGS = """\
defaultEnvironment: remote
environments:
  remote: {overlay: overlays/remote, namespace: data, destination: staging}
"""
HELLO = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: hello}
spec:
  entrypoint: main
  templates:
    - name: main
      container: {image: any, command: [echo, hello]}
"""
TEMPLATE = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: steps}
spec:
  templates:
    - name: main
      container: {image: any, command: ["true"]}
"""


@pytest.fixture
def gitops(workspace, tmp_path_factory, monkeypatch, capsys):
    """Runs a verb in another repository, whose destination is the first one's cluster."""
    client = tmp_path_factory.mktemp("client")
    (client / "gitops.yaml").write_text(SETTINGS)
    (client / "hello.yaml").write_text(HELLO)
    (client / "template.yaml").write_text(TEMPLATE)

    def call(*arguments: str) -> str:
        assert run(list(arguments)) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    with engine_here(workspace, workspace.settings().environment("staging")):
        kubeconfig = str(workspace.state / "kubeconfig")
        monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", kubeconfig)
        monkeypatch.chdir(client)
        yield call


def test_a_workflow_runs_is_listed_and_logged_on_a_kubeconfig_context(gitops):
    assert "✔ Succeeded" in gitops("run", "hello.yaml", "--wait")
    assert gitops("list", "-o", "name") == "workflow/hello\n"
    assert gitops("logs", "hello") == "hello: hello\n"
    gitops("delete", "hello")
    assert gitops("list", "-o", "name") == ""


def test_objects_are_created_and_applied_on_a_kubeconfig_context(gitops):
    gitops("template", "create", "template.yaml")
    assert gitops("apply", "-f", "template.yaml") == "workflowtemplate/steps configured\n"
    assert gitops("template", "list").splitlines()[1].startswith("steps")
