"""ServiceAccount tokens: signed, not stored, and worth nothing once their account is gone.

A token is a JWT (HS256). It names its cluster, account and the account's uid, and when it ends.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

ISSUER: Final = "gitops"
_HEADER: Final = {"alg": "HS256", "typ": "JWT"}
_LONGEST_TOKEN = 8192


@dataclass(frozen=True, slots=True)
class Account:
    """A ServiceAccount of a cluster, at its ``uid``."""

    cluster: str
    namespace: str
    name: str
    uid: str


class TokenSigner:
    """``secret`` signs; whoever has another one made none of our tokens."""

    def __init__(self, secret: bytes) -> None:
        self._key = hashlib.sha256(b"gitops service account tokens\x00" + secret).digest()

    def issue(self, account: Account, now: datetime, lifetime: timedelta) -> str:
        """A token that holds from ``now`` for ``lifetime``."""
        claims = {
            "iss": ISSUER,
            "aud": [f"{ISSUER}:{account.cluster}"],
            "sub": f"system:serviceaccount:{account.namespace}:{account.name}",
            "iat": int(now.timestamp()),
            "exp": int((now + lifetime).timestamp()),
            "kubernetes.io": {
                "cluster": account.cluster,
                "namespace": account.namespace,
                "serviceaccount": {"name": account.name, "uid": account.uid},
            },
        }
        signed = f"{_encoded(orjson.dumps(_HEADER))}.{_encoded(orjson.dumps(claims))}"
        return f"{signed}.{self._signature(signed)}"

    def account(self, token: str, now: datetime) -> Account | None:
        """Whose token this is; None for one that is not ours, or has ended."""
        if len(token) > _LONGEST_TOKEN or not token.isascii() or token.count(".") != 2:
            return None
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature, self._signature(signed)):
            return None
        claims = orjson.loads(_decoded(signed.partition(".")[2]))
        return _account(claims) if now.timestamp() < claims["exp"] else None

    def _signature(self, signed: str) -> str:
        return _encoded(hmac.digest(self._key, signed.encode(), "sha256"))


def _account(claims: Mapping[str, Any]) -> Account:
    told = claims["kubernetes.io"]
    account = told["serviceaccount"]
    return Account(told["cluster"], told["namespace"], account["name"], account["uid"])


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
