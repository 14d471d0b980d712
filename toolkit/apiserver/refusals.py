"""Failures in Kubernetes' own words, which clients and people know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from toolkit.apiserver.kinds import Kind
from toolkit.errors import (
    AlreadyExistsError,
    ClusterError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
)

_STALE = (
    "the object has been modified; please apply your changes to the latest version and try again"
)


def not_found(kind: Kind, name: str) -> NotFoundError:
    """404 for one object."""
    return NotFoundError(f'{kind.resource} "{name}" not found', details=_details(kind, name))


def already_exists(kind: Kind, name: str) -> AlreadyExistsError:
    """409 for a name that is taken."""
    return AlreadyExistsError(
        f'{kind.resource} "{name}" already exists', details=_details(kind, name)
    )


def conflict(kind: Kind, name: str, why: str = _STALE) -> ConflictError:
    """409 for a stale version or a precondition."""
    return ConflictError(
        f'Operation cannot be fulfilled on {kind.resource} "{name}": {why}',
        details=_details(kind, name),
    )


def forbidden(kind: Kind, name: str, why: str) -> ForbiddenError:
    """403 for what the state does not allow."""
    return ForbiddenError(
        f'{kind.resource} "{name}" is forbidden: {why}', details=_details(kind, name)
    )


def invalid(kind: Kind, name: str, causes: Iterable[tuple[str, str]]) -> InvalidError:
    """422. ``causes``: (field path, message) pairs, at least one."""
    found = tuple(causes)
    texts = [f"{field}: {message}" if field else message for field, message in found]
    told = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    type_name = f"{kind.gvk.kind}.{kind.gvk.group}" if kind.gvk.group else kind.gvk.kind
    return InvalidError(
        f'{type_name} "{name}" is invalid: {told}',
        details={
            **_details(kind, name, kind_name=kind.gvk.kind),
            "causes": [
                {"reason": "FieldValueInvalid", "message": message, "field": field}
                for field, message in found
            ],
        },
    )


def status_of(error: ClusterError) -> dict[str, Any]:
    """The ``Status`` object that answers a failed request."""
    status: dict[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": error.message,
        "reason": error.reason,
    }
    if error.details:
        status["details"] = dict(error.details)
    return {**status, "code": error.code}


def _details(kind: Kind, name: str, *, kind_name: str = "") -> Mapping[str, Any]:
    details: dict[str, Any] = {"name": name}
    if kind.gvk.group:
        details["group"] = kind.gvk.group
    details["kind"] = kind_name or kind.plural
    return details
