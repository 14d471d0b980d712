"""The engine with real processes, the state database and the embedded cluster."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from toolkit.controllers.runs.active_run import RunNotice
from toolkit.controllers.runs.projecting import POD, WORKFLOW
from toolkit.resource.cluster import ObjectRef
from toolkit.resource.resource import Body
from toolkit.wiring.clusters import Owner, own
from toolkit.wiring.engine import Engine, EngineNotice, log_store, start_engine
from toolkit.wiring.workspace import Workspace

SETTINGS = """\
defaultEnvironment: staging
environments:
  staging:
    overlay: overlays/staging
    namespace: data
    deploy: {repository: .gitops/deploy.git, branch: env/staging}
    logLink: https://logs/{namespace}/{workflow}/{pod}
runtime:
  images:
    - pattern: any
"""
LONG_S = 60
HUSH = "hush-hush-7141"


class Plant:
    """A running engine and what it tells."""

    def __init__(self, owner: Owner, workspace: Workspace) -> None:
        self.owner = owner
        self.workspace = workspace
        self.notices: SimpleQueue[EngineNotice] = SimpleQueue()
        self.errors: list[Exception] = []
        self.environment = workspace.settings().environment("staging")

    def engine(self) -> Any:
        return start_engine(
            self.owner,
            self.workspace,
            [self.environment],
            notice=self.notices.put,
            on_error=self.errors.append,
        )

    def submit(self, engine: Engine, name: str, *templates: Body, **spec: Any) -> None:
        body = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {"name": name, "namespace": "data"},
            "spec": {"entrypoint": templates[0]["name"], "templates": list(templates), **spec},
        }
        engine.clusters["staging"].create(body)

    def await_phase(self, *phases: str) -> RunNotice:
        while True:
            notice = self.notices.get(timeout=LONG_S)
            if isinstance(notice, RunNotice) and notice.phase in phases:
                return notice

    def run(self, engine: Engine, name: str, *templates: Body, **spec: Any) -> Body:
        """The workflow as it ended, its end shown."""
        self.submit(engine, name, *templates, **spec)
        self.await_phase("Succeeded", "Failed", "Error")
        return self.shown(engine, name)

    def shown(self, engine: Engine, name: str) -> Body:
        cluster = engine.clusters["staging"]
        ref = ObjectRef(WORKFLOW, "data", name)
        version = cluster.list(WORKFLOW, "data").resource_version
        body = cluster.get(ref)
        assert body is not None
        if not (body.get("status") or {}).get("finishedAt"):
            watch = cluster.watch(WORKFLOW, resource_version=version, timeout_s=LONG_S)
            body = next(e.object for e in watch if e.object["status"].get("finishedAt"))
        assert not self.errors
        return body


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    (tmp_path / "gitops.yaml").write_text(SETTINGS)
    workspace = Workspace(tmp_path)
    with own(workspace) as owner:
        yield Plant(owner, workspace)


def script(source: str, name: str = "main", **fields: Any) -> Body:
    call = {key: fields.pop(key) for key in ("env", "envFrom", "volumeMounts") if key in fields}
    return {
        "name": name,
        "script": {"image": "any", "command": ["sh"], "source": source, **call},
        **fields,
    }


def nodes(body: Body) -> dict[str, Body]:
    return {node["displayName"]: node for node in body["status"]["nodes"].values()}


def test_fan_out_over_one_path_gives_each_its_own_output(plant: Plant) -> None:
    parameter = {"name": "o", "valueFrom": {"path": "/tmp/out.txt"}}
    work = script(
        "echo {{inputs.parameters.i}} > /tmp/out.txt; sleep 0.05; test $(wc -l < /tmp/out.txt) = 1",
        "work",
        inputs={"parameters": [{"name": "i"}]},
        outputs={"parameters": [parameter]},
    )
    arguments = {"parameters": [{"name": "i", "value": "{{item}}"}]}
    task = {"name": "t", "template": "work", "arguments": arguments, "withItems": [1, 2, 3, 4, 5]}
    with plant.engine() as engine:
        body = plant.run(engine, "wf", {"name": "main", "dag": {"tasks": [task]}}, work)
    assert body["status"]["phase"] == "Succeeded", body["status"]
    found = {
        name: node["outputs"]["parameters"][0]["value"]
        for name, node in nodes(body).items()
        if node["type"] == "Pod"
    }
    assert found == {f"t({index}:{index + 1})": str(index + 1) for index in range(5)}


def test_a_secret_stands_nowhere_but_in_its_own_row(plant: Plant) -> None:
    source = {"secretKeyRef": {"name": "hook", "key": "url"}}
    leak = script(
        "echo $HOOK; echo $HOOK >&2; echo $HOOK > /tmp/o; cat /keys/url; exit 3",
        "leak",
        env=[{"name": "HOOK", "valueFrom": source}],
        volumeMounts=[{"name": "keys", "mountPath": "/keys"}],
        volumes=[{"name": "keys", "secret": {"secretName": "hook"}}],
        outputs={"parameters": [{"name": "o", "valueFrom": {"path": "/tmp/o"}}]},
    )
    said = {"name": "r", "value": "{{steps.a.outputs.result}}"}
    after = script(
        "echo '{{inputs.parameters.r}}'", "after", inputs={"parameters": [{"name": "r"}]}
    )
    steps = [
        [{"name": "a", "template": "leak", "continueOn": {"failed": True}}],
        [{"name": "b", "template": "after", "arguments": {"parameters": [said]}}],
    ]
    with plant.engine() as engine:
        metadata = {"name": "hook", "namespace": "data"}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}
        engine.clusters["staging"].create({**secret, "stringData": {"url": HUSH}})
        body = plant.run(engine, "wf", {"name": "main", "steps": steps}, leak, after)
        node = nodes(body)["a"]
        (pod,) = (
            pod["metadata"]["name"]
            for pod in engine.clusters["staging"].list(POD, "data").items
            if pod["metadata"]["annotations"]["workflows.argoproj.io/node-name"] == node["name"]
        )
        log = list(engine.clusters["staging"].pod_log("data", pod))
    assert node["outputs"]["result"] == "***\n***"
    assert node["outputs"]["parameters"][0]["value"] == "***"
    assert sorted(log) == ["***", "***", "***"]
    state = plant.workspace.state
    kept = [path for path in state.rglob("*") if path.is_file() and "state.db" not in path.name]
    assert kept
    assert [path for path in kept if HUSH.encode() in path.read_bytes()] == []
    with plant.owner.database.read() as connection:
        for table in ("runs", "run_nodes", "run_commands", "run_audit"):
            rows = connection.execute(f"SELECT * FROM {table}").fetchall()
            assert not any(HUSH in str(row) for row in rows)


def test_a_step_learns_where_its_log_will_be_read(plant: Plant) -> None:
    with plant.engine() as engine:
        body = plant.run(
            engine,
            "wf",
            {
                "name": "main",
                "steps": [
                    [{"name": "a", "template": "env"}],
                    [
                        {
                            "name": "b",
                            "template": "show",
                            "arguments": {
                                "parameters": [{"name": "r", "value": "{{steps.a.outputs.result}}"}]
                            },
                        }
                    ],
                ],
            },
            script(
                "echo $GITOPS_CLUSTER $GITOPS_LOG_LINK; test -d $(dirname $GITOPS_CAPTURE)", "env"
            ),
            script("true", "show", inputs={"parameters": [{"name": "r"}]}),
        )
    result = nodes(body)["a"]["outputs"]["result"]
    assert result == "staging https://logs/{namespace}/{workflow}/{pod}"


def test_steps_do_not_see_the_state(plant: Plant) -> None:
    state = plant.workspace.state
    with plant.engine() as engine:
        if not engine.isolation.is_private:
            pytest.skip("this machine allows no mount namespaces")
        source = f"ls -A {state}; ls -A {state}/steps | wc -l; echo x >> $GITOPS_CAPTURE; exit 1"
        body = plant.run(engine, "wf", script(source))
        (pod,) = engine.clusters["staging"].list(POD, "data").items
        log = list(engine.clusters["staging"].pod_log("data", pod["metadata"]["name"]))
    assert log == [plant.workspace.captured.name, "steps", "1"]
    assert plant.workspace.captured.read_text() == "x\n"
    assert body["status"]["phase"] == "Failed"


def test_an_unmapped_image_is_refused_with_the_setting_to_change(plant: Plant) -> None:
    with plant.engine() as engine:
        template = {"name": "main", "container": {"image": "acme/etl:1", "command": ["x"]}}
        body = plant.run(engine, "wf", template)
    assert body["status"]["phase"] == "Error"
    assert "runtime.images" in body["status"]["message"]


def test_steps_survive_the_engine_and_are_taken_up_by_the_next(plant: Plant) -> None:
    fifo = plant.workspace.root / "fifo"
    os.mkfifo(fifo)
    with plant.engine() as engine:
        plant.submit(engine, "wf", script(f"echo begun > {fifo}; read x < {fifo}; exit 0"))
        assert fifo.read_text() == "begun\n"
    with plant.engine() as engine:
        fifo.write_text("go\n")
        plant.await_phase("Succeeded")
        assert plant.shown(engine, "wf")["status"]["phase"] == "Succeeded"


def test_deleting_a_workflow_ends_its_processes(plant: Plant) -> None:
    fifo = plant.workspace.root / "fifo"
    os.mkfifo(fifo)
    with plant.engine() as engine:
        plant.submit(engine, "wf", script(f"echo $$ > {fifo}; exec sleep 1000"))
        process = os.pidfd_open(int(fifo.read_text()))
        engine.clusters["staging"].delete(ObjectRef(WORKFLOW, "data", "wf"))
        with os.fdopen(process, "rb"):
            assert _ends(process)


def test_logs_are_read_without_an_engine(plant: Plant) -> None:
    with plant.engine() as engine:
        plant.run(engine, "wf", script("echo kept"))
        (pod,) = engine.clusters["staging"].list(POD, "data").items
    from toolkit.adapters.embedded import pod_address

    assert list(log_store(plant.workspace).lines(pod_address("staging", pod))) == ["kept"]


def _ends(process: int) -> bool:
    return bool(select.select([process], [], [], LONG_S)[0])
