"""What stands on the wire: refusals, tables, pages, discovery."""

from __future__ import annotations

from typing import Any

import pytest

CRONS = "/apis/argoproj.io/v1alpha1/namespaces/data/cronworkflows"
CONFIGS = "/api/v1/namespaces/data/configmaps"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"

WIDGET = {
    "type": "object",
    "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}},
}


def config(name: str, **data: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {"n": name}}, "data": data}


def test_nothing_but_health_is_open(client: Any) -> None:
    assert client.ask("GET", "/healthz", root=True, token="").status == 200
    for path in ("/version", "/api", CRONS, "/livez/secret"):
        answer = client.ask("GET", path, token="")
        assert (answer.status, answer.body["reason"]) == (401, "Unauthorized")
    assert client.ask("GET", CRONS, token="wrong").status == 401


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "[", "10.0.0.1"])
def test_another_host_name_is_refused(client: Any, host: str) -> None:
    assert client.ask("GET", "/version", host=host).status == 403


def test_another_origin_is_refused_and_the_own_is_not(client: Any) -> None:
    assert client.ask("GET", "/version", origin="https://evil.example").status == 403
    assert client.ask("GET", "/version", origin="null").status == 403
    own = client.serving.url
    assert client.ask("GET", "/version", origin=own).status == 200


def test_a_body_that_is_too_large_is_refused(client: Any) -> None:
    answer = client.ask("POST", CONFIGS, {}, content_length=str(17 << 20))
    assert answer.status == 413


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("GET", "/apis/argoproj.io/v1alpha1/nonsense", 404, "NotFound"),
        ("GET", f"{CRONS}/absent", 404, "NotFound"),
        ("GET", f"{CRONS}/absent/scale", 404, "NotFound"),
        ("POST", f"{CRONS}/named", 405, "MethodNotAllowed"),
        ("POST", "/version", 405, "MethodNotAllowed"),
        ("GET", f"{CRONS}?limit=many", 400, "BadRequest"),
        ("GET", f"{CRONS}?labelSelector=a%3D%3D%3Db", 400, "BadRequest"),
        ("GET", f"{CRONS}?continue=nonsense", 400, "BadRequest"),
        ("GET", "/api/v1/namespaces/data/pods/absent/log", 404, "NotFound"),
        ("GET", "/../../etc/passwd", 404, "NotFound"),
    ],
)
def test_a_refusal_is_a_status(
    client: Any, method: str, path: str, status: int, reason: str
) -> None:
    answer = client.ask(method, path)
    assert (answer.status, answer.body["reason"]) == (status, reason)
    assert answer.body["kind"] == "Status"
    assert answer.body["code"] == status


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"metadata": []}', "application/json", 400),
        (b'{"metadata": {"name": "x"}, "kind": "Secret"}', "application/json", 400),
        (b'{"metadata": {"name": "Not A Name"}}', "application/json", 422),
        (b'{"metadata": {"name": "x"}, "data": {"a": 1}}', "application/json", 422),
        (b'{"metadata": {"name": "x", "namespace": "other"}}', "application/json", 400),
        (b"k8s\x00", "application/vnd.kubernetes.protobuf", 415),
        (b"a: [", "application/yaml", 400),
    ],
)
def test_a_body_that_is_no_object_of_the_kind_is_refused(
    client: Any, body: bytes, content_type: str, status: int
) -> None:
    assert client.ask("POST", CONFIGS, body, content_type=content_type).status == status
    assert client.ask("GET", CONFIGS).body["items"] == []


def test_an_unknown_field_is_warned_of_or_refused(client: Any) -> None:
    body = {"metadata": {"name": "c"}, "spec": {"schedules": ["* * * * *"], "suspendd": True}}
    strict = client.ask("POST", f"{CRONS}?fieldValidation=Strict", body)
    assert strict.status == 400
    assert strict.body["message"] == (
        'strict decoding error: unknown field "spec.suspendd" (did you mean "suspend"?)'
    )
    warned = client.ask("POST", CRONS, body)
    assert warned.status == 201
    assert warned.headers["warning"].startswith('299 - "unknown field')
    ignored = client.ask("POST", f"{CRONS}?fieldValidation=Ignore&dryRun=All", body)
    assert "warning" not in ignored.headers


def test_a_strategic_merge_patch_needs_a_built_in_kind(client: Any) -> None:
    client.ask("POST", CRONS, {"metadata": {"name": "c"}, "spec": {}})
    client.ask("POST", CONFIGS, config("one", a="1", b="2"))
    strategic = "application/strategic-merge-patch+json"
    patch = {"data": {"a": None, "c": "3"}}
    refused = client.ask("PATCH", f"{CRONS}/c", patch, content_type=strategic)
    assert refused.status == 415
    patched = client.ask("PATCH", f"{CONFIGS}/one", patch, content_type=strategic)
    assert patched.body["data"] == {"b": "2", "c": "3"}


