"""Objects as they are compared: without what the server keeps for itself, secrets masked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import orjson

from toolkit.resource.diff import ABSENT, FieldChange, changes
from toolkit.resource.resource import Body

MASK = "***"
_SERVER_FIELDS = frozenset(
    {"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"}
)
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_SECRET_FIELDS = frozenset({"data", "stringData"})


def comparable(body: Body) -> Body:
    """A shallow copy without status, without what only the server writes, and without the copy of
    the object that ``kubectl apply`` keeps in an annotation.
    """
    stripped = {key: value for key, value in body.items() if key != "status"}
    metadata = {
        key: value
        for key, value in (body.get("metadata") or {}).items()
        if key not in _SERVER_FIELDS
    }
    annotations = dict(metadata.get("annotations") or {})
    annotations.pop(_LAST_APPLIED, None)
    metadata.pop("annotations", None)
    if annotations:
        metadata["annotations"] = annotations
    stripped["metadata"] = metadata
    return stripped


def visible_changes(live: Body, predicted: Body) -> tuple[FieldChange, ...]:
    """What an apply would change. Values of a Secret are masked: only their keys show."""
    if live is predicted:
        return ()
    found = changes(comparable(live), comparable(predicted))
    return tuple(masked(change) for change in found) if is_secret(live) else found


def masked(change: FieldChange) -> FieldChange:
    """The change of a Secret's field, with its values hidden."""
    if not change.path or change.path[0] not in _SECRET_FIELDS:
        return change
    old = ABSENT if change.old is ABSENT else MASK
    new = ABSENT if change.new is ABSENT else f"{MASK} (changed)" if old is not ABSENT else MASK
    return FieldChange(change.path, old, new)


def masked_body(body: Body) -> Body:
    """The object with a Secret's values hidden; any other object as it is."""
    if not is_secret(body):
        return body
    hidden = {
        field: dict.fromkeys(body[field] or {}, MASK) for field in _SECRET_FIELDS & body.keys()
    }
    return {**body, **hidden}


def is_secret(body: Mapping[str, Any]) -> bool:
    """A core Secret."""
    return body.get("kind") == "Secret" and body.get("apiVersion") == "v1"


def fingerprint(body: Body) -> str:
    """sha256 of the canonical JSON. "" for a Secret: a hash of a short secret gives it away, and
    "" is the same as nothing.
    """
    return "" if is_secret(body) else digest(body)


def digest(value: Any) -> str:
    """sha256 of the canonical JSON of any parsed value, in hex."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except TypeError:  # integers beyond 64 bits
        text = json.dumps(value, sort_keys=True, ensure_ascii=False).encode()
    return sha256(text).hexdigest()
