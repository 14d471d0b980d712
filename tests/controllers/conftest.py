"""An embedded cluster in memory, and objects to put into it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from toolkit.adapters.clock import VirtualClock
from toolkit.adapters.embedded import EmbeddedCluster, logical_cluster
from toolkit.adapters.memory.objects import MemoryObjects
from toolkit.resource.resource import Body

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NAMESPACE = "data"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
def cluster(clock: VirtualClock) -> EmbeddedCluster:
    logical = logical_cluster(MemoryObjects(), "staging", clock)
    logical.ensure(NAMESPACE)
    return EmbeddedCluster(logical)


def config_map(name: str, **data: str) -> Body:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def secret(name: str, data: Mapping[str, str]) -> Body:
    encoded = {key: b64encode(value.encode()).decode() for key, value in data.items()}
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded}


def workflow(name: str = "wf", *, spec: Mapping[str, Any], **metadata: Any) -> Body:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": name, "namespace": NAMESPACE, **metadata},
        "spec": dict(spec),
    }
