"""Kubernetes ``Status`` answers as our errors."""

from __future__ import annotations

from typing import Any

import orjson

from toolkit.errors import (
    AlreadyExistsError,
    BadRequestError,
    ClusterError,
    ConflictError,
    ForbiddenError,
    GoneError,
    InvalidError,
    MediaTypeError,
    MethodError,
    NotFoundError,
    TooLargeError,
    TooManyRequestsError,
    TooNewError,
    UnauthorizedError,
    UnreachableError,
)

_KINDS: tuple[type[ClusterError], ...] = (
    AlreadyExistsError,
    BadRequestError,
    ConflictError,
    ForbiddenError,
    GoneError,
    InvalidError,
    MediaTypeError,
    MethodError,
    NotFoundError,
    TooLargeError,
    TooManyRequestsError,
    TooNewError,
    UnauthorizedError,
    UnreachableError,
)
_BY_REASON = {kind.reason: kind for kind in _KINDS} | {"Gone": GoneError}
_BY_CODE = {kind.code: kind for kind in _KINDS if kind is not AlreadyExistsError}


def failure_of(status: int, body: bytes) -> ClusterError:
    """The error that an answer with a failing HTTP status means."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict) or document.get("kind") != "Status":
        text = body[:200].decode("utf-8", "replace").strip()
        kind = _BY_CODE.get(status, ClusterError)
        return kind(f"the cluster answered {status}: {text or 'nothing'}")
    return failure_from(document)


def failure_from(status: dict[str, Any]) -> ClusterError:
    """The error that a ``Status`` object means."""
    by_code = _BY_CODE.get(int(status.get("code") or 500), ClusterError)
    kind = _BY_REASON.get(str(status.get("reason") or ""), by_code)
    message = str(status.get("message") or status.get("reason") or "the cluster refused")
    details = status.get("details")
    return kind(message, details=details if isinstance(details, dict) else None)
