"""Argo's REST paths as they stand on the wire."""

from __future__ import annotations

import json
import ssl
from http.client import HTTPSConnection
from typing import Any

import pytest

from toolkit.adapters.clock import SystemClock
from toolkit.adapters.embedded import logical_cluster
from toolkit.adapters.http.server import HttpServer


def workflow(name: str, **metadata: Any) -> dict[str, Any]:
    container = {"image": "any", "command": ["true"]}
    return {
        "metadata": {"name": name, **metadata},
        "spec": {"entrypoint": "main", "templates": [{"name": "main", "container": container}]},
    }


def create(client: Any, name: str, **metadata: Any) -> Any:
    answer = client.ask("POST", "/api/v1/workflows/data", {"workflow": workflow(name, **metadata)})
    assert answer.status == 200, answer.content
    return answer.body


def names(answer: Any) -> list[str]:
    assert answer.status == 200, answer.content
    return [item["metadata"]["name"] for item in answer.body["items"]]


def test_what_is_created_stands_in_kubernetes_api_too(client: Any) -> None:
    create(client, "one")
    found = client.ask("GET", "/apis/argoproj.io/v1alpha1/namespaces/data/workflows/one").body
    assert found["kind"] == "Workflow"
    assert found["metadata"]["managedFields"][0]["manager"] == "argo"


def test_what_go_writes_for_nothing_is_left_out(client: Any) -> None:
    body = workflow("go", creationTimestamp=None)
    body["spec"]["arguments"] = {}
    body["status"] = {"startedAt": None, "finishedAt": None}
    body["spec"]["templates"][0] |= {"inputs": {}, "outputs": {}, "metadata": {}}
    created = client.ask("POST", "/api/v1/workflows/data", {"workflow": body}).body
    assert "status" not in created
    assert created["metadata"]["creationTimestamp"]


@pytest.mark.parametrize("wish", [{"serverDryRun": True}, {"createOptions": {"dryRun": ["All"]}}])
def test_a_dry_run_creates_nothing(client: Any, wish: dict[str, Any]) -> None:
    body = {"workflow": workflow("dry"), **wish}
    assert client.ask("POST", "/api/v1/workflows/data", body).status == 200
    assert client.ask("GET", "/api/v1/workflows/data/dry").status == 404


def test_a_dry_delete_deletes_nothing(client: Any) -> None:
    create(client, "kept")
    path = "/api/v1/workflows/data/kept"
    assert client.ask("DELETE", f"{path}?deleteOptions.dryRun=All").body == {}
    assert client.ask("GET", path).status == 200


def test_a_forced_delete_passes_finalizers(client: Any) -> None:
    create(client, "held", finalizers=["example.com/hold"])
    path = "/api/v1/workflows/data/held"
    client.ask("DELETE", path)
    assert client.ask("GET", path).body["metadata"]["deletionTimestamp"]
    client.ask("DELETE", f"{path}?force=true")
    assert client.ask("GET", path).status == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", "/api/v1/workflows/data/nobody", None, 5),
        ("GET", "/api/v1/workflows/data/@latest", None, 5),
        ("GET", "/api/v1/workflows/data/nobody/log", None, 5),
        ("PUT", "/api/v1/workflows/data/nobody/stop", {}, 5),
        ("PUT", "/api/v1/workflow-templates/data/nobody", {"template": {}}, 5),
        ("PUT", "/api/v1/cron-workflows/data/nobody/suspend", {}, 5),
        ("POST", "/api/v1/workflows/data", {}, 3),
        ("POST", "/api/v1/workflows/data", {"workflow": []}, 3),
        ("POST", "/api/v1/workflows/data", {"workflow": {"metadata": []}}, 3),
        ("POST", "/api/v1/workflows/data", {"workflow": workflow("x", namespace="other")}, 3),
        ("POST", "/api/v1/workflows/data", b"{", 3),
        ("POST", "/api/v1/workflows/data", b"[]", 3),
        ("POST", "/api/v1/workflows/data/submit", {"resourceKind": "Pod"}, 3),
        ("POST", "/api/v1/workflows/data/submit", {"resourceKind": "cronwf"}, 3),
        ("POST", "/api/v1/workflows/data/submit",
         {"resourceKind": "cronwf", "resourceName": "nobody"}, 5),
        ("GET", "/api/v1/workflows/data?nameFilter=Odd", None, 3),
        ("GET", "/api/v1/workflows/data?createdAfter=yesterday", None, 3),
        ("GET", "/api/v1/workflows/data?createdAfter=2026-01-01", None, 3),
        ("GET", "/api/v1/workflows/data?listOptions.limit=-1", None, 3),
        ("GET", "/api/v1/workflows/data?listOptions.labelSelector=a+b", None, 3),
        ("GET", "/api/v1/archived-workflows/some-uid", None, 5),
        ("GET", "/api/v1/sensors/data", None, 12),
        ("PATCH", "/api/v1/workflows/data/one", {}, 12),
        ("GET", "/api/v1/workflows/data/one/two/three", None, 12),
    ],
)  # fmt: skip
def test_failures_as_clients_expect_them(
    client: Any, method: str, path: str, body: Any, code: int
) -> None:
    answer = client.ask(method, path, body)
    assert answer.body["code"] == code, answer.body
    assert answer.body["message"]
    assert answer.status == {3: 400, 5: 404, 12: 501}[code]


