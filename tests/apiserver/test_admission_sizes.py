"""How large an object's texts may be, as on every cluster."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from toolkit.apiserver.logical_cluster import LogicalCluster, Request
from toolkit.errors import InvalidError
from toolkit.resource.identity import GroupVersionKind

MIB = 1 << 20
FULL = b64encode(b"x" * MIB).decode()
OVER = b64encode(b"x" * (MIB + 3)).decode()


def create(logical: LogicalCluster, kind: str, body: dict[str, Any]) -> None:
    request = Request(logical.kind(GroupVersionKind("", "v1", kind)), "data")
    logical.create(request, {"metadata": {"name": "x"}, **body})


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("ConfigMap", {"data": {"a": "x" * MIB}}),
        ("Secret", {"data": {"a": FULL}}),
    ],
)
def test_a_mebibyte_fits(logical: LogicalCluster, kind: str, body: dict[str, Any]) -> None:
    create(logical, kind, body)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("ConfigMap", {"data": {"a": "x" * MIB, "b": "x"}}),
        ("ConfigMap", {"data": {"a": "x" * 9}, "binaryData": {"b": FULL}}),
        ("Secret", {"data": {"a": OVER}}),
        ("Pod", {"metadata": {"name": "x", "annotations": {"a": "x" * (256 << 10)}}}),
    ],
)
def test_more_is_refused(logical: LogicalCluster, kind: str, body: dict[str, Any]) -> None:
    with pytest.raises(InvalidError, match="may not be more than"):
        create(logical, kind, body)
