"""The Secret that holds an environment's Slack webhook: ``slack-hook``, key ``SLACK_HOOK_URL``."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager

from toolkit.errors import OperationError
from toolkit.resource.cluster import Cluster, ObjectRef, PatchType
from toolkit.resource.identity import GroupVersionKind
from toolkit.wiring.clusters import CAPTURE_KEY, CAPTURE_SECRET, ensure_capture_secret

_SECRET = GroupVersionKind("", "v1", "Secret")


def webhook_of(cluster: Cluster, namespace: str) -> str:
    """The webhook's URL. Raises OperationError where none is set."""
    secret = cluster.get(_ref(namespace)) or {}
    encoded = (secret.get("data") or {}).get(CAPTURE_KEY)
    if not encoded:
        raise OperationError(
            f"namespace {namespace!r} has no Secret {CAPTURE_SECRET!r} with a {CAPTURE_KEY}",
            hints=[f"set it: gitops secret set ENV {CAPTURE_SECRET} {CAPTURE_KEY}"],
        )
    return base64.b64decode(encoded).decode()


@contextmanager
def webhook_set_to(cluster: Cluster, namespace: str, url: str) -> Iterator[None]:
    """For the time of a ``with`` block: ``url``; afterwards what was there before."""
    ensure_capture_secret(cluster, namespace)
    before = webhook_of(cluster, namespace)
    _set(cluster, namespace, url)
    try:
        yield
    finally:
        _set(cluster, namespace, before)


def _set(cluster: Cluster, namespace: str, url: str) -> None:
    encoded = base64.b64encode(url.encode()).decode()
    cluster.patch(_ref(namespace), {"data": {CAPTURE_KEY: encoded}}, PatchType.MERGE)


def _ref(namespace: str) -> ObjectRef:
    return ObjectRef(_SECRET, namespace, CAPTURE_SECRET)
