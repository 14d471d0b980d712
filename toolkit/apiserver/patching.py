"""PATCH: a live object and a patch document to a new object."""

from __future__ import annotations

from typing import Any

from toolkit.apiserver.call import Call
from toolkit.apiserver.refusals import not_found
from toolkit.apiserver.store import Transaction
from toolkit.apiserver.writing import addressed, replace_live
from toolkit.errors import BadRequestError, InvalidError
from toolkit.resource.cluster import PatchType
from toolkit.resource.resource import Body


def patch(tx: Transaction, call: Call, document: Any, patch_type: PatchType) -> Body:
    """Any patch but an apply. Raises what an update does, and for a patch that does not fit."""
    live = tx.get(call.key)
    if live is None:
        raise not_found(call.kind, call.name)
    return replace_live(tx, call, live, addressed(call, _patched(call, live, document, patch_type)))


def _patched(call: Call, live: Body, document: Any, patch_type: PatchType) -> Body:
    match patch_type:
        case PatchType.MERGE:
            return _merged(live, document)
    raise InvalidError(f"{patch_type.value} of {call.kind.gvk.kind} is not supported")


def _merged(live: Body, document: Any) -> Body:
    if not isinstance(document, dict):
        raise BadRequestError("a merge patch must be an object")
    body: Body = _merge(live, document)
    return body


def _merge(target: Any, document: Any) -> Any:
    """RFC 7386."""
    if not isinstance(document, dict):
        return document
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in document.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge(merged.get(key), value)
    return merged
