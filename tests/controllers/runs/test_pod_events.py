from __future__ import annotations

from typing import Any

from toolkit.adapters.embedded import EmbeddedCluster
from toolkit.controllers.cron_events import EVENT
from toolkit.controllers.runs.pod_events import news
from toolkit.resource.cluster import ObjectRef
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body

POD = GroupVersionKind("", "v1", "Pod")
AT = "2026-03-01T12:00:00Z"


def drawn(cluster: EmbeddedCluster, phase: str, **status: Any) -> Body:
    body: Body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "step", "namespace": "data"},
        "spec": {"containers": [{"name": "main", "image": "x"}]},
    }
    if cluster.get(ObjectRef(POD, "data", "step")) is None:
        cluster.create(body)
    state = {"terminated": {"finishedAt": AT}} if phase == "Failed" else {"running": {}}
    containers = [{"name": "main", "state": state}]
    told = {"phase": phase, "startTime": AT, "containerStatuses": containers, **status}
    return cluster.update_status({**body, "status": told})


def tell(cluster: EmbeddedCluster, pod: Body, written: set[str]) -> None:
    cluster.draw(news(pod, written))


def told(cluster: EmbeddedCluster) -> list[tuple[str, str, str]]:
    events = cluster.list(EVENT, "data").items
    return [(event["type"], event["reason"], event["message"]) for event in events]


def test_a_pod_tells_that_it_started_and_why_it_failed(cluster: EmbeddedCluster) -> None:
    written: set[str] = set()
    for pod in (drawn(cluster, "Running"), drawn(cluster, "Failed", message="exit code 3")):
        tell(cluster, pod, written)
        tell(cluster, pod, written)
    assert told(cluster) == [
        ("Warning", "Failed", "exit code 3"),
        ("Normal", "Started", "Started container main"),
    ]


def test_an_event_told_before_a_restart_is_not_told_again(cluster: EmbeddedCluster) -> None:
    pod = drawn(cluster, "Running")
    tell(cluster, pod, set())
    tell(cluster, pod, set())
    assert len(told(cluster)) == 1


def test_describe_finds_the_events_by_the_pods_uid(cluster: EmbeddedCluster) -> None:
    pod = drawn(cluster, "Running")
    tell(cluster, pod, set())
    selector = f"involvedObject.uid={pod['metadata']['uid']}"
    assert len(cluster.list(EVENT, "data", field_selector=selector).items) == 1


def test_events_go_with_their_pod(cluster: EmbeddedCluster) -> None:
    tell(cluster, drawn(cluster, "Running"), set())
    cluster.delete(ObjectRef(POD, "data", "step"))
    assert told(cluster) == []


def test_each_container_that_runs_is_told_of(cluster: EmbeddedCluster) -> None:
    states = [{"name": name, "state": {"running": {}}} for name in ("a", "b")]
    waits = {"name": "c", "state": {"waiting": {"reason": "PodInitializing"}}}
    tell(cluster, drawn(cluster, "Running", containerStatuses=[*states, waits]), set())
    assert sorted(message for _, _, message in told(cluster)) == [
        "Started container a",
        "Started container b",
    ]
