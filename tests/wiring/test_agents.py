"""The agent with real processes and real servers: a Slack notice by an executor plugin."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.loopback import Loopback, serving
from tests.wiring.test_engine import SETTINGS, Plant, nodes
from toolkit.resource.resource import Body
from toolkit.wiring.clusters import own
from toolkit.wiring.engine import Engine
from toolkit.wiring.workspace import Workspace

HUSH = "hush-hook-2718"
SLACK = """\
import json, os, urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

with open("/var/run/argo/token") as file:
    token = file.read().strip()


class Plugin(BaseHTTPRequestHandler):
    def do_POST(self):
        size = int(self.headers["Content-Length"])
        asked = json.loads(self.rfile.read(size))
        if self.headers["Authorization"] != "Bearer " + token:
            self.say(403, {})
        elif self.path != "/api/v1/template.execute":
            self.say(404, {})
        elif "slack" not in asked["template"]["plugin"]:
            self.say(200, {})
        else:
            self.say(200, {"node": self.told(asked)})

    def told(self, asked):
        text = asked["template"]["plugin"]["slack"]["text"]
        notice = {"text": text + " of " + asked["workflow"]["metadata"]["name"]}
        headers = {"Authorization": os.environ["HOOK"]}
        request = urllib.request.Request(
            os.environ["SINK"], json.dumps(notice).encode(), headers
        )
        with urllib.request.urlopen(request) as answer:
            print("told", answer.status, os.environ["HOOK"], flush=True)
        sent = [{"name": "sent", "value": "yes"}]
        return {"phase": "Succeeded", "message": "told", "outputs": {"parameters": sent}}

    def say(self, status, body):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())


