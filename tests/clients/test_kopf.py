"""A small operator on kopf, unchanged: its custom kind, finalizer, status, events."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from toolkit.resource.cluster import ObjectRef, PatchType
from toolkit.resource.identity import GroupVersionKind

ORDER = GroupVersionKind("shop.example", "v1", "Order")
EVENT = GroupVersionKind("", "v1", "Event")
OPERATOR = Path(__file__).with_name("operator_of_orders.py")
PRESERVED = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


@pytest.fixture(scope="module")
def operator(laptop: Any) -> Iterator[subprocess.Popen[str]]:
    """Runs until the module's tests are over."""
    laptop.cluster.create(definition())
    arguments = [sys.executable, "-m", "kopf", "run", "--standalone", "-n", "data", str(OPERATOR)]
    process = subprocess.Popen(
        arguments,
        env=laptop.environment(PYTHONWARNINGS="ignore"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=30)


def definition() -> dict[str, Any]:
    schema = {"type": "object", "properties": {"spec": PRESERVED, "status": PRESERVED}}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "orders.shop.example"},
        "spec": {
            "group": "shop.example",
            "scope": "Namespaced",
            "names": {"kind": "Order", "plural": "orders", "singular": "order"},
            "versions": [version],
        },
    }


def order(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "shop.example/v1",
        "kind": "Order",
        "metadata": {"name": name, "namespace": "data"},
        "spec": {"pieces": 3, "price": 7},
    }


def test_an_operator_works_on_its_custom_kind(laptop: Any, operator: subprocess.Popen[str]) -> None:
    laptop.cluster.create(order("first"))
    body = laptop.awaited("first", lambda body: (body.get("status") or {}).get("created"), ORDER)
    assert body["status"]["created"] == {"total": 21}
    assert body["metadata"]["annotations"]["shop.example/seen"] == "yes"
    assert body["metadata"]["finalizers"] == ["kopf.zalando.org/KopfFinalizerMarker"]

    ref = ObjectRef(ORDER, "data", "first")
    laptop.cluster.patch(ref, {"spec": {"pieces": 5}}, PatchType.MERGE)
    laptop.awaited("first", lambda body: body["status"].get("pieces") == 5, ORDER)


def test_a_finalizer_lets_the_operator_say_farewell(
    laptop: Any, operator: subprocess.Popen[str]
) -> None:
    laptop.cluster.create(order("second"))
    laptop.awaited("second", lambda body: (body.get("status") or {}).get("created"), ORDER)
    version = laptop.cluster.list(ORDER, "data").resource_version
    laptop.cluster.delete(ObjectRef(ORDER, "data", "second"))
    changes = laptop.cluster.watch(ORDER, "data", resource_version=version, timeout_s=60)
    gone = next(event for event in changes if event.type == "DELETED")
    assert gone.object["metadata"]["annotations"]["shop.example/farewell"] == "yes"


def test_its_events_are_kept(laptop: Any, operator: subprocess.Popen[str]) -> None:
    version = laptop.cluster.list(EVENT, "data").resource_version
    laptop.cluster.create(order("third"))
    changes = laptop.cluster.watch(EVENT, "data", resource_version=version, timeout_s=60)
    told = next(event.object for event in changes if event.object.get("reason") == "Ordered")
    assert told["message"] == "3 pieces"
    assert told["involvedObject"]["name"] == "third"
