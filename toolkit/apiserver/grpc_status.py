"""Failures as Argo's server tells them: gRPC's codes in grpc-gateway's JSON."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Final

from toolkit.errors import ClusterError, ToolkitError
from toolkit.resource.resource import Body


class GrpcCode(IntEnum):
    """The codes that we answer with."""

    INVALID_ARGUMENT = 3
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16


_OF_HTTP: Final[Mapping[int, GrpcCode]] = {
    401: GrpcCode.UNAUTHENTICATED,
    403: GrpcCode.PERMISSION_DENIED,
    404: GrpcCode.NOT_FOUND,
    409: GrpcCode.ALREADY_EXISTS,
    429: GrpcCode.RESOURCE_EXHAUSTED,
    500: GrpcCode.INTERNAL,
    501: GrpcCode.UNIMPLEMENTED,
    503: GrpcCode.UNAVAILABLE,
}
_TO_HTTP: Final[Mapping[GrpcCode, int]] = {code: http for http, code in _OF_HTTP.items()}


def grpc_status(error: ToolkitError) -> tuple[int, Body]:
    """The HTTP status and the body that answer a failed request. What is not the cluster's own
    failure is the request's.
    """
    told = "; ".join((str(error), *error.hints))
    if isinstance(error, ClusterError):
        return of_code(_OF_HTTP.get(error.code, GrpcCode.INVALID_ARGUMENT), told)
    return of_code(GrpcCode.INVALID_ARGUMENT, told)


def of_code(code: GrpcCode, message: str) -> tuple[int, Body]:
    """Likewise, for a code."""
    body: dict[str, Any] = {"code": int(code), "message": message, "details": []}
    return _TO_HTTP.get(code, 400), body
