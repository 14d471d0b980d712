"""Puts ``managedFields`` on what plain writes store."""

from __future__ import annotations

from toolkit.apiserver.call import Call
from toolkit.apiserver.field_sets import compare
from toolkit.apiserver.kind_types import kind_type
from toolkit.apiserver.managed_fields import (
    Manager,
    Owners,
    after_update,
    read_owners,
    write_owners,
)
from toolkit.resource.resource import Body


def owned_by_update(call: Call, live: Body, body: Body) -> Body:
    """``body`` with the fields that differ from ``live`` owned by the request's manager."""
    owners = _starting_owners(live, body)
    change = compare(without_owners(live), without_owners(body), kind_type(call.kind))
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


def _starting_owners(live: Body, body: Body) -> Owners:
    """A body may bring the entries itself, changed; an empty list resets them."""
    brought = body["metadata"].get("managedFields")
    if brought is None:
        return read_owners(live)
    return read_owners(body)
