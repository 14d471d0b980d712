"""What a request must be before anything looks at it: of this host, of no foreign page, with the
token, and not too large. Health is open to everybody.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import orjson
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from toolkit.adapters.http.identity import note_account
from toolkit.apiserver.refusals import status_of
from toolkit.apiserver.tokens import Account
from toolkit.errors import ClusterError, ForbiddenError, TooLargeError, UnauthorizedError

HEALTH_PATHS = frozenset(["/healthz", "/readyz", "/livez"])
LARGEST_BODY = 16 << 20
_HOSTS = frozenset(["127.0.0.1", "localhost", "::1"])


class Guard:
    """ASGI middleware. ``token`` is the owner's, who is served by ``app``. The bearers of others
    are served by ``for_accounts``, where ``account_of`` knows them.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        token: str,
        for_accounts: ASGIApp | None = None,
        account_of: Callable[[str], Account | None] = lambda token: None,  # noqa: ARG005
    ) -> None:
        self._app = app
        self._token = token.encode()
        self._for_accounts = for_accounts
        self._account_of = account_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): value for name, value in scope["headers"]}
        refusal = self._refusal(headers)
        app = None if refusal else self._app_for(scope, headers)
        if app is None:
            refusal = refusal or UnauthorizedError("Unauthorized")
            await refused(refusal)(scope, receive, send)
            return
        await app(scope, _limited(receive), send)

    def _app_for(self, scope: Scope, headers: Mapping[str, bytes]) -> ASGIApp | None:
        """None for who is not known."""
        scheme, _, token = headers.get("authorization", b"").partition(b" ")
        token = token.strip()
        if scope["path"] in HEALTH_PATHS:
            return self._app
        if scheme.lower() != b"bearer":
            return None
        if hmac.compare_digest(token, self._token):
            return self._app
        account = self._account_of(token.decode("latin-1")) if self._for_accounts else None
        if account is not None:
            note_account(scope, account)
        return self._for_accounts if account else None

    def _refusal(self, headers: Mapping[str, bytes]) -> ClusterError | None:
        if not _is_own_host(headers.get("host", b"")):
            return ForbiddenError("the Host header names another host than this one")
        origin = headers.get("origin")
        if origin is not None and not _is_same_origin(origin, headers.get("host", b"")):
            return ForbiddenError("requests of other origins are not served")
        if int(_length(headers)) > LARGEST_BODY:
            return TooLargeError(f"the body is larger than {LARGEST_BODY} bytes")
        return None


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
