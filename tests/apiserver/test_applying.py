"""Server-side apply: the cases of Kubernetes' documentation and of structured-merge-diff."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from toolkit.apiserver.call import Options
from toolkit.apiserver.logical_cluster import LogicalCluster, Request
from toolkit.errors import BadRequestError, ConflictError, NotFoundError
from toolkit.resource.cluster import PatchType
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body

POD = GroupVersionKind("", "v1", "Pod")
DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")
CONFIG = GroupVersionKind("", "v1", "ConfigMap")
SECRET = GroupVersionKind("", "v1", "Secret")

Write = Callable[..., Body]


@pytest.fixture
def apply(logical: LogicalCluster) -> Write:
    def call(gvk: GroupVersionKind, manager: str, force: bool = False, **content: Any) -> Body:
        request = requested(logical, gvk, manager, force=force)
        return logical.patch(request, document(gvk, content), PatchType.APPLY).body

    return call


@pytest.fixture
def merge(logical: LogicalCluster) -> Write:
    def call(gvk: GroupVersionKind, manager: str, **content: Any) -> Body:
        return logical.patch(requested(logical, gvk, manager), content, PatchType.MERGE).body

    return call


def requested(
    logical: LogicalCluster,
    gvk: GroupVersionKind,
    manager: str,
    *,
    force: bool = False,
    subresource: str = "",
) -> Request:
    options = Options(field_manager=manager, force=force)
    return Request(logical.kinds().by_type(gvk), "data", "x", subresource, options)


def document(gvk: GroupVersionKind, content: dict[str, Any]) -> Body:
    metadata = {"name": "x", **content.pop("metadata", {})}
    return {"apiVersion": gvk.api_version, "kind": gvk.kind, "metadata": metadata, **content}


def owners(body: Body) -> dict[str, Any]:
    entries = body["metadata"].get("managedFields", [])
    return {f"{e['manager']}/{e['operation']}": e["fieldsV1"] for e in entries}


def runs(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"template": pod(*containers)}}


def containers(deployment: Body) -> Any:
    return deployment["spec"]["template"]["spec"]["containers"]


def pod(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"containers": list(containers)}}


def test_managers_that_agree_share_a_field(apply: Write) -> None:
    apply(CONFIG, "one", data={"a": "1"})
    both = apply(CONFIG, "two", data={"a": "1"})
    assert owners(both) == {
        "one/Apply": {"f:data": {"f:a": {}}},
        "two/Apply": {"f:data": {"f:a": {}}},
    }


def test_a_shared_field_goes_with_its_last_owner(apply: Write) -> None:
    apply(CONFIG, "one", data={"a": "1", "b": "1"})
    apply(CONFIG, "two", data={"a": "1"})
    assert apply(CONFIG, "one", data={"b": "1"})["data"] == {"a": "1", "b": "1"}
    assert apply(CONFIG, "two", data={"c": "1"})["data"] == {"b": "1", "c": "1"}


def test_a_forced_apply_takes_the_field(apply: Write) -> None:
    apply(CONFIG, "one", data={"a": "1", "b": "1"})
    forced = apply(CONFIG, "two", True, data={"a": "2"})
    assert owners(forced) == {
        "one/Apply": {"f:data": {"f:b": {}}},
        "two/Apply": {"f:data": {"f:a": {}}},
    }


def test_a_plain_write_takes_the_field_too(apply: Write, merge: Write) -> None:
    apply(CONFIG, "one", data={"a": "1", "b": "1"})
    written = merge(CONFIG, "hand", data={"a": "2"})
    assert owners(written) == {
        "one/Apply": {"f:data": {"f:b": {}}},
        "hand/Update": {"f:data": {"f:a": {}}},
    }
    with pytest.raises(
        ConflictError, match=r'1 conflict: conflict with "hand" using v1: \.data\.a'
    ):
        apply(CONFIG, "one", data={"a": "1", "b": "1"})


def test_what_a_plain_write_removes_nobody_owns(apply: Write, merge: Write) -> None:
    apply(CONFIG, "one", data={"a": "1", "b": "1"})
    assert owners(merge(CONFIG, "hand", data={"a": None})) == {"one/Apply": {"f:data": {"f:b": {}}}}


def test_many_conflicts_are_listed_by_manager(apply: Write, merge: Write) -> None:
    apply(CONFIG, "one", data={"a": "1", "b": "1"})
    merge(CONFIG, "hand", data={"b": "2"})
    with pytest.raises(ConflictError) as refused:
        apply(CONFIG, "two", data={"a": "9", "b": "9"})
    assert refused.value.message == (
        'Apply failed with 2 conflicts: conflicts with "one":\n- .data.a\n'
        'conflicts with "hand" using v1:\n- .data.b'
    )
    fields = [(c["field"], c["reason"]) for c in refused.value.details["causes"]]
    assert fields == [(".data.a", "FieldManagerConflict"), (".data.b", "FieldManagerConflict")]


def test_an_item_of_a_keyed_list_goes_with_its_owner(apply: Write) -> None:
    apply(DEPLOYMENT, "one", **runs({"name": "a", "image": "1"}, {"name": "b", "image": "1"}))
    apply(DEPLOYMENT, "two", **runs({"name": "c", "image": "1"}))
    left = apply(DEPLOYMENT, "one", **runs({"name": "b", "image": "2"}))
    assert containers(left) == [
        {"name": "b", "image": "2"},
        {"name": "c", "image": "1"},
    ]


def test_an_item_others_own_a_part_of_loses_only_our_part(apply: Write) -> None:
    apply(DEPLOYMENT, "one", **runs({"name": "a", "image": "1"}, {"name": "b", "image": "1"}))
    apply(DEPLOYMENT, "two", **runs({"name": "a", "tty": True}))
    left = apply(DEPLOYMENT, "one", **runs({"name": "b", "image": "1"}))
    assert containers(left)[0] == {"name": "a", "tty": True}


def test_a_map_that_was_applied_goes_with_its_last_field(apply: Write) -> None:
    apply(CONFIG, "one", metadata={"labels": {"a": "1"}}, data={"a": "1"})
    left = apply(CONFIG, "one", data={"a": "1"})
    assert "labels" not in left["metadata"]


def test_a_map_others_use_stays(apply: Write, merge: Write) -> None:
    apply(CONFIG, "one", metadata={"labels": {"a": "1"}})
    merge(CONFIG, "hand", metadata={"labels": {"b": "1"}})
    assert apply(CONFIG, "one")["metadata"]["labels"] == {"b": "1"}


def test_a_finalizer_is_owned_by_value(apply: Write) -> None:
    apply(CONFIG, "one", metadata={"finalizers": ["example.com/a"]})
    apply(CONFIG, "two", metadata={"finalizers": ["example.com/b"]})
    left = apply(CONFIG, "one")
    assert left["metadata"]["finalizers"] == ["example.com/b"]


def test_an_apply_that_changes_nothing_keeps_version_and_times(apply: Write) -> None:
    content = pod({"name": "a", "image": "1", "ports": [{"containerPort": 80}]})
    first = apply(POD, "one", **content)
    assert apply(POD, "one", **content) == first


def test_status_is_applied_through_its_subresource_only(
    apply: Write, logical: LogicalCluster
) -> None:
    made = apply(POD, "one", **pod({"name": "a"}), status={"phase": "Running"})
    assert "status" not in made
    request = requested(logical, POD, "node", subresource="status")
    content = document(POD, {"status": {"phase": "Running"}, **pod({"name": "b"})})
    told = logical.patch(request, content, PatchType.APPLY).body
    assert told["status"] == {"phase": "Running"}
    assert told["spec"] == made["spec"]
    entry = next(e for e in told["metadata"]["managedFields"] if e["manager"] == "node")
    assert (entry["subresource"], entry["fieldsV1"]) == ("status", {"f:status": {"f:phase": {}}})


def test_the_status_of_what_is_not_there_is_not_found(logical: LogicalCluster) -> None:
    request = requested(logical, POD, "node", subresource="status")
    with pytest.raises(NotFoundError):
        logical.patch(request, document(POD, {"status": {}}), PatchType.APPLY)


def test_a_secret_applied_as_text_owns_what_is_stored(apply: Write) -> None:
    made = apply(SECRET, "one", stringData={"a": "x", "b": "y"})
    assert owners(made)["one/Apply"] == {"f:data": {"f:a": {}, "f:b": {}}}
    assert apply(SECRET, "one", stringData={"a": "x", "b": "y"}) == made
    assert apply(SECRET, "one", stringData={"b": "y"})["data"] == {"b": "eQ=="}


def test_managed_fields_cannot_be_applied(apply: Write) -> None:
    with pytest.raises(BadRequestError, match="must be nil"):
        apply(CONFIG, "one", metadata={"managedFields": []})


def test_an_empty_list_resets_the_owners(apply: Write, logical: LogicalCluster) -> None:
    made = apply(CONFIG, "one", data={"a": "1"})
    body = {**made, "metadata": {**made["metadata"], "managedFields": [{}]}}
    assert owners(logical.update(requested(logical, CONFIG, "hand"), body).body) == {}


def test_an_apply_for_a_former_version_is_a_conflict(apply: Write) -> None:
    made = apply(CONFIG, "one", data={"a": "1"})
    apply(CONFIG, "one", data={"a": "2"})
    version = {"resourceVersion": made["metadata"]["resourceVersion"]}
    with pytest.raises(ConflictError, match="modified"):
        apply(CONFIG, "one", metadata=version, data={"a": "3"})


def test_kubectl_takes_over_what_it_applied_on_the_client(apply: Write, merge: Write) -> None:
    last_applied = '{"data":{"a":"1"}}'
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": last_applied}
    apply(CONFIG, "maker")
    merge(CONFIG, "kubectl-client-side-apply", metadata={"annotations": annotations})
    merge(CONFIG, "kubectl-client-side-apply", data={"a": "1", "b": "1"})
    assert apply(CONFIG, "kubectl", data={"a": "2"})["data"] == {"a": "2", "b": "1"}
    with pytest.raises(ConflictError):
        apply(CONFIG, "kubectl", data={"b": "2"})
