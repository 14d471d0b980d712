"""What a request must be before anything looks at it: of this host, of no foreign page, with the
token, and not too large. Health is open to everybody.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from urllib.parse import urlsplit

import orjson
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from toolkit.apiserver.refusals import status_of
from toolkit.errors import ClusterError, ForbiddenError, TooLargeError, UnauthorizedError

HEALTH_PATHS = frozenset(["/healthz", "/readyz", "/livez"])
LARGEST_BODY = 16 << 20
_HOSTS = frozenset(["127.0.0.1", "localhost", "::1"])


class Guard:
    """ASGI middleware. ``token`` is what a client must bear."""

    def __init__(self, app: ASGIApp, *, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): value for name, value in scope["headers"]}
        refusal = self._refusal(scope["path"], headers)
        if refusal is not None:
            await refused(refusal)(scope, receive, send)
            return
        await self._app(scope, _limited(receive), send)

    def _refusal(self, path: str, headers: Mapping[str, bytes]) -> ClusterError | None:
        if not _is_own_host(headers.get("host", b"")):
            return ForbiddenError("the Host header names another host than this one")
        origin = headers.get("origin")
        if origin is not None and not _is_same_origin(origin, headers.get("host", b"")):
            return ForbiddenError("requests of other origins are not served")
        if path not in HEALTH_PATHS and not self._is_authorized(headers):
            return UnauthorizedError("Unauthorized")
        if int(_length(headers)) > LARGEST_BODY:
            return TooLargeError(f"the body is larger than {LARGEST_BODY} bytes")
        return None

    def _is_authorized(self, headers: Mapping[str, bytes]) -> bool:
        scheme, _, token = headers.get("authorization", b"").partition(b" ")
        return scheme.lower() == b"bearer" and hmac.compare_digest(token.strip(), self._token)


def refused(error: ClusterError) -> Response:
    """The answer to a request that failed."""
    body = orjson.dumps(status_of(error))
    return Response(body, status_code=error.code, media_type="application/json")


def _limited(receive: Receive) -> Receive:
    """For bodies that do not say their length."""
    received = 0

    async def limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body") or b"")
        if received > LARGEST_BODY:
            raise TooLargeError(f"the body is larger than {LARGEST_BODY} bytes")
        return message

    return limited


def _length(headers: Mapping[str, bytes]) -> int:
    text = headers.get("content-length", b"0")
    return int(text) if text.isdigit() else 0


def _is_own_host(header: bytes) -> bool:
    """Against DNS rebinding: a page's script may reach us only under a name that is not ours."""
    try:
        return urlsplit(f"//{header.decode('ascii')}").hostname in _HOSTS
    except ValueError:
        return False


def _is_same_origin(origin: bytes, host: bytes) -> bool:
    return origin == b"https://" + host
