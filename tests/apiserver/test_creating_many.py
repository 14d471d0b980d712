"""Many objects made in one transaction."""

from __future__ import annotations

from toolkit.apiserver.logical_cluster import LogicalCluster, Request
from toolkit.errors import AlreadyExistsError, InvalidError, NotFoundError
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body

CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")


def wanted(logical: LogicalCluster, name: str, namespace: str = "data") -> tuple[Request, Body]:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    return Request(logical.kind(CONFIG_MAP), namespace), body


def test_each_is_as_a_create_makes_it(logical: LogicalCluster) -> None:
    request, body = wanted(logical, "alone")
    alone = logical.create(request, body).body
    (made,) = logical.create_all([wanted(logical, "many")])
    assert isinstance(made, dict)
    assert made.keys() == alone.keys()
    assert made["metadata"].keys() == alone["metadata"].keys()
    assert logical.get(Request(logical.kind(CONFIG_MAP), "data", "many")) == made


def test_what_is_refused_says_why_and_harms_no_other(logical: LogicalCluster) -> None:
    made = logical.create_all(
        [
            wanted(logical, "a"),
            wanted(logical, "a"),
            wanted(logical, "No Name"),
            wanted(logical, "b", namespace="nowhere"),
            wanted(logical, "c"),
        ]
    )
    kinds = [dict, AlreadyExistsError, InvalidError, NotFoundError, dict]
    assert [type(each) for each in made] == kinds
    names = [each["metadata"]["name"] for each in made if isinstance(each, dict)]
    assert names == ["a", "c"]