@pytest.mark.parametrize(
    ("verb", "body", "told"),
    [
        ("resume", {}, "nothing to resume"),
        ("set", {"phase": "Succeeded"}, "nodeFieldSelector is missing"),
        ("set", {"phase": "Odd", "nodeFieldSelector": "x=y"}, "invalid phase"),
        ("set", {"phase": "Succeeded", "nodeFieldSelector": "displayName=x",
                 "outputParameters": "{"}, "outputParameters"),
        ("retry", {}, "Cannot retry a workflow in phase Pending"),
        ("resubmit", {"memoized": True}, "must be Failed/Error"),
        ("resubmit", {"parameters": ["a"]}, "NAME=VALUE"),
    ],
)  # fmt: skip
def test_what_is_refused_says_why(client: Any, verb: str, body: Any, told: str) -> None:
    create(client, "one")
    answer = client.ask("PUT", f"/api/v1/workflows/data/one/{verb}", body)
    assert answer.status == 400
    assert told in answer.body["message"]


@pytest.mark.parametrize("query", ["grep=(", "logOptions.previous=true", "logOptions.tailLines=x",
                                   "logOptions.sinceTime.seconds=x", "logOptions.limitBytes=0",
                                   f"grep={'a' * 300}"])  # fmt: skip
def test_logs_that_cannot_be_asked_for(client: Any, query: str) -> None:
    create(client, "one")
    assert client.ask("GET", f"/api/v1/workflows/data/one/log?{query}").status == 400


def test_lists_hold_what_is_asked_for(client: Any) -> None:
    for name in ("daily-a", "daily-b", "weekly-a"):
        create(client, name, labels={"period": name.partition("-")[0]})
    path = "/api/v1/workflows/data"
    field = "listOptions.fieldSelector=metadata.name%3D"
    assert names(client.ask("GET", f"{path}?listOptions.labelSelector=period%3Dweekly")) == [
        "weekly-a"
    ]
    assert set(names(client.ask("GET", f"{path}?nameFilter=Prefix&{field}daily"))) == {
        "daily-a",
        "daily-b",
    }
    assert set(names(client.ask("GET", f"{path}?nameFilter=Contains&{field}-a"))) == {
        "daily-a",
        "weekly-a",
    }
    assert names(client.ask("GET", f"{path}?{field}daily-b")) == ["daily-b"]
    assert names(client.ask("GET", f"{path}?createdAfter=2100-01-01T00:00:00Z")) == []
    assert len(names(client.ask("GET", "/api/v1/workflows/"))) == 3
    assert names(client.ask("GET", "/api/v1/workflows/other")) == []


def test_fields_are_chosen(client: Any) -> None:
    create(client, "one")
    listed = client.ask("GET", "/api/v1/workflows/data?fields=items.metadata.name").body
    assert listed == {"items": [{"metadata": {"name": "one"}}]}
    found = client.ask("GET", "/api/v1/workflows/data/one?fields=metadata.name").body
    assert found == {"metadata": {"name": "one"}}


def test_the_latest(client: Any) -> None:
    create(client, "one")
    assert client.ask("GET", "/api/v1/workflows/data/@latest").body["metadata"]["name"] == "one"


def test_changes_as_lines_and_as_server_sent_events(client: Any) -> None:
    created = create(client, "one")
    version = int(created["metadata"]["resourceVersion"]) - 1
    query = f"listOptions.resourceVersion={version}&listOptions.timeoutSeconds=1"
    path = f"/api/v1/workflow-events/data?{query}"
    [line] = client.ask("GET", f"{path}&fields=result.object.metadata.name").lines
    assert line == {"result": {"type": "ADDED", "object": {"metadata": {"name": "one"}}}}
    answer = client.ask("GET", path, accept="text/event-stream")
    assert answer.headers["content-type"].startswith("text/event-stream")
    first, blank, *_ = answer.content.split(b"\n")
    assert json.loads(first.removeprefix(b"data: "))["result"]["type"] == "ADDED"
    assert blank == b""


def test_a_watch_that_fails_ends_with_its_error(client: Any, served_store: Any) -> None:
    create(client, "one")
    client.ask("PUT", "/api/v1/workflows/data/one/suspend", {})
    served_store.write(lambda tx: tx.compact(tx.version()))
    path = "/api/v1/workflow-events/data?listOptions.resourceVersion=1"
    [line] = client.ask("GET", path).lines
    assert line["error"]["http_code"] == 410


