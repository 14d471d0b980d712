"""Pods of several containers, from the file to the tree and the logs."""

from __future__ import annotations

import sys

import pytest

from toolkit.cli.engine import engine_here
from toolkit.cli.main import run
from toolkit.resource.cluster import ObjectRef
from toolkit.resource.identity import GroupVersionKind
from toolkit.wiring.workspace import Workspace

SETTINGS = """\
defaultEnvironment: staging
environments:
  staging: {overlay: overlays/staging, namespace: data}
runtime:
  images:
    - pattern: "*"
"""
SET = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: set}
spec:
  entrypoint: main
  templates:
    - name: main
      steps: [[{name: group, template: group}]]
    - name: group
      volumes: [{name: work, emptyDir: {}}]
      initContainers:
        - {name: lay, image: any, command: [sh, -c], args: ["echo laying; echo 1 > /shared/n"],
           volumeMounts: [{name: work, mountPath: /shared}]}
      containerSet:
        volumeMounts: [{name: work, mountPath: /shared}]
        containers:
          - name: a
            image: any
            command: [sh, -c]
            args: ["until [ -e /shared/up ]; do sleep 0.01; done; echo is a; echo a >> /shared/n"]
          - {name: main, image: any, command: [cat, /shared/n], dependencies: [a]}
      sidecars:
        - {name: helper, image: any, command: [sh, -c],
           args: ["echo helps; : > /shared/up; exec sleep 60"],
           volumeMounts: [{name: work, mountPath: /shared}]}
"""
SERVER = """\
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"served")
server = http.server.HTTPServer(("127.0.0.1", {port}), Handler)
server.serve_forever()
"""
DAEMON = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {{name: daemon}}
spec:
  entrypoint: main
  templates:
    - name: main
      steps:
        - - {{name: server, template: server}}
        - - name: client
            template: client
            arguments: {{parameters: [{{name: ip, value: "{{{{steps.server.ip}}}}"}}]}}
    - name: server
      daemon: true
      script:
        image: any
        command: [{python}]
        ports: [{{name: http, containerPort: {port}}}]
        readinessProbe: {{httpGet: {{path: /, port: http}}, periodSeconds: 1}}
        source: |
{source}
    - name: client
      inputs: {{parameters: [{{name: ip}}]}}
      script:
        image: any
        command: [{python}]
        source: |
          import urllib.request
          address = "http://{{{{inputs.parameters.ip}}}}:{port}/"
          print(urllib.request.urlopen(address).read().decode())
"""
TOLD = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: told}
spec:
  entrypoint: main
  templates:
    - name: main
      volumes:
        - name: told
          projected:
            sources:
              - downwardAPI:
                  items:
                    - {path: name, fieldRef: {fieldPath: metadata.name}}
                    - {path: cpus, resourceFieldRef: {containerName: main, resource: limits.cpu}}
      container:
        image: any
        command: [sh, -c]
        args: ["echo $(cat /told/name) $(cat /told/cpus) $MEMORY"]
        resources: {limits: {cpu: 1500m, memory: 64Mi}}
        env:
          - {name: MEMORY, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}}
        volumeMounts: [{name: told, mountPath: /told}]
"""


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    (tmp_path / "gitops.yaml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    return Workspace(tmp_path)


@pytest.fixture
def output(workspace, capsys):
    """Runs a verb that must end with ``code``; gives what it printed."""

    def call(*arguments: str, code: int = 0) -> str:
        assert run(list(arguments)) == code, capsys.readouterr()
        return capsys.readouterr().out

    return call


@pytest.fixture
def submitted(workspace, output):
    """Runs a workflow to its end; gives what was printed."""

    def call(text: str, code: int = 0) -> str:
        (workspace.root / "workflow.yaml").write_text(text)
        return output("run", "workflow.yaml", "--wait", code=code)

    return call


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_the_tree_shows_the_containers_of_a_set_below_their_pod(submitted):
    tree = [line.split()[:3] for line in submitted(SET).splitlines()[-4:]]
    assert [words[:2] for words in tree] == [
        ["✔", "set"], ["└─✔", "group"], ["├─✔", "a"], ["└─✔", "main"]
    ]  # fmt: skip


def test_logs_are_those_of_each_container(submitted, output):
    submitted(SET)
    assert output("logs", "set") == "group.a: is a\ngroup.main: 1\ngroup.main: a\n"
    assert output("logs", "set", "-c", "helper") == "group: helps\n"
    assert output("logs", "set", "group", "-c", "lay") == "laying\n"


def test_a_container_that_no_step_has_is_named(submitted, output, capsys):
    submitted(SET)
    assert run(["logs", "set", "-c", "other"]) == 2
    assert "no step has a container 'other'" in capsys.readouterr().err


def test_what_uses_a_daemon_starts_when_it_is_ready(submitted, output):
    port = free_port()
    source = "".join(f"          {line}\n" for line in SERVER.format(port=port).splitlines())
    submitted(DAEMON.format(python=sys.executable, port=port, source=source))
    assert output("logs", "daemon", "client") == "served\n"


def test_a_container_is_told_of_its_pod_and_of_its_limits(submitted, output):
    submitted(TOLD)
    assert output("logs", "told") == "told: told 2 64\n"


def test_the_pod_shows_its_containers(workspace):
    (workspace.root / "workflow.yaml").write_text(SET)
    with engine_here(workspace, workspace.settings().environment("staging")) as cluster:
        assert run(["run", "workflow.yaml", "--wait"]) == 0
        pods = cluster.list(GroupVersionKind("", "v1", "Pod"), "data").items
        (name,) = [pod["metadata"]["name"] for pod in pods]
        pod = cluster.get(ObjectRef(GroupVersionKind("", "v1", "Pod"), "data", name))
    assert [each["name"] for each in pod["spec"]["initContainers"]] == ["lay"]
    assert [each["name"] for each in pod["spec"]["containers"]] == ["a", "main", "helper"]
    codes = {each["name"]: each["state"]["terminated"]["exitCode"]
             for each in pod["status"]["containerStatuses"]}  # fmt: skip
    assert codes == {"a": 0, "main": 0, "helper": 143}
    assert pod["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"] == "main"
