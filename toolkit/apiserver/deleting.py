"""Deletion: preconditions, finalizers, and what happens to the objects an object owns.

Kubernetes' garbage collector works some time later; here its work is part of the deletion's
transaction, so that nobody sees an orphan that is about to go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolkit.apiserver.call import Call, Propagation
from toolkit.apiserver.custom_kinds import DEFINITION
from toolkit.apiserver.namespaces import (
    NAMESPACE,
    is_terminating,
    namespace_key,
    require_deletable,
)
from toolkit.apiserver.refusals import conflict, not_found
from toolkit.apiserver.store import ObjectKey, Transaction
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body

_FOREGROUND = "foregroundDeletion"
_ORPHAN = "orphan"


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """Preconditions ("" where none) and what happens to dependents."""

    uid: str = ""
    resource_version: str = ""
    propagation: Propagation = Propagation.BACKGROUND


def delete(tx: Transaction, call: Call, options: DeleteOptions) -> Body:
    """Deletes, or marks for deletion where finalizers hold the object. Returns its last state.

    Raises NotFoundError, ConflictError for a failed precondition, ForbiddenError.
    """
    live = tx.get(call.key)
    if live is None:
        raise not_found(call.kind, call.name)
    require_deletable(call)
    _check_preconditions(call, live["metadata"], options)
    if call.options.dry_run:
        return live
    return _delete(tx, call, live, options.propagation)


def remove_if_released(tx: Transaction, call: Call, live: Body) -> Body:
    """After a write: an object marked for deletion goes when its last finalizer is gone."""
    if not is_terminating(live) or live["metadata"].get("finalizers"):
        return live
    if call.kind.gvk == NAMESPACE:
        return live
    return _remove(tx, call, cascades=True)


def _check_preconditions(call: Call, metadata: Mapping[str, Any], options: DeleteOptions) -> None:
    pairs = (
        ("UID", options.uid, metadata["uid"]),
        ("ResourceVersion", options.resource_version, metadata["resourceVersion"]),
    )
    for what, wanted, found in pairs:
        if wanted and wanted != found:
            raise conflict(
                call.kind,
                call.name,
                f"Precondition failed: {what} in precondition: {wanted}, "
                f"{what} in object meta: {found}",
            )


def _delete(tx: Transaction, call: Call, live: Body, propagation: Propagation) -> Body:
    if call.kind.gvk == NAMESPACE:
        return _end_namespace(tx, call, live)
    if call.kind.storage == DEFINITION:
        _delete_instances(tx, call, live)
    if propagation is Propagation.ORPHAN:
        _let_go(tx, call, live)
    is_waiting = propagation is Propagation.FOREGROUND and _waits(tx, call, live)
    finalizers = [f for f in live["metadata"].get("finalizers") or () if f != _FOREGROUND]
    if is_waiting:
        finalizers.append(_FOREGROUND)
    if not finalizers:
        return _remove(tx, call, cascades=propagation is not Propagation.ORPHAN)
    marked = _marked(tx, call, live, finalizers)
    if is_waiting:
        _delete_dependents(tx, call, live, Propagation.FOREGROUND)
        return tx.get(call.key) or marked
    return marked


def _delete_instances(tx: Transaction, call: Call, definition: Body) -> None:
    """A kind that is not served any more has no objects."""
    spec = definition["spec"]
    for stored in tx.objects(call.cluster, f"{spec['group']}/{spec['names']['kind']}"):
        body, of = tx.get(stored.key), _call_for(call, stored.key)
        if body is not None and of is not None and of.kind.definition is not None:
            _delete(tx, of, body, Propagation.BACKGROUND)


def _marked(tx: Transaction, call: Call, live: Body, finalizers: list[str]) -> Body:
    metadata = {**live["metadata"], "finalizers": finalizers}
    if not finalizers:
        del metadata["finalizers"]
    if not is_terminating(live):
        metadata["deletionTimestamp"] = call.fresh.timestamp
        metadata["deletionGracePeriodSeconds"] = 0
        if "generation" in metadata:
            metadata["generation"] += 1
    if metadata == live["metadata"]:
        return live
    return tx.put(call.key, {**live, "metadata": metadata})


def _remove(tx: Transaction, call: Call, *, cascades: bool) -> Body:
    last = tx.remove(call.key)
    if cascades:
        _delete_dependents(tx, call, last, Propagation.BACKGROUND)
    _tell_owners(tx, call, last)
    _tell_namespace(tx, call)
    return last


def _delete_dependents(tx: Transaction, call: Call, owner: Body, propagation: Propagation) -> None:
    """Those with another living owner only lose the reference."""
    uid = owner["metadata"]["uid"]
    for key in tx.dependents(call.cluster, uid):
        dependent, of = tx.get(key), _call_for(call, key)
        if dependent is None or of is None:
            continue
        if _has_other_owner(tx, call, dependent, uid):
            tx.put(key, _without_owner(dependent, uid))
        elif not is_terminating(dependent):
            _delete(tx, of, dependent, propagation)


def _let_go(tx: Transaction, call: Call, owner: Body) -> None:
    uid = owner["metadata"]["uid"]
    for key in tx.dependents(call.cluster, uid):
        dependent = tx.get(key)
        if dependent is not None:
            tx.put(key, _without_owner(dependent, uid))


def _waits(tx: Transaction, call: Call, owner: Body) -> bool:
    """Whether dependents keep ``owner`` from going. In a circle, where its own owner waits too,
    one that waits already does not: somebody has to go first.
    """
    blocking = _blocking(tx, call, owner)
    owners = (tx.get(_owner_key(call, owner, reference)) for reference in _references(owner))
    if any(map(_is_waiting, owners)):
        blocking = [key for key in blocking if not _is_waiting(tx.get(key))]
    return bool(blocking)


def _is_waiting(body: Body | None) -> bool:
    return body is not None and _FOREGROUND in (body["metadata"].get("finalizers") or ())


def _blocking(tx: Transaction, call: Call, owner: Body) -> list[ObjectKey]:
    """Dependents whose reference says that they block the owner's deletion."""
    uid = owner["metadata"]["uid"]
    return [
        key
        for key in tx.dependents(call.cluster, uid)
        if key != call.key
        and any(
            reference.get("uid") == uid and reference.get("blockOwnerDeletion")
            for reference in _references(tx.get(key))
        )
    ]


