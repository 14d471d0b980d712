"""Artifacts with a real engine: repositories, archived logs, data templates, manifests."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.artifacts.conftest import s3_server  # noqa: F401 - a fixture
from tests.adapters.loopback import Loopback, serving
from tests.wiring.test_engine import SETTINGS, Plant, nodes, script
from toolkit.controllers.runs.projecting import WORKFLOW
from toolkit.resource.cluster import ObjectRef
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.wiring.clusters import own
from toolkit.wiring.engine import Engine
from toolkit.wiring.workspace import Workspace

HUSH = "hush-hush-3141"


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    (tmp_path / "gitops.yaml").write_text(SETTINGS)
    workspace = Workspace(tmp_path)
    with own(workspace) as owner:
        yield Plant(owner, workspace)


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serving() as loopback:
        yield loopback


def create(engine: Engine, kind: str, name: str, *, default_key: str = "", **fields: Any) -> None:
    metadata: Body = {"name": name, "namespace": "data"}
    if default_key:
        annotation = "workflows.argoproj.io/default-artifact-repository"
        metadata["annotations"] = {annotation: default_key}
    body = {"apiVersion": "v1", "kind": kind, "metadata": metadata, **fields}
    engine.clusters["staging"].create(body)


def artifacts_of(node: Body) -> dict[str, Body]:
    return {one["name"]: one for one in node["outputs"].get("artifacts", ())}


def steps(*names: str) -> Body:
    return {"name": "main", "steps": [[{"name": name, "template": name}] for name in names]}


MADE = {"artifacts": [{"name": "out", "path": "/tmp/out"}]}


def test_a_log_is_archived_without_its_secrets(plant: Plant) -> None:
    source = {"secretKeyRef": {"name": "hook", "key": "url"}}
    say = script("echo said $HOOK", env=[{"name": "HOOK", "valueFrom": source}])
    with plant.engine() as engine:
        create(engine, "Secret", "hook", stringData={"url": HUSH})
        body = plant.run(engine, "wf", say, archiveLogs=True)
    (node,) = body["status"]["nodes"].values()
    key = artifacts_of(node)["main-logs"]["s3"]["key"]
    assert key == "data/wf/wf/main.log"
    kept = plant.workspace.state / "artifacts" / key
    assert kept.read_text() == "said ***\n"


def test_a_repository_that_is_not_there_ends_the_run(plant: Plant) -> None:
    with plant.engine() as engine:
        body = plant.run(engine, "wf", script("true"), artifactRepositoryRef={"key": "k"})
    assert (body["status"]["phase"], body["status"]["message"]) == (
        "Error",
        'failed to find any artifact repository for artifact repository ref "#k"',
    )


def test_the_default_repository_of_the_namespace_keeps_what_names_no_place(
    plant: Plant,
    s3_server: str,  # noqa: F811 - the fixture
) -> None:
    repository = {
        "s3": {
            "endpoint": s3_server,
            "insecure": True,
            "bucket": "runs",
            "createBucketIfNotPresent": {},
            "keyFormat": "{{workflow.namespace}}/{{workflow.name}}/{{pod.name}}",
            "accessKeySecret": {"name": "s3", "key": "access"},
            "secretKeySecret": {"name": "s3", "key": "secret"},
        }
    }
    make = script("echo content > /tmp/out", "make", outputs=MADE)
    read = script(
        "test $(cat /tmp/in) = content",
        "read",
        inputs={"artifacts": [{"name": "in", "path": "/tmp/in"}]},
    )
    listed = {
        "name": "list",
        "data": {
            "source": {"artifactPaths": {"name": "all", "s3": {"key": "data/wf"}}},
            "transformation": [
                {"expression": 'filter(data, {# endsWith ".tgz"})'},
                {"expression": "map(data, {# + '!'})"},
            ],
        },
    }
    main = steps("make", "read", "list")
    passed = {"name": "in", "from": "{{steps.make.outputs.artifacts.out}}"}
    main["steps"][1][0]["arguments"] = {"artifacts": [passed]}
    with plant.engine() as engine:
        create(engine, "Secret", "s3", stringData={"access": "testing", "secret": "testing"})
        data = {"mine": json.dumps(repository)}
        create(engine, "ConfigMap", "artifact-repositories", default_key="mine", data=data)
        body = plant.run(engine, "wf", main, make, read, listed)
    assert body["status"]["phase"] == "Succeeded", nodes(body)
    key = artifacts_of(nodes(body)["make"])["out"]["s3"]
    assert set(key) == {"key"}
    assert key["key"].startswith("data/wf/wf-make-")
    assert json.loads(nodes(body)["list"]["outputs"]["result"]) == [f"{key['key']}!"]
    assert not list((plant.workspace.state / "artifacts").rglob("*.tgz"))


def test_a_data_template_lists_the_default_store(plant: Plant) -> None:
    make = script("echo 1 > /tmp/out", "make", outputs=MADE)
    listed = {"name": "list", "data": {"source": {"artifactPaths": {"s3": {"key": "data/wf"}}}}}
    with plant.engine() as engine:
        body = plant.run(engine, "wf", steps("make", "list"), make, listed)
    found = json.loads(nodes(body)["list"]["outputs"]["result"])
    assert found == [artifacts_of(nodes(body)["make"])["out"]["s3"]["key"]]


def test_a_transformation_that_fails_is_named(plant: Plant) -> None:
    broken = {
        "name": "list",
        "data": {
            "source": {"artifactPaths": {"s3": {"key": "none"}}},
            "transformation": [{"expression": "data"}, {"expression": "nothing(data)"}],
        },
    }
    with plant.engine() as engine:
        body = plant.run(engine, "wf", broken)
    node = body["status"]["nodes"]["wf"]
    assert node["phase"] == "Failed"
    assert "error processing data step 1" in node["message"]


def test_an_artifact_comes_from_a_server_that_wants_a_secret(
    plant: Plant, server: Loopback
) -> None:
    basic = {
        "usernameSecret": {"name": "web", "key": "user"},
        "passwordSecret": {"name": "web", "key": "pass"},
    }
    artifact = {
        "name": "in",
        "path": "/tmp/in",
        "http": {"url": f"{server.url}/x", "auth": {"basicAuth": basic}},
    }
    read = script("grep GET /tmp/in", inputs={"artifacts": [artifact]})
    with plant.engine() as engine:
        create(engine, "Secret", "web", stringData={"user": "ann", "pass": HUSH})
        body = plant.run(engine, "wf", read)
    assert body["status"]["phase"] == "Succeeded", body["status"]
    assert (server.asked[0].header("authorization") or "").startswith("Basic ")


def test_a_secret_of_an_artifact_that_is_missing_is_the_nodes_error(plant: Plant) -> None:
    place = {"repo": "file:///x", "sshPrivateKeySecret": {"name": "none", "key": "k"}}
    artifact = {"name": "in", "path": "/tmp/in", "git": place}
    with plant.engine() as engine:
        body = plant.run(engine, "wf", script("true", inputs={"artifacts": [artifact]}))
    node = body["status"]["nodes"]["wf"]
    assert (node["phase"], node["message"]) == ("Error", 'secret "none" not found')


def test_a_place_that_cannot_be_reached_is_refused_before_anything_starts(plant: Plant) -> None:
    artifact = {"name": "out", "path": "/tmp/out", "hdfs": {"addresses": ["a"], "path": "/x"}}
    with plant.engine() as engine:
        body = plant.run(engine, "wf", script("true", outputs={"artifacts": [artifact]}))
    assert body["status"]["phase"] == "Error"
    assert "templates.main.outputs.artifacts.out.hdfs is not supported" in body["status"]["message"]
    assert body["status"]["nodes"] == {}


@pytest.mark.parametrize("is_raw", [True, False])
def test_a_manifest_comes_from_an_artifact(plant: Plant, *, is_raw: bool) -> None:
    pytest.importorskip("jq")
    manifest = json.dumps(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "made", "labels": {"a": "1"}},
            "data": {"b": "2", "c": "3"},
        }
    )
    make = script(f"echo '{manifest}' > /tmp/out", "make", outputs=MADE)
    declared = {"name": "manifest", "path": "/tmp/manifest"}
    apply = {
        "name": "apply",
        "inputs": {"artifacts": [{**declared, "raw": {"data": manifest}} if is_raw else declared]},
        "resource": {"action": "apply", "manifestFrom": {"artifact": {"name": "manifest"}}},
        "outputs": {
            "parameters": [
                {"name": "keys", "valueFrom": {"jqFilter": ".data | keys"}},
                {"name": "lines", "valueFrom": {"jqFilter": ".data[]"}},
                {"name": "a", "valueFrom": {"jsonPath": "{.metadata.labels.a}"}},
            ]
        },
    }
    main = steps("make", "apply")
    if not is_raw:
        passed = {"name": "manifest", "from": "{{steps.make.outputs.artifacts.out}}"}
        main["steps"][1][0]["arguments"] = {"artifacts": [passed]}
    with plant.engine() as engine:
        body = plant.run(engine, "wf", main, make, apply)
        ref = ObjectRef(GroupVersionKind("", "v1", "ConfigMap"), "data", "made")
        assert engine.clusters["staging"].get(ref) is not None
    found = nodes(body)["apply"]["outputs"]["parameters"]
    assert {one["name"]: one["value"] for one in found} == {
        "keys": '["b","c"]', "lines": "2\n3", "a": "1",
    }  # fmt: skip


# Garbage collection


def collectable(*artifacts: tuple[str, str], **fields: Any) -> Body:
    declared = [
        {
            "name": name,
            "path": f"/tmp/{name}",
            **({"artifactGC": {"strategy": strategy}} if strategy else {}),
            **fields,
        }
        for name, strategy in artifacts
    ]
    source = "".join(f"echo {name} > /tmp/{name}; " for name, _ in artifacts)
    return script(source, outputs={"artifacts": declared})


def kept_files(plant: Plant) -> set[str]:
    return {path.name for path in (plant.workspace.state / "artifacts").rglob("*.tgz")}


WF = ObjectRef(WORKFLOW, "data", "wf")


def until(happened: Callable[[], Any]) -> Any:
    """What it gives, once it gives something."""
    for _ in range(1_200):
        if found := happened():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def until_shown(plant: Plant, engine: Engine, name: str, strategy: str) -> Body:
    """The workflow once a strategy has been followed."""
    cluster = engine.clusters["staging"]

    def followed() -> Body | None:
        body = cluster.get(ObjectRef(WORKFLOW, "data", name)) or {}
        done = ((body.get("status") or {}).get("artifactGCStatus") or {}).get("strategiesProcessed")
        return body if strategy in (done or {}) else None

    found: Body = until(followed)
    assert not plant.errors
    return found


def delete(engine: Engine) -> None:
    engine.clusters["staging"].delete(WF)


def await_gone(engine: Engine) -> None:
    until(lambda: engine.clusters["staging"].get(WF) is None)


def test_artifacts_go_when_the_workflow_ends_and_when_it_is_deleted(plant: Plant) -> None:
    main = collectable(("soon", "OnWorkflowCompletion"), ("late", ""), ("kept", "Never"))
    with plant.engine() as engine:
        plant.submit(engine, "wf", main, artifactGC={"strategy": "OnWorkflowDeletion"})
        body = until_shown(plant, engine, "wf", "OnWorkflowCompletion")
        assert kept_files(plant) == {"late.tgz", "kept.tgz"}
        assert body["metadata"]["finalizers"] == ["workflows.argoproj.io/artifact-gc"]
        found = artifacts_of(body["status"]["nodes"]["wf"])
        assert [name for name, one in found.items() if one.get("deleted")] == ["soon"]
        delete(engine)
        await_gone(engine)
    assert kept_files(plant) == {"kept.tgz"}


def test_a_workflow_deleted_while_no_engine_runs_goes_with_its_artifacts(plant: Plant) -> None:
    main = collectable(("late", "OnWorkflowDeletion"))
    with plant.engine() as engine:
        plant.submit(engine, "wf", main)
        until_shown(plant, engine, "wf", "OnWorkflowCompletion")
    delete(engine)
    with plant.engine() as engine:
        await_gone(engine)
    assert kept_files(plant) == set()


@pytest.mark.parametrize("is_forced", [False, True])
def test_what_cannot_be_deleted_is_a_condition_and_holds_the_workflow(
    plant: Plant, server: Loopback, *, is_forced: bool
) -> None:
    place = {"http": {"url": f"{server.url}/x"}}
    main = collectable(("out", "OnWorkflowCompletion"), **place)
    with plant.engine() as engine:
        plant.submit(engine, "wf", main, artifactGC={"forceFinalizerRemoval": is_forced})
        body = until_shown(plant, engine, "wf", "OnWorkflowCompletion")
        conditions = {one["type"]: one for one in body["status"]["conditions"]}
        assert "cannot be deleted" in conditions["ArtifactGCError"]["message"]
        assert body["metadata"]["finalizers"] == ["workflows.argoproj.io/artifact-gc"]
        delete(engine)
        if is_forced:
            await_gone(engine)
        else:
            until_shown(plant, engine, "wf", "OnWorkflowDeletion")
            assert engine.clusters["staging"].get(WF) is not None


def test_a_running_workflow_that_is_deleted_ends_first(plant: Plant) -> None:
    main = collectable(("out", "OnWorkflowDeletion"))
    main["script"]["source"] = "echo > /tmp/out; sleep 600"
    with plant.engine() as engine:
        plant.submit(engine, "wf", main)
        until(lambda: "Running" in str((engine.clusters["staging"].get(WF) or {}).get("status")))
        delete(engine)
        await_gone(engine)
    assert kept_files(plant) == set()
