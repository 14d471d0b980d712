"""A custom kind served in several versions: asked for in any, stored in one."""

from __future__ import annotations

import pytest

from toolkit.apiserver.deleting import DeleteOptions
from toolkit.apiserver.logical_cluster import LogicalCluster, Request
from toolkit.apiserver.reading import ListOptions
from toolkit.apiserver.selectors import EVERYTHING
from toolkit.resource.cluster import PatchType
from toolkit.resource.identity import GroupVersionKind

OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


@pytest.fixture
def versioned(logical: LogicalCluster) -> LogicalCluster:
    definition = {
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "names": {"kind": "Widget", "plural": "widgets"},
            "scope": "Namespaced",
            "versions": [
                {
                    "name": name,
                    "served": True,
                    "storage": name == "v2",
                    "schema": {"openAPIV3Schema": OPEN},
                }
                for name in ("v1", "v2", "v3")
            ],
        },
    }
    kind = GroupVersionKind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")
    logical.create(Request(logical.kind(kind)), definition)
    return logical


def at(cluster: LogicalCluster, version: str, name: str = "") -> Request:
    kind = cluster.kind(GroupVersionKind("example.com", version, "Widget"))
    return Request(kind, "data", name)


def test_each_is_told_in_the_version_asked_for(versioned: LogicalCluster) -> None:
    since = versioned.version()
    made = versioned.create(at(versioned, "v1"), {"metadata": {"name": "x"}}).body
    assert made["apiVersion"] == "example.com/v1"
    for version in ("v1", "v2", "v3"):
        told = f"example.com/{version}"
        assert versioned.get(at(versioned, version, "x"))["apiVersion"] == told
        (listed,) = versioned.list(at(versioned, version), ListOptions()).bodies()
        (seen,) = versioned.changes(at(versioned, version), EVERYTHING, since).events
        assert listed == seen.object == {**made, "apiVersion": told}


def test_an_update_in_another_version_that_changes_nothing_is_none(
    versioned: LogicalCluster,
) -> None:
    made = versioned.create(at(versioned, "v1"), {"metadata": {"name": "x"}}).body
    same = {**made, "apiVersion": "example.com/v3"}
    again = versioned.update(at(versioned, "v3", "x"), same).body
    assert again == same


def test_patches_and_deletions_answer_in_it(versioned: LogicalCluster) -> None:
    versioned.create(at(versioned, "v1"), {"metadata": {"name": "x"}})
    patched = versioned.patch(at(versioned, "v3", "x"), {"spec": {"a": 1}}, PatchType.MERGE).body
    assert patched["apiVersion"] == "example.com/v3"
    gone = versioned.delete(at(versioned, "v1", "x"), DeleteOptions()).body
    assert (gone["apiVersion"], gone["spec"]) == ("example.com/v1", {"a": 1})