def test_a_strategic_merge_patch_merges_lists_by_their_keys(client: Any) -> None:
    pods = "/api/v1/namespaces/data/pods"
    containers = [{"name": "main", "image": "a"}, {"name": "wait", "image": "b"}]
    client.ask("POST", pods, {"metadata": {"name": "p"}, "spec": {"containers": containers}})
    patch = {"spec": {"containers": [{"name": "wait", "image": "c"}]}}
    strategic = "application/strategic-merge-patch+json"
    patched = client.ask("PATCH", f"{pods}/p", patch, content_type=strategic).body
    images = {c["name"]: c["image"] for c in patched["spec"]["containers"]}
    assert images == {"main": "a", "wait": "c"}


def test_a_json_patch_that_does_not_fit_is_invalid(client: Any) -> None:
    client.ask("POST", CONFIGS, config("one", a="1"))
    patch = [{"op": "test", "path": "/data/a", "value": "2"}, {"op": "remove", "path": "/data"}]
    answer = client.ask(
        "PATCH", f"{CONFIGS}/one", patch, content_type="application/json-patch+json"
    )
    assert answer.status == 422
    assert client.ask("GET", f"{CONFIGS}/one").body["data"] == {"a": "1"}


def test_an_apply_takes_yaml(client: Any) -> None:
    text = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\ndata:\n  a: '1'\n"
    path = f"{CONFIGS}/one?fieldManager=me"
    answer = client.ask("PATCH", path, text, content_type="application/apply-patch+yaml")
    assert answer.status == 201
    (entry,) = answer.body["metadata"]["managedFields"]
    assert (entry["manager"], entry["operation"]) == ("me", "Apply")
    assert entry["fieldsV1"] == {"f:data": {"f:a": {}}}


def test_pages_are_all_of_the_first_ones_version(client: Any) -> None:
    for name in "abcde":
        client.ask("POST", CONFIGS, config(name, v="1"))
    first = client.ask("GET", f"{CONFIGS}?limit=2").body
    assert first["metadata"]["remainingItemCount"] == 3
    client.ask("DELETE", f"{CONFIGS}/c")
    client.ask("POST", CONFIGS, config("bb", v="2"))
    client.ask("PUT", f"{CONFIGS}/d", config("d", v="2"))
    rest = client.ask("GET", f"{CONFIGS}?limit=9&continue={first['metadata']['continue']}").body
    assert [(o["metadata"]["name"], o["data"]["v"]) for o in rest["items"]] == [
        ("c", "1"),
        ("d", "1"),
        ("e", "1"),
    ]
    assert rest["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    assert "continue" not in rest["metadata"]


def test_a_selector_pages_over_what_it_matches(client: Any) -> None:
    for number in range(9):
        body = {"metadata": {"name": f"n{number}", "labels": {"odd": str(number % 2)}}}
        client.ask("POST", CONFIGS, body)
    names, token = [], ""
    for _ in range(3):
        path = f"{CONFIGS}?limit=2&labelSelector=odd!%3D1&continue={token}"
        page = client.ask("GET", path).body
        names.append([item["metadata"]["name"] for item in page["items"]])
        token = page["metadata"].get("continue", "")
    assert names == [["n0", "n2"], ["n4", "n6"], ["n8"]]
    assert token == ""


def test_a_table_has_the_kinds_columns(client: Any) -> None:
    spec = {"schedules": ["0 3 * * *"], "timezone": "Europe/Berlin", "suspend": True}
    client.ask("POST", CRONS, {"metadata": {"name": "nightly"}, "spec": spec})
    table = client.ask("GET", CRONS, accept=TABLE).body
    assert table["kind"] == "Table"
    names = [column["name"] for column in table["columnDefinitions"]]
    assert names == ["Name", "Schedule", "Timezone", "Suspend", "Active", "Last Schedule", "Age"]
    (row,) = table["rows"]
    assert row["cells"][:6] == ["nightly", "0 3 * * *", "Europe/Berlin", True, 0, "<none>"]
    assert row["object"]["kind"] == "PartialObjectMetadata"


def test_a_collection_is_deleted_by_selector(client: Any) -> None:
    for name in "abc":
        client.ask("POST", CONFIGS, config(name))
    gone = client.ask("DELETE", f"{CONFIGS}?labelSelector=n+in+(a,c)").body
    assert [item["metadata"]["name"] for item in gone["items"]] == ["a", "c"]
    left = client.ask("GET", CONFIGS).body["items"]
    assert [item["metadata"]["name"] for item in left] == ["b"]


def test_a_deletion_answers_with_a_status_or_the_held_object(client: Any) -> None:
    client.ask("POST", CONFIGS, config("plain"))
    gone = client.ask("DELETE", f"{CONFIGS}/plain").body
    assert (gone["kind"], gone["status"]) == ("Status", "Success")
    held = {"metadata": {"name": "held", "finalizers": ["example.com/hold"]}}
    client.ask("POST", CONFIGS, held)
    kept = client.ask("DELETE", f"{CONFIGS}/held").body
    assert kept["metadata"]["deletionTimestamp"]


def test_a_dry_run_deletes_nothing(client: Any) -> None:
    client.ask("POST", CONFIGS, config("one"))
    assert client.ask("DELETE", f"{CONFIGS}/one?dryRun=All").status == 200
    assert client.ask("DELETE", f"{CONFIGS}/one", {"dryRun": ["All"]}).status == 200
    assert client.ask("GET", f"{CONFIGS}/one").status == 200


def test_discovery_has_both_forms(client: Any) -> None:
    groups = [group["name"] for group in client.ask("GET", "/apis").body["groups"]]
    assert "argoproj.io" in groups
    plain = client.ask("GET", "/apis/argoproj.io/v1alpha1").body
    names = {resource["name"]: resource for resource in plain["resources"]}
    assert names["cronworkflows"]["shortNames"] == ["cwf", "cronwf"]
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    aggregated = client.ask("GET", "/apis", accept=accept)
    assert "as=APIGroupDiscoveryList" in aggregated.headers["content-type"]
    assert {item["metadata"]["name"] for item in aggregated.body["items"]} == set(groups)


def test_openapi_says_that_a_patch_validates_fields(client: Any) -> None:
    index = client.ask("GET", "/openapi/v3").body["paths"]
    url = index["apis/argoproj.io/v1alpha1"]["serverRelativeURL"]
    answer = client.ask("GET", url, root=True)
    assert answer.headers["cache-control"] == "public, immutable"
    path = f"{CRONS}/{{name}}".replace("/data/", "/{namespace}/")
    patch = answer.body["paths"][path]["patch"]
    assert patch["x-kubernetes-group-version-kind"]["kind"] == "CronWorkflow"
    assert "fieldValidation" in {parameter["name"] for parameter in patch["parameters"]}


def test_openapi_refers_to_nothing_outside_the_document(client: Any) -> None:
    paths = client.ask("GET", "/openapi/v3").body["paths"]
    for found in paths.values():
        document = client.ask("GET", found["serverRelativeURL"], root=True).body
        names = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
        assert references(document) <= names


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(references(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(references(item) for item in node))
    return set()


def test_a_definition_is_served_at_once(client: Any) -> None:
    definition = {
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"]},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": WIDGET},
                    "additionalPrinterColumns": [
                        {"name": "Size", "type": "integer", "jsonPath": ".spec.size"}
                    ],
                }
            ],
        },
    }
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    made = client.ask("POST", definitions, definition)
    conditions = {c["type"]: c["status"] for c in made.body["status"]["conditions"]}
    assert conditions == {"NamesAccepted": "True", "Established": "True"}
    widgets = "/apis/example.com/v1/namespaces/data/widgets"
    assert (
        client.ask("POST", widgets, {"metadata": {"name": "w"}, "spec": {"size": 3}}).status == 201
    )
    table = client.ask("GET", widgets, accept=TABLE).body
    assert table["rows"][0]["cells"] == ["w", 3]
    client.ask("DELETE", f"{definitions}/widgets.example.com")
    assert client.ask("GET", widgets).status == 404
    client.ask("POST", definitions, definition)
    assert client.ask("GET", widgets).body["items"] == []