def test_events(client: Any) -> None:
    event = {
        "metadata": {"name": "told", "namespace": "data"},
        "involvedObject": {"name": "one"},
        "message": "hello",
    }
    client.ask("POST", "/api/v1/namespaces/data/events", event)
    path = "/api/v1/stream/events/data?listOptions.timeoutSeconds=1"
    assert [line["result"]["message"] for line in client.ask("GET", path).lines] == ["hello"]


def test_an_update_keeps_the_status(client: Any) -> None:
    spec = {"schedules": ["0 3 * * *"], "workflowSpec": workflow("")["spec"]}
    cron = {"metadata": {"name": "nightly"}, "spec": spec}
    created = client.ask("POST", "/api/v1/cron-workflows/data", {"cronWorkflow": cron}).body
    live = {**created, "status": {"succeeded": 3}}
    path = "/apis/argoproj.io/v1alpha1/namespaces/data/cronworkflows/nightly"
    live = client.ask("PUT", path, live).body
    changed = {**live, "status": {}, "spec": {**spec, "schedules": ["0 4 * * *"]}}
    updated = client.ask("PUT", "/api/v1/cron-workflows/data/", {"cronWorkflow": changed}).body
    assert updated["status"] == {"succeeded": 3}
    assert updated["spec"]["schedules"] == ["0 4 * * *"]


def test_a_stop_of_the_server_ends_followed_logs(served_store: Any, certificate: Any) -> None:
    cluster = logical_cluster(served_store, "followed", SystemClock())
    cluster.ensure("data")
    server = HttpServer(lambda _: cluster, clock=SystemClock(), certificate=certificate)
    with server:
        context = ssl.create_default_context(cafile=str(server.serving.authority_file))
        connection = HTTPSConnection("127.0.0.1", server.serving.port, context=context, timeout=30)
        headers = {"Authorization": f"Bearer {server.serving.token}"}
        path = "/clusters/followed/api/v1/workflows/data"
        connection.request("POST", path, json.dumps({"workflow": workflow("one")}), headers)
        assert connection.getresponse().read()
        connection.request("GET", f"{path}/one/log?logOptions.follow=true", headers=headers)
        response = connection.getresponse()
        assert response.status == 200
    assert response.read() == b""
    connection.close()


def test_nothing_without_the_token_or_for_other_origins(client: Any) -> None:
    path = "/api/v1/workflows/data"
    assert client.ask("GET", path, token="wrong").status == 401
    assert client.ask("GET", path, origin="https://evil.example").status == 403
    assert client.ask("GET", path, host="evil.example").status == 403


def test_no_default_cluster_is_no_root(client: Any) -> None:
    assert client.ask("GET", "/api/v1/workflows/data", root=True).status == 404


def token_of(client: Any, account: str, *verbs: str) -> str:
    """Of a ServiceAccount that may do these verbs to workflows of its namespace."""
    path = "/api/v1/namespaces/data/serviceaccounts"
    client.ask("POST", path, {"metadata": {"name": account}})
    rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/data"
    rule = {"apiGroups": ["argoproj.io"], "resources": ["workflows"], "verbs": list(verbs)}
    client.ask("POST", f"{rbac}/roles", {"metadata": {"name": account}, "rules": [rule]})
    binding = {
        "metadata": {"name": account},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": "data"}],
    }
    client.ask("POST", f"{rbac}/rolebindings", binding)
    issued = client.ask("POST", f"{path}/{account}/token", {"spec": {}})
    assert issued.status == 201, issued.content
    return str(issued.body["status"]["token"])


def test_an_account_may_what_its_roles_say(client: Any) -> None:
    create(client, "one")
    token = token_of(client, "reader", "get", "list", "watch")
    path = "/api/v1/workflows/data"
    assert names(client.ask("GET", path, token=token)) == ["one"]
    assert client.ask("GET", f"{path}/one", token=token).status == 200
    for method, where, body in (
        ("POST", path, {"workflow": workflow("two")}),
        ("PUT", f"{path}/one/suspend", {}),
        ("PUT", f"{path}/one/resubmit", {}),
        ("DELETE", f"{path}/one", None),
        ("GET", f"{path}/one/log", None),
        ("GET", "/api/v1/workflows/other", None),
        ("GET", "/api/v1/workflows/", None),
        ("GET", "/api/v1/cron-workflows/data", None),
        ("GET", "/api/v1/stream/events/data", None),
    ):
        answer = client.ask(method, where, body, token=token)
        assert (answer.status, answer.body["code"]) == (403, 7), where
        assert "system:serviceaccount:data:reader" in answer.body["message"]


def test_an_account_that_may_submit(client: Any) -> None:
    token = token_of(client, "submitter", "get", "create", "update")
    path = "/api/v1/workflows/data"
    answer = client.ask("POST", path, {"workflow": workflow("mine")}, token=token)
    assert answer.status == 200
    assert client.ask("PUT", f"{path}/mine/suspend", {}, token=token).body["spec"]["suspend"]
    user = client.ask("GET", "/api/v1/userinfo", token=token).body
    assert user["subject"] == "system:serviceaccount:data:submitter"
