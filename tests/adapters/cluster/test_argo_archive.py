"""Argo's archive on the wire, over rows that a real run left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.cluster.conftest import Client
from tests.controllers.bench import Bench, container
from tests.controllers.conftest import workflow
from toolkit.adapters.clock import SystemClock, VirtualClock
from toolkit.adapters.embedded import EmbeddedCluster, logical_cluster
from toolkit.adapters.http.certificate import Certificate
from toolkit.adapters.http.server import HttpServer
from toolkit.adapters.memory.executor import Ending
from toolkit.adapters.sqlite.archive import SqliteArchive
from toolkit.adapters.sqlite.database import Database
from toolkit.adapters.sqlite.objects import SqliteObjects
from toolkit.adapters.sqlite.runs import SqliteRuns
from toolkit.controllers.runs.projecting import WORKFLOW
from toolkit.resource.cluster import ObjectRef
from toolkit.workflow.ports import ResolvedStart
from toolkit.workflow.status.projection import GROUP

ARCHIVE = "/api/v1/archived-workflows"
STATUS = "workflows.argoproj.io/workflow-archiving-status"
TOLD = {
    "entrypoint": "main",
    "arguments": {"parameters": [{"name": "day", "value": "one"}]},
    "templates": [
        {
            "name": "main",
            "steps": [[{"name": "a", "template": "work"}], [{"name": "b", "template": "work"}]],
        },
        {"name": "work", "container": container(args=["{{workflow.parameters.day}}"])},
    ],
}
STEPS = {
    "entrypoint": "main",
    "templates": [
        {
            "name": "main",
            "steps": [[{"name": "a", "template": "work"}], [{"name": "b", "template": "work"}]],
        },
        {"name": "work", "container": container()},
    ],
}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "state.db") as database:
        yield database


@pytest.fixture
def bench(database: Database) -> Bench:
    clock = VirtualClock(SystemClock().now())
    logical = logical_cluster(SqliteObjects(database), "staging", clock)
    logical.ensure("data")
    return Bench(EmbeddedCluster(logical), clock, runs=SqliteRuns(database))


@pytest.fixture
def client(database: Database, bench: Bench, certificate: Certificate) -> Iterator[Client]:
    store, clock = SqliteObjects(database), SystemClock()
    server = HttpServer(
        lambda name: logical_cluster(store, name, clock),
        clock=clock,
        certificate=certificate,
        archive=SqliteArchive(database),
    )
    with server:
        yield Client(server.serving, "staging")


def run_and_delete(bench: Bench, name: str = "wf") -> str:
    bench.submit(name, **STEPS)
    uid = str(bench.workflow(name)["metadata"]["uid"])
    bench.cluster.delete(ObjectRef(WORKFLOW, "data", name))
    bench.settle()
    return uid


def names(answer: Any) -> list[str]:
    assert answer.status == 200, answer.content
    return [item["metadata"]["name"] for item in answer.body["items"]]


def test_a_deleted_workflow_is_read_as_it_ended(bench: Bench, client: Client) -> None:
    uid = run_and_delete(bench)
    found = client.ask("GET", f"{ARCHIVE}/{uid}").body
    assert found["status"]["phase"] == "Succeeded"
    assert found["spec"]["entrypoint"] == "main"
    assert {node["displayName"] for node in found["status"]["nodes"].values()} >= {"a", "b"}
    assert found["metadata"]["labels"][STATUS] == "Persisted"


def test_the_list_holds_those_that_are_still_there_too(bench: Bench, client: Client) -> None:
    run_and_delete(bench, "gone")
    bench.advance(1)
    bench.submit("there", **STEPS)
    assert names(client.ask("GET", ARCHIVE)) == ["there", "gone"]
    assert bench.workflow("there")["metadata"]["labels"][STATUS] == "Archived"


def test_a_list_has_pages_and_counts_the_rest(bench: Bench, client: Client) -> None:
    for name in ("one", "two", "three"):
        run_and_delete(bench, name)
        bench.advance(1)
    query = "listOptions.limit=2&listOptions.fieldSelector=ext.showRemainingItemCount=true"
    first = client.ask("GET", f"{ARCHIVE}?{query}")
    assert names(first) == ["three", "two"]
    assert first.body["metadata"] == {"continue": "2", "remainingItemCount": 1}
    assert names(client.ask("GET", f"{ARCHIVE}?{query}&listOptions.continue=2")) == ["one"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("namePrefix=tw", ["two"]),
        ("namePrefix=ne&nameFilter=Contains", ["one"]),
        ("namespace=elsewhere", []),
        ("listOptions.fieldSelector=metadata.name=one", ["one"]),
        ("listOptions.labelSelector=workflows.argoproj.io/phase=Failed", []),
        ("listOptions.labelSelector=workflows.argoproj.io/phase=Succeeded", ["two", "one"]),
    ],
)
def test_a_list_is_narrowed(bench: Bench, client: Client, query: str, expected: list[str]) -> None:
    run_and_delete(bench, "one")
    bench.advance(1)
    run_and_delete(bench, "two")
    assert names(client.ask("GET", f"{ARCHIVE}?{query}")) == expected


def test_what_is_deleted_from_the_archive_is_gone(bench: Bench, client: Client) -> None:
    uid = run_and_delete(bench)
    assert client.ask("DELETE", f"{ARCHIVE}/{uid}").status == 200
    assert client.ask("GET", f"{ARCHIVE}/{uid}").status == 404
    assert bench.runs.find(uid) is None


def test_an_archived_workflow_that_failed_goes_on_where_it_failed(
    bench: Bench, client: Client
) -> None:
    codes = {"wf[1].b": [1, 0]}
    bench.script = lambda start: Ending(exit_code=codes.get(start.start.node_name, [0]).pop(0))
    codes["wf[0].a"] = [0]
    uid = run_and_delete(bench)
    answer = client.ask("PUT", f"{ARCHIVE}/{uid}/retry", {"uid": uid, "namespace": "data"})
    assert answer.status == 200, answer.content
    bench.settle()
    assert bench.phase() == "Succeeded"
    assert len(bench.world.starts) == 3
    assert bench.workflow()["metadata"]["uid"] != uid
    assert client.ask("GET", f"{ARCHIVE}/{uid}").status == 404


def test_nobody_goes_on_with_what_was_another_s(bench: Bench) -> None:
    uid = run_and_delete(bench)
    annotations = {"gitops.toolkit/archived-run": uid}
    bench.cluster.create(workflow("other", spec=STEPS, annotations=annotations))
    bench.settle()
    assert bench.phase("other") == "Succeeded"
    assert len(bench.world.starts) == 4
    assert bench.runs.find(uid) is not None


def test_what_is_still_there_is_retried_itself(bench: Bench, client: Client) -> None:
    bench.script = lambda _: Ending(exit_code=1)
    bench.submit(**STEPS)
    uid = bench.workflow()["metadata"]["uid"]
    answer = client.ask("PUT", f"{ARCHIVE}/{uid}/retry", {})
    assert answer.status == 400
    assert "already exists on cluster" in answer.body["message"]


def test_an_archived_workflow_is_submitted_anew(bench: Bench, client: Client) -> None:
    uid = run_and_delete(bench)
    fresh = client.ask("PUT", f"{ARCHIVE}/{uid}/resubmit", {"namespace": "data"}).body
    assert fresh["metadata"]["name"].startswith("wf-")
    assert STATUS not in fresh["metadata"]["labels"]


def test_labels_of_the_archive_are_listed(bench: Bench, client: Client) -> None:
    run_and_delete(bench)
    key = "workflows.argoproj.io/phase"
    assert key in client.ask("GET", f"{ARCHIVE}-label-keys").body["items"]
    values = client.ask("GET", f"{ARCHIVE}-label-values?listOptions.labelSelector={key}").body
    assert values == {"items": ["Succeeded"]}


@pytest.mark.parametrize(
    "query",
    [
        "listOptions.fieldSelector=spec.entrypoint=main",
        "listOptions.fieldSelector=spec.startedAt>yesterday",
        "nameFilter=Suffix",
        "listOptions.continue=-1",
        "namespace=a&listOptions.fieldSelector=metadata.namespace=b",
    ],
)
def test_a_question_that_is_not_understood_is_refused(client: Client, query: str) -> None:
    assert client.ask("GET", f"{ARCHIVE}?{query}").status == 400


def failed_in_b(bench: Bench) -> str:
    bench.script = lambda start: Ending(exit_code=int(start.start.node_name == "wf[1].b"))
    bench.submit("wf", **TOLD)
    return str(bench.workflow("wf")["metadata"]["uid"])


def now_all_end_well(bench: Bench) -> list[tuple[str, tuple[str, ...]]]:
    """What starts from now on: the node, and its words."""
    started: list[tuple[str, tuple[str, ...]]] = []

    def script(resolved: ResolvedStart) -> Ending:
        started.append((resolved.start.node_name, resolved.start.call.args))
        return Ending()

    bench.script = script
    return started


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_retry_with_parameters(client: Client, bench: Bench, *, is_gone: bool) -> None:
    uid = failed_in_b(bench)
    path = "/api/v1/workflows/data/wf/retry"
    if is_gone:
        bench.cluster.delete(ObjectRef(WORKFLOW, "data", "wf"))
        bench.settle()
        path = f"{ARCHIVE}/{uid}/retry"
    started = now_all_end_well(bench)
    answer = client.ask("PUT", path, {"parameters": ["day=two"]})
    assert answer.status == 200, answer.content
    bench.settle()
    assert bench.phase("wf") == "Succeeded"
    assert started == [("wf[1].b", ("two",))]


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_memoized_resubmit(client: Client, bench: Bench, *, is_gone: bool) -> None:
    uid = failed_in_b(bench)
    path = "/api/v1/workflows/data/wf/resubmit"
    if is_gone:
        bench.cluster.delete(ObjectRef(WORKFLOW, "data", "wf"))
        bench.settle()
        path = f"{ARCHIVE}/{uid}/resubmit"
    started = now_all_end_well(bench)
    answer = client.ask("PUT", path, {"memoized": True, "parameters": ["day=two"]})
    assert answer.status == 200, answer.content
    name = answer.body["metadata"]["name"]
    assert answer.body["metadata"]["labels"][f"{GROUP}/resubmitted-from-workflow"] == "wf"
    bench.settle()
    assert bench.phase(name) == "Succeeded"
    assert started == [(f"{name}[1].b", ("two",))]
    nodes = {node["name"]: node for node in bench.workflow(name)["status"]["nodes"].values()}
    skipped = nodes[f"{name}[0].a"]
    assert (skipped["type"], skipped["phase"]) == ("Skipped", "Skipped")
    assert skipped["message"].startswith("original pod: wf-")
