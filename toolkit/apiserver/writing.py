"""Create and update: what is kept, what is counted, what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.apiserver.admission import check, completed
from toolkit.apiserver.bounds import check_object_depth
from toolkit.apiserver.call import Call
from toolkit.apiserver.deleting import remove_if_released
from toolkit.apiserver.namespaces import require_namespace
from toolkit.apiserver.ownership import owned_by_update
from toolkit.apiserver.refusals import already_exists, conflict, invalid, not_found
from toolkit.apiserver.store import Transaction
from toolkit.apiserver.structure import check_structure
from toolkit.apiserver.text import is_same
from toolkit.errors import BadRequestError
from toolkit.resource.resource import Body

_LONGEST_GENERATED = 63 - 5
_KEPT_FROM_LIVE = (
    "uid",
    "creationTimestamp",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "generateName",
)
_NOT_SPEC = frozenset(["metadata", "status", "apiVersion", "kind"])


def create(tx: Transaction, call: Call, body: Body) -> Body:
    """Stores a new object. Raises AlreadyExistsError, InvalidError, NotFoundError (namespace)."""
    body = addressed(call, body)
    body["metadata"] = new_metadata(call, body["metadata"])
    call = call.at(call.kind, call.namespace, body["metadata"].get("name") or "")
    require_namespace(tx, call)
    if tx.get(call.key) is not None:
        raise already_exists(call.kind, call.name)
    if call.kind.has_status:
        body.pop("status", None)
    check_structure(call, body)
    body = completed(call, body)
    check(call, body)
    return stored_new(tx, call, owned_by_update(call, {}, body))


def stored_new(tx: Transaction, call: Call, body: Body) -> Body:
    """The end of a create, and of an apply that creates."""
    if call.options.dry_run:
        return body
    return tx.put(call.key, body)


def update(tx: Transaction, call: Call, body: Body) -> Body:
    """Replaces an object, or through ``call.subresource`` its status. Returns it as stored; an
    update that changes nothing keeps the version.

    Raises NotFoundError, ConflictError for a stale version or another uid, InvalidError.
    """
    live = tx.get(call.key)
    if live is None:
        raise not_found(call.kind, call.name)
    return replace_live(tx, call, live, addressed(call, body))


def replace_live(tx: Transaction, call: Call, live: Body, body: Body) -> Body:
    """The part of an update that patches share. ``body`` is addressed, and the callee's."""
    check_preconditions(call, live, body["metadata"])
    check_structure(call, body)
    body = carried_over(call, live, body)
    body = completed(call, body, live)
    check(call, body, live)
    return stored_over(tx, call, live, owned_by_update(call, live, body))


def stored_over(tx: Transaction, call: Call, live: Body, body: Body) -> Body:
    """The end of every write to an object that exists: no change, no version."""
    body = _counted(live, body)
    if is_same(body, live):
        return live
    if call.options.dry_run:
        return body
    return remove_if_released(tx, call, tx.put(call.key, body))


def check_preconditions(call: Call, live: Body, wanted: Mapping[str, Any]) -> None:
    """Raises ConflictError where ``wanted`` names another uid or resourceVersion than live's."""
    metadata = live["metadata"]
    uid, version = wanted.get("uid"), wanted.get("resourceVersion")
    if uid and uid != metadata["uid"]:
        raise conflict(
            call.kind,
            call.name,
            f"Precondition failed: UID in precondition: {uid}, "
            f"UID in object meta: {metadata['uid']}",
        )
    if version and version != metadata["resourceVersion"]:
        raise conflict(call.kind, call.name)


def carried_over(call: Call, live: Body, body: Body) -> Body:
    """``body`` with what a write through this (sub)resource may not change taken from ``live``."""
    if call.subresource == "status":
        body = {**live, **({"status": body["status"]} if "status" in body else {})}
        body["metadata"] = dict(live["metadata"])
        return body
    kept = {key: live["metadata"][key] for key in _KEPT_FROM_LIVE if key in live["metadata"]}
    metadata = {**body["metadata"], **kept, "resourceVersion": live["metadata"]["resourceVersion"]}
    body = {**body, "metadata": metadata}
    if call.kind.has_status:
        body.pop("status", None)
        if "status" in live:
            body["status"] = live["status"]
    return body


def addressed(call: Call, body: Body) -> Body:
    """A copy of ``body`` of the call's type and address. Raises BadRequestError for another."""
    kind = call.kind
    if not isinstance(body, dict):
        raise BadRequestError("the body is no object")
    check_object_depth(body)
    metadata = body.get("metadata")
    if metadata is not None and not isinstance(metadata, Mapping):
        raise BadRequestError("metadata is no object")
    metadata = dict(metadata or {})
    found = (body.get("apiVersion") or kind.gvk.api_version, body.get("kind") or kind.gvk.kind)
    if found != (kind.gvk.api_version, kind.gvk.kind):
        raise BadRequestError(
            f"the object provided is {found[0]} {found[1]}, and the request is for {kind.gvk}"
        )
    if kind.is_namespaced:
        _require_same("namespace", metadata.setdefault("namespace", call.namespace), call.namespace)
    else:
        metadata.pop("namespace", None)
    if call.name:
        _require_same("name", metadata.setdefault("name", call.name), call.name)
    ordered = {"apiVersion": kind.gvk.api_version, "kind": kind.gvk.kind, "metadata": metadata}
    return {**ordered, **{key: value for key, value in body.items() if key not in ordered}}


def _require_same(what: str, found: Any, wanted: str) -> None:
    if found != wanted:
        raise BadRequestError(
            f"the {what} of the provided object does not match the {what} sent on the request "
            f"({found!r}, {wanted!r})"
        )


def new_metadata(call: Call, given: Mapping[str, Any]) -> dict[str, Any]:
    """``given`` with what the server gives a new object: uid, times, a generated name."""
    metadata = {
        key: value
        for key, value in given.items()
        if key not in _KEPT_FROM_LIVE and key not in ("resourceVersion", "managedFields")
    }
    if given.get("resourceVersion"):
        raise BadRequestError("resourceVersion should not be set on objects to be created")
    prefix = given.get("generateName")
    if prefix:
        if not isinstance(prefix, str):
            raise invalid(call.kind, "", [("metadata.generateName", "Invalid value: no string")])
        metadata["generateName"] = prefix
        if not metadata.get("name"):
            metadata["name"] = prefix[:_LONGEST_GENERATED] + call.fresh.new_suffix()
    return {
        **metadata,
        "uid": call.fresh.new_uid(),
        "creationTimestamp": call.fresh.timestamp,
        "generation": 1,
    }


def _counted(live: Body, body: Body) -> Body:
    """``generation`` counts changes of what is wished, not of metadata or status."""
    if is_same(_wish(live), _wish(body)):
        return body
    generation = int(live["metadata"].get("generation") or 0) + 1
    return {**body, "metadata": {**body["metadata"], "generation": generation}}


def _wish(body: Body) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in _NOT_SPEC}