def test_a_list_is_of_the_version_asked_for(client: Any) -> None:
    first = client.ask("POST", CONFIGS, config("one")).body["metadata"]["resourceVersion"]
    client.ask("POST", CONFIGS, config("two"))
    exact = client.ask("GET", f"{CONFIGS}?resourceVersion={first}&resourceVersionMatch=Exact").body
    assert exact["metadata"]["resourceVersion"] == first
    assert [item["metadata"]["name"] for item in exact["items"]] == ["one"]
    since = client.ask("GET", f"{CONFIGS}?resourceVersion={first}").body
    assert len(since["items"]) == 2


@pytest.mark.parametrize("query", ["resourceVersion=99999", "resourceVersion=99999&watch=1"])
def test_a_version_that_has_not_come_is_too_large(client: Any, query: str) -> None:
    answer = client.ask("GET", f"{CONFIGS}?{query}&timeoutSeconds=1")
    status = answer.body.get("object", answer.body)
    assert (status["code"], status["reason"]) == (504, "Timeout")
    assert status["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


@pytest.mark.parametrize(
    "query",
    [
        "resourceVersionMatch=Exact",
        "resourceVersion=0&resourceVersionMatch=Exact",
        "resourceVersion=1&resourceVersionMatch=Nearly",
    ],
)
def test_what_no_version_answers_to_is_refused(client: Any, query: str) -> None:
    assert client.ask("GET", f"{CONFIGS}?{query}").status == 400


def test_a_field_given_twice_is_told_to_who_asked_for_it(client: Any) -> None:
    body = b'{"metadata":{"name":"x"},"data":{"a":"1","a":"2"}}'
    answer = client.ask("POST", f"{CONFIGS}?fieldValidation=Strict", body)
    assert answer.status == 400
    assert 'duplicate field "a"' in answer.body["message"]
    assert client.ask("POST", CONFIGS, body).body["data"] == {"a": "2"}
