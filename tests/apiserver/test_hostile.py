"""Any JSON as a body or a patch: refused in Kubernetes' words, or stored and always readable."""

from __future__ import annotations

import itertools
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.adapters.memory.objects import MemoryObjects
from toolkit.apiserver.builtin_kinds import BUILTIN_KINDS
from toolkit.apiserver.call import FieldValidation, Fresh, Options
from toolkit.apiserver.kinds import Kind
from toolkit.apiserver.logical_cluster import LogicalCluster, Request
from toolkit.apiserver.reading import ListOptions
from toolkit.apiserver.selectors import parse_selector
from toolkit.apiserver.tables import table
from toolkit.errors import ClusterError
from toolkit.resource.cluster import PatchType

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FIELDS = (
    *("metadata", "spec", "status", "data", "name", "labels", "annotations", "finalizers"),
    *("ownerReferences", "managedFields", "fieldsV1", "resourceVersion", "uid", "generateName"),
    *("containers", "templates", "names", "versions", "group", "kind", "plural", "schedules"),
    *(
        "containerStatuses",
        "phase",
        "conditions",
        "stringData",
        "f:spec",
        "k:{",
        "$patch",
        "schema",
    ),
)
kinds = st.sampled_from(BUILTIN_KINDS)
scalars = st.none() | st.booleans() | st.integers(-3, 1 << 66) | st.sampled_from(["x", "", "Ä/"])
values = st.recursive(
    scalars,
    lambda parts: (
        st.lists(parts, max_size=3)
        | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=3), parts, max_size=4)
    ),
    max_leaves=20,
)
bodies = st.dictionaries(st.sampled_from(FIELDS), values, max_size=5)
operations = st.lists(
    st.fixed_dictionaries(
        {
            "op": st.sampled_from(["add", "remove", "replace", "test", "move", "copy"]),
            "path": st.sampled_from(
                ["", "/metadata", "/spec", "/metadata/name", "/data/x", "/a/-"]
            ),
            "from": st.sampled_from(["/metadata", "/spec", ""]),
            "value": values,
        }
    ),
    max_size=3,
)


def cluster_with(kind: Kind) -> tuple[LogicalCluster, Request]:
    numbers = itertools.count()
    cluster = LogicalCluster(
        MemoryObjects(), "s", lambda: Fresh(NOW, lambda: f"uid-{next(numbers)}", lambda: "12345")
    )
    cluster.ensure("data")
    return cluster, Request(kind, "data", options=Options(field_validation=FieldValidation.IGNORE))


def named(request: Request, subresource: str = "") -> Request:
    return Request(request.kind, "data", "x", subresource, request.options)


def check_readable(cluster: LogicalCluster, request: Request) -> None:
    selector = parse_selector("a!=b", "metadata.name!=y")
    bodies = cluster.list(request, ListOptions(selector)).bodies()
    shown = table(request.kind, bodies, now=NOW, metadata={})
    assert len(shown["rows"]) == len(bodies)
    cluster.kinds()


@settings(max_examples=150, deadline=None, derandomize=True)
@given(kind=kinds, body=bodies, named_x=st.booleans(), status=bodies)
def test_any_body(kind: Kind, body: Any, named_x: bool, status: Any) -> None:
    cluster, request = cluster_with(kind)
    if named_x:
        metadata = body.get("metadata")
        body = {
            **body,
            "metadata": {**(metadata if isinstance(metadata, dict) else {}), "name": "x"},
        }
    with suppress(ClusterError):
        cluster.create(request, body)
    with suppress(ClusterError):
        cluster.patch(named(request), body, PatchType.APPLY)
    with suppress(ClusterError):
        cluster.update(named(request), body)
    with suppress(ClusterError):
        cluster.update(named(request, "status"), {"metadata": {"name": "x"}, "status": status})
    check_readable(cluster, request)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(kind=kinds, document=values, operations=operations)
def test_any_patch(kind: Kind, document: Any, operations: Any) -> None:
    cluster, request = cluster_with(kind)
    with suppress(ClusterError):
        cluster.create(request, {"metadata": {"name": "x"}, "spec": {}, "data": {}})
    for patch_type in (PatchType.MERGE, PatchType.STRATEGIC):
        with suppress(ClusterError):
            cluster.patch(named(request), document, patch_type)
    with suppress(ClusterError):
        cluster.patch(named(request), operations, PatchType.JSON)
    check_readable(cluster, request)
