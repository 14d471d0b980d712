"""What is asked with POST and not stored: reviews of access, and tokens of ServiceAccounts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
from starlette.responses import Response

from toolkit.adapters.http.answers import JSON, Asked
from toolkit.apiserver.access import Subject
from toolkit.apiserver.kinds import Kind
from toolkit.apiserver.refusals import invalid
from toolkit.apiserver.tokens import Account, TokenSigner
from toolkit.errors import MethodError
from toolkit.resource.resource import Body

_SHORTEST_S = 600
_DEFAULT_S = 3600
_LONGEST_S = 366 * 86_400


def review(call: Asked, kind: Kind, subject: Subject) -> Response:
    """Answers a review. Raises MethodError, BadRequestError."""
    if call.http.method != "POST" or call.request.name:
        raise MethodError(f"{call.http.method} is not supported on this resource")
    body = call.cluster.review(kind, subject, call.request.namespace, call.object())
    return _created(body)


def issue_token(call: Asked, signer: TokenSigner) -> Response:
    """``kubectl create token``. Raises NotFoundError for the account, InvalidError, MethodError."""
    if call.http.method != "POST":
        raise MethodError(f"{call.http.method} is not supported on this resource")
    request = call.request
    asked = call.object()
    lifetime = timedelta(seconds=_lifetime_s(request.kind, request.name, asked))
    live = call.cluster.get(request)
    account = Account(
        call.cluster.name, request.namespace, request.name, str(live["metadata"]["uid"])
    )
    now = call.now()
    status = {
        "token": signer.issue(account, now, lifetime),
        "expirationTimestamp": _timestamp(now + lifetime),
    }
    return _created(_token_request(account, asked, status))


def _token_request(account: Account, asked: Body, status: Body) -> Body:
    return {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "metadata": {"name": account.name, "namespace": account.namespace},
        "spec": asked.get("spec") or {},
        "status": status,
    }


def _lifetime_s(kind: Kind, name: str, asked: Body) -> int:
    spec: Any = asked.get("spec")
    wanted = spec.get("expirationSeconds") if isinstance(spec, Mapping) else None
    if wanted is None:
        return _DEFAULT_S
    if not isinstance(wanted, int) or not _SHORTEST_S <= wanted <= _LONGEST_S:
        told = f"Invalid value: must be between {_SHORTEST_S} and {_LONGEST_S} seconds"
        raise invalid(kind, name, [("spec.expirationSeconds", told)])
    return wanted


def _timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _created(body: Body) -> Response:
    return Response(orjson.dumps(body), status_code=201, media_type=JSON)
