"""Watches as streams."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest

from toolkit.adapters.clock import SystemClock
from toolkit.adapters.embedded import logical_cluster
from toolkit.adapters.http.certificate import Certificate
from toolkit.adapters.http.server import HttpServer
from toolkit.adapters.kubernetes.loopback import LoopbackTransport
from toolkit.adapters.kubernetes.rest_cluster import RestCluster
from toolkit.adapters.memory.objects import MemoryObjects
from toolkit.apiserver.store import ObjectStore
from toolkit.errors import ClusterError, GoneError, NotFoundError
from toolkit.resource.cluster import WatchEvent
from toolkit.resource.identity import GroupVersionKind
from toolkit.workflow.ports import PodAddress

CONFIGS = "/api/v1/namespaces/data/configmaps"
CONFIG = GroupVersionKind("", "v1", "ConfigMap")
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


def config(name: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": labels}}


def watch(client: Any, query: str, **headers: str) -> list[tuple[str, Any]]:
    answer = client.ask("GET", f"{CONFIGS}?watch=true&timeoutSeconds=1&{query}", **headers)
    return [(line["type"], line["object"]) for line in answer.lines]


def names(events: list[tuple[str, Any]]) -> list[tuple[str, str]]:
    return [(type, body["metadata"]["name"]) for type, body in events if type != "BOOKMARK"]


def version(client: Any) -> str:
    return str(client.ask("GET", CONFIGS).body["metadata"]["resourceVersion"])


def test_a_selector_turns_changes_into_coming_and_going(client: Any) -> None:
    since = version(client)
    client.ask("POST", CONFIGS, config("a", tier="gold"))
    client.ask("POST", CONFIGS, config("b", tier="tin"))
    client.ask("PUT", f"{CONFIGS}/a", config("a", tier="tin"))
    client.ask("PUT", f"{CONFIGS}/b", config("b", tier="gold"))
    client.ask("PUT", f"{CONFIGS}/b", config("b", tier="gold", more="x"))
    client.ask("DELETE", f"{CONFIGS}/a")
    client.ask("DELETE", f"{CONFIGS}/b")
    events = watch(client, f"resourceVersion={since}&labelSelector=tier%3Dgold")
    assert names(events) == [
        ("ADDED", "a"),
        ("DELETED", "a"),
        ("ADDED", "b"),
        ("MODIFIED", "b"),
        ("DELETED", "b"),
    ]
    assert events[1][1]["metadata"]["labels"] == {"tier": "gold"}


def test_a_watch_without_a_version_begins_with_what_there_is(client: Any) -> None:
    client.ask("POST", CONFIGS, config("a"))
    assert names(watch(client, "")) == [("ADDED", "a")]


def test_the_end_of_the_initial_state_is_told_where_asked(client: Any) -> None:
    client.ask("POST", CONFIGS, config("a"))
    query = "sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"
    (added, bookmark, *_) = watch(client, query)
    assert added[0] == "ADDED"
    assert bookmark[0] == "BOOKMARK"
    assert bookmark[1]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_a_watch_shows_tables_where_asked(client: Any) -> None:
    client.ask("POST", CONFIGS, config("a"))
    client.ask("POST", CONFIGS, config("b"))
    tables = [body for _, body in watch(client, "", accept=TABLE)]
    assert [table["rows"][0]["cells"][0] for table in tables] == ["a", "b"]
    assert [table["columnDefinitions"] is None for table in tables] == [False, True]


def test_a_compacted_version_is_gone(client: Any, served_store: ObjectStore) -> None:
    since = version(client)
    client.ask("POST", CONFIGS, config("a"))
    page = client.ask("GET", f"{CONFIGS}?limit=1").body
    client.ask("POST", CONFIGS, config("b"))
    served_store.write(lambda tx: tx.compact(tx.version()))
    ((type, status),) = watch(client, f"resourceVersion={since}")
    assert (type, status["code"], status["reason"]) == ("ERROR", 410, "Expired")
    assert page["metadata"].get("continue") is None
    url, token = f"{client.serving.url}/clusters/{client.cluster}", client.serving.token
    transport = LoopbackTransport(url, token=token, authority_file=client.serving.authority_file)
    with RestCluster(transport) as cluster, pytest.raises(GoneError):
        list(cluster.watch(CONFIG, "data", resource_version=since, timeout_s=1))


def test_a_page_of_a_compacted_version_is_gone(client: Any, served_store: ObjectStore) -> None:
    client.ask("POST", CONFIGS, config("a"))
    client.ask("POST", CONFIGS, config("b"))
    token = client.ask("GET", f"{CONFIGS}?limit=1").body["metadata"]["continue"]
    client.ask("POST", CONFIGS, config("c"))
    served_store.write(lambda tx: tx.compact(tx.version()))
    answer = client.ask("GET", f"{CONFIGS}?limit=1&continue={token}")
    assert (answer.status, answer.body["reason"]) == (410, "Expired")


def test_a_change_wakes_a_watch_that_waits(client: Any) -> None:
    since = version(client)
    url, token = f"{client.serving.url}/clusters/{client.cluster}", client.serving.token
    transport = LoopbackTransport(url, token=token, authority_file=client.serving.authority_file)
    with RestCluster(transport) as cluster:
        events = cluster.watch(CONFIG, "data", resource_version=since, timeout_s=60)
        found: list[WatchEvent] = []
        reader = threading.Thread(target=lambda: found.append(next(events)))
        reader.start()
        client.ask("POST", CONFIGS, config("a"))
        reader.join(timeout=30)
        events.close()  # type: ignore[attr-defined]
    assert [event.type for event in found] == ["ADDED"]


class Log:
    """A LogStore that knows one pod."""

    def address_of(self, cluster: str, namespace: str, pod: str) -> PodAddress:
        raise NotFoundError(f"no log of {cluster} {namespace}/{pod}")

    def __init__(self) -> None:
        self.asked: list[tuple[PodAddress, str, bool, int | None, bool]] = []

    def lines(
        self,
        address: PodAddress,
        *,
        container: str = "main",
        follow: bool = False,
        tail_lines: int | None = None,
        timestamps: bool = False,
    ) -> Iterator[str]:
        self.asked.append((address, container, follow, tail_lines, timestamps))
        if address.pod != "known":
            raise NotFoundError("no such pod")
        return iter(["one", "zwei"])


@pytest.fixture
def logged(certificate: Certificate) -> Iterator[tuple[HttpServer, Log]]:
    log, clock = Log(), SystemClock()
    cluster = logical_cluster(MemoryObjects(), "s", clock)
    cluster.ensure("data")
    server = HttpServer(
        lambda name: cluster if name == "s" else None,
        clock=clock,
        certificate=certificate,
        log_store=log,
    )
    with server:
        yield server, log


def rest(server: HttpServer) -> RestCluster:
    serving = server.serving
    return RestCluster(
        LoopbackTransport(
            f"{serving.url}/clusters/s", token=serving.token, authority_file=serving.authority_file
        )
    )


def pod(name: str) -> dict[str, Any]:
    labels = {"workflows.argoproj.io/workflow": "run"}
    metadata = {"name": name, "namespace": "data", "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {}}


def test_a_pods_log_comes_from_the_log_store(logged: tuple[HttpServer, Log]) -> None:
    server, log = logged
    with rest(server) as cluster:
        cluster.create(pod("known"))
        lines = cluster.pod_log("data", "known", follow=True, tail_lines=5, timestamps=True)
        assert list(lines) == ["one", "zwei"]
    assert log.asked == [(PodAddress("s", "data", "run", "known"), "main", True, 5, True)]


def test_a_pod_without_a_log_is_not_found(logged: tuple[HttpServer, Log]) -> None:
    server, _ = logged
    with rest(server) as cluster:
        cluster.create(pod("silent"))
        with pytest.raises(NotFoundError):
            list(cluster.pod_log("data", "silent"))
        with pytest.raises(NotFoundError):
            list(cluster.pod_log("data", "absent"))


def test_a_bug_is_told_without_its_details(
    certificate: Certificate, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(name: str) -> Any:
        raise ZeroDivisionError(f"secret detail of {name}")

    server = HttpServer(broken, clock=SystemClock(), certificate=certificate)
    with server, rest(server) as cluster, pytest.raises(ClusterError) as failed:
        cluster.uid()
    assert (failed.value.code, "secret" in failed.value.message) == (500, False)
    assert "secret detail of s" in caplog.text


def test_a_stop_ends_the_watches_under_way(certificate: Certificate) -> None:
    clock = SystemClock()
    cluster = logical_cluster(MemoryObjects(), "s", clock)
    cluster.ensure("data")
    ended = threading.Event()
    with HttpServer(lambda _: cluster, clock=clock, certificate=certificate) as server:
        client = rest(server)
        listed = client.list(CONFIG, "data")
        events = client.watch(
            CONFIG, "data", resource_version=listed.resource_version, timeout_s=600
        )

        def read() -> None:
            list(events)
            ended.set()

        reader = threading.Thread(target=read)
        reader.start()
    assert ended.wait(timeout=30)
    reader.join()
    client.close()


def test_a_certificate_is_kept_until_it_is_about_to_end(tmp_path: Any) -> None:
    from toolkit.adapters.http.certificate import ensure_certificate

    now = datetime.now(UTC)
    first = ensure_certificate(tmp_path, now).authority
    assert ensure_certificate(tmp_path, now).authority == first
    assert ensure_certificate(tmp_path, now.replace(year=now.year + 3)).authority != first


def test_fifty_watchers_see_each_change_once_in_order(logged: tuple[HttpServer, Log]) -> None:
    server, _ = logged
    with rest(server) as cluster, ThreadPoolExecutor(50) as pool:
        since = cluster.list(CONFIG, "data").resource_version

        def follow(_: int) -> list[str]:
            watch = cluster.watch(CONFIG, "data", resource_version=since, timeout_s=150)
            return [event.object["metadata"]["name"] for event in islice(watch, 20)]

        watching = [pool.submit(follow, number) for number in range(50)]
        names = [f"c-{number:02}" for number in range(20)]
        for name in names:
            metadata = {"name": name, "namespace": "data"}
            cluster.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
        assert [seen.result() for seen in watching] == [names] * 50