HTTPServer(("127.0.0.1", PORT), Plugin).serve_forever()
"""


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serving() as loopback:
        yield loopback


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    (tmp_path / "gitops.yaml").write_text(SETTINGS)
    workspace = Workspace(tmp_path)
    with own(workspace) as owner:
        yield Plant(owner, workspace)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def slack_container(sink: str, port: int) -> Body:
    return {
        "name": "slack",
        "image": "any",
        "command": ["python3", "-c"],
        "args": [SLACK.replace("PORT", str(port))],
        "env": [
            {"name": "SINK", "value": sink},
            {"name": "HOOK", "valueFrom": {"secretKeyRef": {"name": "hook", "key": "url"}}},
        ],
        "ports": [{"containerPort": port}],
        "resources": {"requests": {"memory": "64Mi"}, "limits": {"memory": "64Mi"}},
        "securityContext": {"runAsNonRoot": True},
    }


def install(engine: Engine, container: Body, name: str = "slack") -> None:
    metadata = {
        "name": f"{name}-executor-plugin",
        "namespace": "data",
        "labels": {"workflows.argoproj.io/configmap-type": "ExecutorPlugin"},
    }
    cluster = engine.clusters["staging"]
    cluster.create(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata,
            "data": {"sidecar.container": json.dumps(container)},
        }
    )


def keep_secret(engine: Engine) -> None:
    metadata = {"name": "hook", "namespace": "data"}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}
    engine.clusters["staging"].create({**body, "stringData": {"url": HUSH}})


TELL: Body = {"name": "tell", "plugin": {"slack": {"text": "the end"}}}


def test_a_slack_notice_is_sent_by_an_executor_plugin(plant: Plant, server: Loopback) -> None:
    with plant.engine() as engine:
        keep_secret(engine)
        install(engine, slack_container(server.url, free_port()))
        body = plant.run(engine, "wf", TELL)
    node = body["status"]["nodes"]["wf"]
    assert (node["type"], node["phase"], node["message"]) == ("Plugin", "Succeeded", "told")
    assert node["outputs"]["parameters"] == [{"name": "sent", "value": "yes"}]
    (notice,) = server.asked
    assert json.loads(notice.body) == {"text": "the end of wf"}
    assert notice.header("authorization") == HUSH


def test_a_plugins_log_is_kept_without_its_secrets(plant: Plant, server: Loopback) -> None:
    with plant.engine() as engine:
        keep_secret(engine)
        install(engine, slack_container(server.url, free_port()))
        plant.run(engine, "wf", TELL)
    log = plant.workspace.state / "logs/staging/data/executor-plugins/slack-plugin/main.log"
    assert "told 200 ***" in log.read_text()


def test_a_plugin_of_the_workflow_goes_before_those_installed(
    plant: Plant, server: Loopback
) -> None:
    with plant.engine() as engine:
        keep_secret(engine)
        install(engine, {}, "broken")  # it would be refused if anybody looked
        own_plugin = {
            "metadata": {"name": "own"},
            "spec": {"sidecar": {"container": slack_container(server.url, free_port())}},
        }
        body = plant.run(engine, "wf", TELL, executorPlugins=[own_plugin])
    assert body["status"]["phase"] == "Succeeded"


def test_a_plugin_that_does_not_live_is_named_with_its_end(plant: Plant) -> None:
    with plant.engine() as engine:
        container = {**slack_container("", free_port()), "args": ["raise SystemExit(7)"], "env": []}
        install(engine, container)
        body = plant.run(engine, "wf", TELL)
    message = body["status"]["nodes"]["wf"]["message"]
    assert "executor plugin staging/data/slack: ended with exit code 7" in message


def test_a_plugin_asks_for_a_port_of_its_own(plant: Plant, server: Loopback) -> None:
    port = int(server.url.rpartition(":")[2])
    with plant.engine() as engine:
        install(engine, {**slack_container("", port), "env": []})
        body = plant.run(engine, "wf", TELL)
    assert f"another program listens on port {port}" in body["status"]["nodes"]["wf"]["message"]


def test_a_plugin_that_is_served_elsewhere_is_asked_there(tmp_path: Path, server: Loopback) -> None:
    plugins = f"  plugins:\n    - {{name: slack, url: {server.url}/status/404/}}\n"
    (tmp_path / "gitops.yaml").write_text(SETTINGS + plugins)
    workspace = Workspace(tmp_path)
    with own(workspace) as owner:
        plant = Plant(owner, workspace)
        with plant.engine() as engine:
            body = plant.run(engine, "wf", TELL)
    assert body["status"]["phase"] == "Failed"
    assert server.asked[0].path == "/status/404/api/v1/template.execute"


def test_the_answer_of_a_server_is_the_input_of_the_next_step(
    plant: Plant, server: Loopback
) -> None:
    ask = {"name": "ask", "http": {"url": f"{server.url}/x", "method": "PUT", "body": "rows"}}
    parameter = {"name": "text", "value": "{{steps.ask.outputs.result}}"}
    steps = [
        [{"name": "ask", "template": "ask"}],
        [{"name": "tell", "template": "tell", "arguments": {"parameters": [parameter]}}],
    ]
    source = "test '{{inputs.parameters.text}}' = 'PUT rows'"
    tell = {
        "name": "tell",
        "inputs": {"parameters": [{"name": "text"}]},
        "script": {"image": "any", "command": ["sh"], "source": source},
    }
    with plant.engine() as engine:
        body = plant.run(engine, "wf", {"name": "main", "steps": steps}, ask, tell)
    assert body["status"]["phase"] == "Succeeded", nodes(body)


def test_a_header_from_a_secret_reaches_the_server_and_no_row(
    plant: Plant, server: Loopback
) -> None:
    source = {"secretKeyRef": {"name": "hook", "key": "url"}}
    headers = [{"name": "Authorization", "valueFrom": source}]
    ask = {"name": "ask", "http": {"url": f"{server.url}/hello", "headers": headers}}
    with plant.engine() as engine:
        keep_secret(engine)
        body = plant.run(engine, "wf", ask)
    assert server.asked[0].header("authorization") == HUSH
    assert body["status"]["nodes"]["wf"]["outputs"]["result"] == "***"
    kept = b"".join(file.read_bytes() for file in plant.workspace.state.glob("state.db*"))
    assert HUSH.encode() not in kept  # the Secret's own row has it in base64
