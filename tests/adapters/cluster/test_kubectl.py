"""The real kubectl against the server: nothing people use has to change."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

KUBECTL = shutil.which("kubectl")
pytestmark = pytest.mark.skipif(KUBECTL is None, reason="there is no kubectl on this machine")

CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  level: "{level}"
"""
CRON = """\
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata:
  name: hello
spec:
  schedules: ["{schedule}"]
  workflowSpec:
    entrypoint: main
    templates:
    - name: main
      container: {{image: docker/whalesay, command: [cowsay]}}
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers:
      - {{name: web, image: "web:{tag}"}}
      - {{name: side, image: side}}
"""

Kubectl = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def kubectl(client: Any, tmp_path: Path, make_kubeconfig: Callable[..., Any]) -> Kubectl:
    config = tmp_path / "kubeconfig"
    config.write_text(json.dumps(make_kubeconfig(client.serving, client.cluster)))
    environment = {
        "KUBECONFIG": str(config),
        "HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "KUBE_EDITOR": "sed -i s/whalesay/fortune/",
    }

    def run(*arguments: str, stdin: str = "", code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(KUBECTL), *arguments],
            input=stdin,
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


def test_an_empty_cluster_has_no_crons(kubectl: Kubectl) -> None:
    assert kubectl("get", "cronworkflows").stderr == "No resources found in data namespace.\n"


def test_client_side_apply_creates_changes_and_leaves_alone(kubectl: Kubectl) -> None:
    first = kubectl("apply", "-f", "-", stdin=CRON.format(schedule="0 1 * * *"))
    assert first.stdout == "cronworkflow.argoproj.io/hello created\n"
    again = kubectl("apply", "-f", "-", stdin=CRON.format(schedule="0 1 * * *"))
    assert again.stdout == "cronworkflow.argoproj.io/hello unchanged\n"
    other = kubectl("apply", "-f", "-", stdin=CRON.format(schedule="0 2 * * *"))
    assert other.stdout == "cronworkflow.argoproj.io/hello configured\n"
    assert other.stderr == ""
    rows = kubectl("get", "cwf", "--no-headers").stdout.split()
    assert rows[:7] == ["hello", "0", "2", "*", "*", "*", "<none>"]


def test_a_strategic_merge_keeps_the_other_container(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=DEPLOYMENT.format(tag="1"))
    difference = kubectl("diff", "-f", "-", stdin=DEPLOYMENT.format(tag="2"), code=1).stdout
    assert "-      - image: web:1" in difference
    assert "+      - image: web:2" in difference
    kubectl("apply", "-f", "-", stdin=DEPLOYMENT.format(tag="2"))
    path = "jsonpath={.spec.template.spec.containers[*].image}"
    assert kubectl("get", "deploy", "web", "-o", path).stdout == "web:2 side"


def test_server_side_apply_names_the_conflict(kubectl: Kubectl) -> None:
    apply = ("apply", "--server-side", "-f", "-", "--field-manager")
    kubectl(*apply, "one", stdin=CONFIG.format(level="1"))
    refused = kubectl(*apply, "two", stdin=CONFIG.format(level="2"), code=1)
    assert 'Apply failed with 1 conflict: conflict with "one": .data.level' in refused.stderr
    kubectl(*apply, "two", "--force-conflicts", stdin=CONFIG.format(level="2"))
    assert kubectl("get", "cm", "settings", "-o", "jsonpath={.data.level}").stdout == "2"


def test_what_client_side_apply_owned_goes_over_to_server_side(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=CONFIG.format(level="1"))
    kubectl("apply", "--server-side", "-f", "-", stdin=CONFIG.format(level="2"))
    managers = "jsonpath={.metadata.managedFields[*].manager}"
    shown = kubectl("get", "cm", "settings", "--show-managed-fields", "-o", managers)
    assert "kubectl-client-side-apply" not in shown.stdout
    assert "kubectl" in shown.stdout.split()
    assert kubectl("get", "cm", "settings", "-o", "jsonpath={.data.level}").stdout == "2"


def test_an_unknown_field_is_refused(kubectl: Kubectl) -> None:
    text = CRON.format(schedule="0 1 * * *").replace("schedules:", "skedules:")
    refused = kubectl("apply", "-f", "-", stdin=text, code=1)
    assert 'strict decoding error: unknown field "spec.skedules"' in refused.stderr


def test_objects_are_edited_labelled_patched_and_replaced(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=CRON.format(schedule="0 1 * * *"))
    assert kubectl("edit", "cwf", "hello").stdout == "cronworkflow.argoproj.io/hello edited\n"
    kubectl("label", "cwf", "hello", "tier=gold")
    kubectl("annotate", "cwf", "hello", "note=x")
    kubectl("patch", "cwf", "hello", "--type=merge", "-p", '{"spec":{"suspend":true}}')
    operations = '[{"op":"replace","path":"/spec/schedules/0","value":"5 5 * * *"}]'
    kubectl("patch", "cwf", "hello", "--type=json", "-p", operations)
    kubectl("wait", "--for=jsonpath={.spec.suspend}=true", "cwf/hello", "--timeout=10s")
    body = json.loads(kubectl("get", "cwf", "-l", "tier=gold", "-o", "json").stdout)["items"][0]
    assert body["spec"]["schedules"] == ["5 5 * * *"]
    assert body["spec"]["workflowSpec"]["templates"][0]["container"]["image"] == "docker/fortune"
    kubectl("replace", "-f", "-", stdin=CRON.format(schedule="0 9 * * *"))
    path = "jsonpath={.spec.suspend}{.spec.schedules[0]}"
    assert kubectl("get", "cwf", "hello", "-o", path).stdout == "0 9 * * *"


def test_a_held_object_is_deleted_when_it_is_let_go(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=CONFIG.format(level="1"))
    hold = '{"metadata":{"finalizers":["example.com/hold"]}}'
    kubectl("patch", "cm", "settings", "--type=merge", "-p", hold)
    kubectl("delete", "cm", "settings", "--wait=false")
    kubectl("patch", "cm", "settings", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
    kubectl("wait", "--for=delete", "cm/settings", "--timeout=10s")
    gone = kubectl("get", "cm", "settings", code=1)
    assert gone.stderr == 'Error from server (NotFound): configmaps "settings" not found\n'


def test_what_a_cluster_has_is_shown(kubectl: Kubectl) -> None:
    kinds = kubectl("api-resources", "--api-group=argoproj.io", "-o", "name").stdout.split()
    assert "cronworkflows.argoproj.io" in kinds
    kubectl("apply", "-f", "-", stdin=CRON.format(schedule="0 1 * * *"))
    assert "Schedules:\n    0 1 * * *" in kubectl("describe", "cwf", "hello").stdout
    assert "suspend" in kubectl("explain", "cronworkflows.spec").stdout
    assert "Server Version: v1." in kubectl("version").stdout
    names = kubectl("get", "ns", "-o", "name").stdout.split()
    assert names == ["namespace/data", "namespace/default", "namespace/kube-system"]


def test_many_objects_come_in_pages(kubectl: Kubectl) -> None:
    documents = "---\n".join(
        CONFIG.format(level="1").replace("settings", f"settings-{number}") for number in range(25)
    )
    kubectl("create", "-f", "-", stdin=documents)
    rows = kubectl("get", "cm", "--chunk-size=10", "--no-headers").stdout.splitlines()
    assert len(rows) == 25
