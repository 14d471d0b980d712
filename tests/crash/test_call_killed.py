"""``gitops up`` killed with SIGKILL while an http template's call is under way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.adapters.loopback import Loopback, serving
from tests.crash.conftest import Gitops
from toolkit.controllers.runs.projecting import WORKFLOW
from toolkit.resource.cluster import ObjectRef
from toolkit.resource.resource import Body
from toolkit.wiring.clusters import open_cluster, running_server

LONG_S = 90.0


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serving() as loopback:
        yield loopback


def until(happened: Callable[[], Any]) -> Any:
    end = time.monotonic() + LONG_S
    while time.monotonic() < end:
        if found := happened():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen")


def submitted(gitops: Gitops, server: Loopback, **fields: Any) -> None:
    call = {"url": f"{server.url}/slow", "method": "POST", "body": "pay"}
    body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "wf", "namespace": "data"},
        "spec": {"entrypoint": "m", "templates": [{"name": "m", "http": call, **fields}]},
    }
    environment = gitops.workspace.settings().environment("staging")
    with open_cluster(gitops.workspace, environment, write=True) as cluster:
        cluster.create(body)


def ended(gitops: Gitops) -> Body | None:
    if running_server(gitops.workspace) is None:
        return None
    environment = gitops.workspace.settings().environment("staging")
    with open_cluster(gitops.workspace, environment, write=False) as cluster:
        body = cluster.get(ObjectRef(WORKFLOW, "data", "wf"))
    return body if body and (body.get("status") or {}).get("finishedAt") else None


def test_a_call_under_way_is_not_made_again(gitops: Gitops, server: Loopback) -> None:
    submitted(gitops, server)
    gitops.up()
    until(lambda: server.asked)
    gitops.kill()
    gitops.up()
    body = until(lambda: ended(gitops))
    (node,) = body["status"]["nodes"].values()
    assert (node["phase"], node["message"]) == ("Error", "interrupted"), gitops.log()
    assert [one.body for one in server.asked] == [b"pay"]


def test_its_retry_policy_may_ask_for_another(gitops: Gitops, server: Loopback) -> None:
    submitted(gitops, server, retryStrategy={"limit": 1, "retryPolicy": "OnError"})
    gitops.up()
    until(lambda: server.asked)
    gitops.kill()
    server.closing.set()
    gitops.up()
    body = until(lambda: ended(gitops))
    assert body["status"]["phase"] == "Succeeded", gitops.log()
    assert len(server.asked) == 2
