from __future__ import annotations

from typing import Any

import pytest

from toolkit.apiserver.call import Propagation
from toolkit.apiserver.deleting import DeleteOptions
from toolkit.apiserver.logical_cluster import LogicalCluster, Request
from toolkit.apiserver.reading import ListOptions
from toolkit.errors import ForbiddenError, NotFoundError
from toolkit.resource.cluster import PatchType
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body

CONFIG = GroupVersionKind("", "v1", "ConfigMap")
NAMESPACE = GroupVersionKind("", "v1", "Namespace")
HOLD = ["example.com/hold"]


def request(logical: LogicalCluster, name: str, gvk: GroupVersionKind = CONFIG) -> Request:
    return Request(logical.kinds().by_type(gvk), "data", name)


def make(logical: LogicalCluster, name: str, *owners: Body, **metadata: Any) -> Body:
    references = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            "blockOwnerDeletion": True,
        }
        for owner in owners
    ]
    body = {"metadata": {"name": name, "ownerReferences": references, **metadata}}
    return logical.create(request(logical, ""), body).body


def delete(logical: LogicalCluster, name: str, how: Propagation = Propagation.BACKGROUND) -> None:
    logical.delete(request(logical, name), DeleteOptions(propagation=how))


def let_go(logical: LogicalCluster, name: str) -> None:
    document = {"metadata": {"finalizers": []}}
    logical.patch(request(logical, name), document, PatchType.MERGE)


def names(logical: LogicalCluster) -> list[str]:
    page = logical.list(request(logical, ""), ListOptions())
    return [body["metadata"]["name"] for body in page.bodies()]


def test_a_chain_of_owned_objects_goes_as_a_whole(logical: LogicalCluster) -> None:
    first = make(logical, "a")
    second = make(logical, "b", first)
    make(logical, "c", second)
    make(logical, "d")
    delete(logical, "a")
    assert names(logical) == ["d"]


def test_an_object_with_another_owner_only_loses_the_reference(logical: LogicalCluster) -> None:
    one, two = make(logical, "one"), make(logical, "two")
    make(logical, "shared", one, two)
    delete(logical, "one")
    (reference,) = logical.get(request(logical, "shared"))["metadata"]["ownerReferences"]
    assert reference["name"] == "two"
    delete(logical, "two")
    assert names(logical) == []


def test_in_the_foreground_the_owner_waits_for_what_it_owns(logical: LogicalCluster) -> None:
    owner = make(logical, "owner")
    make(logical, "held", owner, finalizers=HOLD)
    delete(logical, "owner", Propagation.FOREGROUND)
    waiting = logical.get(request(logical, "owner"))["metadata"]
    assert waiting["finalizers"] == ["foregroundDeletion"]
    assert names(logical) == ["held", "owner"]
    let_go(logical, "held")
    assert names(logical) == []


def test_in_the_background_the_owner_does_not_wait(logical: LogicalCluster) -> None:
    owner = make(logical, "owner")
    make(logical, "held", owner, finalizers=HOLD)
    delete(logical, "owner")
    assert names(logical) == ["held"]
    assert logical.get(request(logical, "held"))["metadata"]["deletionTimestamp"]


def test_orphans_lose_the_reference(logical: LogicalCluster) -> None:
    owner = make(logical, "owner")
    make(logical, "orphan", owner)
    delete(logical, "owner", Propagation.ORPHAN)
    assert "ownerReferences" not in logical.get(request(logical, "orphan"))["metadata"]


def test_objects_that_own_each_other_go_together(logical: LogicalCluster) -> None:
    one = make(logical, "one")
    two = make(logical, "two", one)
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "two"}
    reference["uid"] = two["metadata"]["uid"]
    document = {"metadata": {"ownerReferences": [reference]}}
    logical.patch(request(logical, "one"), document, PatchType.MERGE)
    delete(logical, "one")
    assert names(logical) == []


def test_a_second_delete_of_a_held_object_changes_nothing(logical: LogicalCluster) -> None:
    make(logical, "held", finalizers=HOLD)
    delete(logical, "held")
    first = logical.get(request(logical, "held"))
    delete(logical, "held")
    assert logical.get(request(logical, "held")) == first


def test_a_namespace_waits_for_a_held_object_and_takes_no_new_one(
    logical: LogicalCluster,
) -> None:
    make(logical, "held", finalizers=HOLD)
    make(logical, "free")
    namespace = Request(logical.kinds().by_type(NAMESPACE), name="data")
    logical.delete(namespace, DeleteOptions())
    assert logical.get(namespace)["status"] == {"phase": "Terminating"}
    assert names(logical) == ["held"]
    with pytest.raises(ForbiddenError, match="being terminated"):
        make(logical, "late")
    let_go(logical, "held")
    with pytest.raises(NotFoundError):
        logical.get(namespace)


@pytest.mark.parametrize("name", ["default", "kube-system"])
def test_the_first_namespaces_stay(logical: LogicalCluster, name: str) -> None:
    with pytest.raises(ForbiddenError):
        logical.delete(Request(logical.kinds().by_type(NAMESPACE), name=name), DeleteOptions())


def test_a_circle_whose_owners_wait_is_broken(logical: LogicalCluster) -> None:
    first = make(logical, "first")
    second = make(logical, "second", first)
    third = make(logical, "third", second)
    own(logical, "first", third)
    delete(logical, "first", Propagation.FOREGROUND)
    assert names(logical) == []


def test_an_object_that_owns_itself_goes(logical: LogicalCluster) -> None:
    own(logical, "alone", make(logical, "alone"))
    delete(logical, "alone", Propagation.FOREGROUND)
    assert names(logical) == []


def test_who_waits_for_dependents_no_longer_waits_when_deleted_in_the_background(
    logical: LogicalCluster,
) -> None:
    owner = make(logical, "owner")
    make(logical, "dependent", owner, finalizers=HOLD)
    delete(logical, "owner", Propagation.FOREGROUND)
    assert names(logical) == ["dependent", "owner"]
    delete(logical, "owner")
    assert names(logical) == ["dependent"]


def test_an_owner_that_waits_to_go_keeps_nothing(logical: LogicalCluster) -> None:
    waiting, other = make(logical, "waiting"), make(logical, "other")
    make(logical, "held", waiting, finalizers=HOLD)
    delete(logical, "waiting", Propagation.FOREGROUND)
    make(logical, "shared", other, waiting)
    delete(logical, "other")
    assert names(logical) == ["held", "waiting"]


def own(logical: LogicalCluster, name: str, owner: Body) -> None:
    reference = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "blockOwnerDeletion": True,
    }
    document = {"metadata": {"ownerReferences": [reference]}}
    logical.patch(request(logical, name), document, PatchType.MERGE)