def _tell_owners(tx: Transaction, call: Call, removed: Body) -> None:
    """An owner that waits for its dependents may go when the last one has gone."""
    for reference in _references(removed):
        key = _owner_key(call, removed, reference)
        owner, of = tx.get(key), _call_for(call, key)
        if owner is None or of is None or owner["metadata"]["uid"] != reference.get("uid"):
            continue
        finalizers = list(owner["metadata"].get("finalizers") or ())
        if _FOREGROUND not in finalizers or _blocking(tx, call, owner):
            continue
        finalizers.remove(_FOREGROUND)
        remove_if_released(tx, of, _marked(tx, of, owner, finalizers))


def _has_other_owner(tx: Transaction, call: Call, dependent: Body, uid: str) -> bool:
    for reference in _references(dependent):
        if reference.get("uid") == uid:
            continue
        owner = tx.get(_owner_key(call, dependent, reference))
        is_there = owner is not None and owner["metadata"]["uid"] == reference.get("uid")
        if is_there and not _is_waiting(owner):
            return True
    return False


def _owner_key(call: Call, dependent: Body, reference: Mapping[str, Any]) -> ObjectKey:
    """Owners live in the dependent's namespace, or in none."""
    gvk = GroupVersionKind.of(reference)
    storage = f"{gvk.group}/{gvk.kind}"
    kind = call.kinds.by_storage(storage)
    namespace = dependent["metadata"].get("namespace") or ""
    if kind is not None and not kind.is_namespaced:
        namespace = ""
    return ObjectKey(call.cluster, storage, namespace, str(reference.get("name") or ""))


def _references(body: Body | None) -> list[Mapping[str, Any]]:
    return ((body or {}).get("metadata") or {}).get("ownerReferences") or []


def _without_owner(body: Body, uid: str) -> Body:
    kept = [reference for reference in _references(body) if reference.get("uid") != uid]
    metadata = {key: value for key, value in body["metadata"].items() if key != "ownerReferences"}
    return {**body, "metadata": {**metadata, "ownerReferences": kept} if kept else metadata}


def _end_namespace(tx: Transaction, call: Call, live: Body) -> Body:
    marked = _marked(tx, call, live, list(live["metadata"].get("finalizers") or ()))
    if marked.get("status") != {"phase": "Terminating"}:
        marked = tx.put(call.key, {**marked, "status": {"phase": "Terminating"}})
    for key in tx.in_namespace(call.cluster, call.name):
        body, of = tx.get(key), _call_for(call, key)
        if body is not None and of is not None and not is_terminating(body):
            _delete(tx, of, body, Propagation.BACKGROUND)
    return _remove_empty_namespace(tx, call) or tx.get(call.key) or marked


def _tell_namespace(tx: Transaction, call: Call) -> None:
    if not call.namespace:
        return
    namespaces = call.kinds.by_type(NAMESPACE)
    _remove_empty_namespace(tx, call.at(namespaces, "", call.namespace))


def _remove_empty_namespace(tx: Transaction, call: Call) -> Body | None:
    namespace = tx.get(namespace_key(call.cluster, call.name))
    if namespace is None or not is_terminating(namespace):
        return None
    if namespace["metadata"].get("finalizers") or tx.in_namespace(call.cluster, call.name):
        return None
    return tx.remove(call.key)


def _call_for(call: Call, key: ObjectKey) -> Call | None:
    """None for an object whose kind is not served any more."""
    kind = call.kinds.by_storage(key.kind)
    return call.at(kind, key.namespace, key.name) if kind is not None else None
