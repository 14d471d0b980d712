"""The type of a kind's whole object: its schema, and what holds for every kind."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from toolkit.apiserver.kinds import Kind
from toolkit.resource.identity import GroupVersionKind
from toolkit.schema.types import FieldType, type_of

_OF_EVERY_KIND = {
    "apiVersion": {"type": "string"},
    "kind": {"type": "string"},
    "metadata": {"$ref": "#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"},
}
_STATUS_OF_ARGO = {"x-kubernetes-map-type": "atomic"}
"""As in Argo's own definitions; a status of ten thousand nodes has one owner."""


def kind_type(kind: Kind) -> FieldType:
    """A kind without a schema has metadata, and anything else; its lists are atomic."""
    if kind.definition is None:
        return _builtin(kind.gvk, kind.is_custom and not kind.has_status)
    schema = (kind.definition.get("schema") or {}).get("openAPIV3Schema") or {}
    is_open = bool(schema.get("x-kubernetes-preserve-unknown-fields"))
    properties = schema.get("properties") or {}
    return _rooted(properties, is_open=is_open or not properties)


@cache
def _builtin(gvk: GroupVersionKind, has_status_of_argo: bool) -> FieldType:  # noqa: FBT001
    known = type_of(gvk)
    properties = dict(known.schema.get("properties", {})) if known else {}
    if has_status_of_argo:
        properties["status"] = _STATUS_OF_ARGO
    return _rooted(properties, is_open=known is None)


def _rooted(properties: Mapping[str, Any], *, is_open: bool) -> FieldType:
    return FieldType(
        {
            "type": "object",
            "properties": {**properties, **_OF_EVERY_KIND},
            "x-kubernetes-preserve-unknown-fields": is_open,
        }
    )
