"""What an update may not change, and what beside it it may."""

from __future__ import annotations

from typing import Any

import pytest

from toolkit.apiserver.deleting import DeleteOptions
from toolkit.apiserver.logical_cluster import LogicalCluster, Request
from toolkit.errors import InvalidError
from toolkit.resource.cluster import PatchType
from toolkit.resource.identity import GroupVersionKind

CONFIG = ("", "v1", "ConfigMap")
SECRET = ("", "v1", "Secret")
POD = ("", "v1", "Pod")
CLAIM = ("", "v1", "PersistentVolumeClaim")
JOB = ("batch", "v1", "Job")
DEPLOYMENT = ("apps", "v1", "Deployment")
STATEFUL_SET = ("apps", "v1", "StatefulSet")
BINDING = ("rbac.authorization.k8s.io", "v1", "RoleBinding")

TEMPLATE = {
    "metadata": {"labels": {"app": "x"}},
    "spec": {"containers": [{"name": "main", "image": "x"}], "restartPolicy": "Never"},
}
SELECTOR = {"matchLabels": {"app": "x"}}
BODIES: dict[tuple[str, str, str], dict[str, Any]] = {
    CONFIG: {"immutable": True, "data": {"a": "1"}},
    SECRET: {"type": "example.com/one", "data": {}},
    POD: {"spec": {"containers": [{"name": "main", "image": "x", "args": ["a"]}]}},
    CLAIM: {
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        }
    },
    JOB: {"spec": {"template": TEMPLATE}},
    DEPLOYMENT: {"spec": {"selector": SELECTOR, "template": TEMPLATE}},
    STATEFUL_SET: {"spec": {"selector": SELECTOR, "template": TEMPLATE, "serviceName": "x"}},
    BINDING: {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "one"},
        "subjects": [],
    },
}


def patch(logical: LogicalCluster, of: tuple[str, str, str], document: dict[str, Any]) -> None:
    kind = logical.kind(GroupVersionKind(*of))
    logical.create(Request(kind, "data"), {"metadata": {"name": "x"}, **BODIES[of]})
    logical.patch(Request(kind, "data", "x"), document, PatchType.MERGE)


@pytest.mark.parametrize(
    ("of", "document", "field"),
    [
        (CONFIG, {"data": {"a": "2"}}, "data"),
        (CONFIG, {"immutable": False}, "immutable"),
        (CONFIG, {"binaryData": {"b": "YQ=="}}, "binaryData"),
        (SECRET, {"type": "example.com/two"}, "type"),
        (POD, {"spec": {"containers": [{"name": "main", "image": "x", "args": ["b"]}]}}, "spec"),
        (POD, {"spec": {"hostNetwork": True}}, "spec"),
        (CLAIM, {"spec": {"accessModes": ["ReadOnlyMany"]}}, "spec"),
        (JOB, {"spec": {"template": {"spec": {"restartPolicy": "OnFailure"}}}}, "spec.template"),
        (DEPLOYMENT, {"spec": {"selector": {"matchLabels": {"app": "y"}}}}, "spec.selector"),
        (STATEFUL_SET, {"spec": {"serviceName": "y"}}, "spec"),
        (BINDING, {"roleRef": {"name": "two"}}, "roleRef"),
    ],
)
def test_what_is_fixed_is_refused(
    logical: LogicalCluster, of: tuple[str, str, str], document: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidError) as refusal:
        patch(logical, of, document)
    assert [cause["field"] for cause in refusal.value.details["causes"]] == [field]


@pytest.mark.parametrize(
    ("of", "document"),
    [
        (CONFIG, {"metadata": {"labels": {"a": "b"}}}),
        (SECRET, {"data": {"a": "YQ=="}}),
        (POD, {"spec": {"containers": [{"name": "main", "image": "y", "args": ["a"]}]}}),
        (CLAIM, {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}),
        (JOB, {"spec": {"suspend": True}}),
        (DEPLOYMENT, {"spec": {"replicas": 3}}),
        (STATEFUL_SET, {"spec": {"replicas": 3}}),
        (BINDING, {"subjects": [{"kind": "User", "name": "u"}]}),
    ],
)
def test_what_is_free_is_not(
    logical: LogicalCluster, of: tuple[str, str, str], document: dict[str, Any]
) -> None:
    patch(logical, of, document)


def test_what_is_going_takes_no_new_finalizer(logical: LogicalCluster) -> None:
    kind = logical.kind(GroupVersionKind(*CONFIG))
    body = {"metadata": {"name": "x", "finalizers": ["example.com/one", "example.com/two"]}}
    logical.create(Request(kind, "data"), body)
    request = Request(kind, "data", "x")
    logical.delete(request, DeleteOptions())
    logical.patch(request, {"metadata": {"finalizers": ["example.com/one"]}}, PatchType.MERGE)
    more = {"metadata": {"finalizers": ["example.com/one", "example.com/three"]}}
    with pytest.raises(InvalidError, match="no new finalizers can be added"):
        logical.patch(request, more, PatchType.MERGE)
