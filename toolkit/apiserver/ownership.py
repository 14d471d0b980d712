"""Puts ``managedFields`` on what plain writes store."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from toolkit.apiserver.call import Call
from toolkit.apiserver.field_sets import compare
from toolkit.apiserver.kinds import Kind
from toolkit.apiserver.managed_fields import (
    Manager,
    Owners,
    after_update,
    read_owners,
    write_owners,
)
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.schema.types import FieldType, type_of

_OBJECT_META = "#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_STATUS_OF_ARGO = {"x-kubernetes-map-type": "atomic"}
"""As in Argo's own definitions; a status of ten thousand nodes has one owner."""


def owned_by_update(call: Call, live: Body, body: Body) -> Body:
    """``body`` with the fields that differ from ``live`` owned by the request's manager."""
    owners = _starting_owners(live, body)
    change = compare(without_owners(live), without_owners(body), merge_type(call.kind))
    manager = manager_of(call, "Update")
    return with_owners(body, after_update(owners, manager, change, call.fresh.timestamp))


def manager_of(call: Call, operation: str) -> Manager:
    """The request's manager."""
    return Manager(
        call.options.field_manager, operation, call.kind.gvk.api_version, call.subresource
    )


def with_owners(body: Body, owners: Owners) -> Body:
    """A copy of ``body`` with these entries, or none."""
    metadata = {key: value for key, value in body["metadata"].items() if key != "managedFields"}
    entries = write_owners(owners)
    return {**body, "metadata": {**metadata, "managedFields": entries} if entries else metadata}


def without_owners(body: Body) -> Body:
    """A copy of ``body`` without the entries."""
    metadata = body.get("metadata") or {}
    kept = {key: value for key, value in metadata.items() if key != "managedFields"}
    return {**body, "metadata": kept}


def merge_type(kind: Kind) -> FieldType:
    """How the kind's lists and maps merge; a kind without a schema has atomic lists."""
    if kind.definition is None:
        return _builtin_type(kind.gvk, kind.is_custom and not kind.has_status)
    schema = (kind.definition.get("schema") or {}).get("openAPIV3Schema") or {}
    return _rooted(schema.get("properties") or {})


@cache
def _builtin_type(gvk: GroupVersionKind, has_status_of_argo: bool) -> FieldType:  # noqa: FBT001
    known = type_of(gvk)
    properties = dict(known.schema.get("properties", {})) if known else {}
    return _rooted(properties | ({"status": _STATUS_OF_ARGO} if has_status_of_argo else {}))


def _rooted(properties: Mapping[str, Any]) -> FieldType:
    metadata = {"$ref": _OBJECT_META}
    return FieldType({"type": "object", "properties": {**properties, "metadata": metadata}})


def _starting_owners(live: Body, body: Body) -> Owners:
    """A body may bring the entries itself, changed; an empty list resets them."""
    brought = body["metadata"].get("managedFields")
    if brought is None:
        return read_owners(live)
    return read_owners(body)
