from __future__ import annotations

from typing import Any

import pytest

from toolkit.apiserver.logical_cluster import LogicalCluster, Request
from toolkit.errors import ConflictError, NotFoundError
from toolkit.resource.cluster import PatchType
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body

POD = GroupVersionKind("", "v1", "Pod")


def request(logical: LogicalCluster, namespace: str = "data") -> Request:
    return Request(logical.kinds().by_type(POD), namespace, "step")


def pod(phase: str, namespace: str = "data", **metadata: Any) -> Body:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "step", "namespace": namespace, **metadata},
        "spec": {"containers": [{"name": "main", "image": "x"}]},
        "status": {"phase": phase},
    }


def draw(logical: LogicalCluster, body: Body) -> Body:
    namespace = body["metadata"]["namespace"]
    (drawn,) = logical.draw([(request(logical, namespace), body)])
    return drawn


def test_what_is_not_there_is_made_with_its_status(logical: LogicalCluster) -> None:
    drawn = draw(logical, pod("Running"))
    assert drawn == logical.get(request(logical))
    assert drawn["status"] == {"phase": "Running"}
    assert drawn["metadata"]["uid"]


def test_what_is_there_keeps_its_identity(logical: LogicalCluster) -> None:
    first = draw(logical, pod("Running"))
    second = draw(logical, pod("Succeeded"))
    assert second["status"] == {"phase": "Succeeded"}
    assert second["metadata"]["uid"] == first["metadata"]["uid"]
    assert second["metadata"]["resourceVersion"] > first["metadata"]["resourceVersion"]


def test_the_same_picture_is_no_new_version(logical: LogicalCluster) -> None:
    assert draw(logical, pod("Running")) == draw(logical, pod("Running"))


def test_what_others_put_on_it_stays(logical: LogicalCluster) -> None:
    draw(logical, pod("Running", labels={"ours": "1"}))
    patch = {"metadata": {"labels": {"theirs": "2"}}}
    logical.patch(request(logical), patch, PatchType.MERGE)
    drawn = draw(logical, pod("Succeeded", labels={"ours": "3"}))
    assert drawn["metadata"]["labels"] == {"ours": "3", "theirs": "2"}


def test_a_named_version_that_is_not_the_newest_is_a_conflict(logical: LogicalCluster) -> None:
    old = draw(logical, pod("Pending"))["metadata"]["resourceVersion"]
    draw(logical, pod("Running"))
    with pytest.raises(ConflictError):
        draw(logical, pod("Succeeded", resourceVersion=old))


def test_the_same_picture_over_its_version_is_no_new_one(logical: LogicalCluster) -> None:
    drawn = draw(logical, pod("Running", labels={"ours": "1"}))
    assert draw(logical, drawn) == drawn == logical.get(request(logical))


def test_a_picture_over_its_version_says_all_of_its_metadata(logical: LogicalCluster) -> None:
    drawn = draw(logical, pod("Running", labels={"ours": "1"}))
    metadata = {key: value for key, value in drawn["metadata"].items() if key != "labels"}
    changed = draw(logical, {**drawn, "metadata": metadata, "status": {"phase": "Failed"}})
    assert "labels" not in changed["metadata"]
    assert changed["status"] == {"phase": "Failed"}
    assert changed == logical.get(request(logical))


def test_a_named_version_of_what_is_gone_is_not_made_anew(logical: LogicalCluster) -> None:
    with pytest.raises(NotFoundError):
        draw(logical, pod("Succeeded", resourceVersion="7"))


def test_nothing_is_drawn_in_a_namespace_that_is_not_there(logical: LogicalCluster) -> None:
    with pytest.raises(NotFoundError):
        draw(logical, pod("Running", "nowhere"))
