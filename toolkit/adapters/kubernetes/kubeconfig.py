"""The transport to any kubeconfig context, by the official client's configuration.

The ``kubernetes`` package is imported when a transport is made: it takes half a second.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from toolkit.adapters.kubernetes.transport import HttpCall, LineReply, Reply
from toolkit.errors import UnreachableError, UsageError

_CONNECT_S = 15.0
_READ_S = 60.0


class KubeconfigTransport:
    """``context`` of ``config_file`` (default: as kubectl finds it).

    Raises UsageError for a context there is not.
    """

    def __init__(self, context: str, *, config_file: Path | None = None) -> None:
        from kubernetes.config import ConfigException, new_client_from_config

        self._context = context
        # The client reads KUBECONFIG once, when it is imported; kubectl reads it each time.
        path = str(config_file) if config_file is not None else os.environ.get("KUBECONFIG") or None
        try:
            self._client: Any = new_client_from_config(  # type: ignore[no-untyped-call, unused-ignore]
                config_file=path, context=context
            )
        except ConfigException as error:
            raise UsageError(
                f"the kubeconfig has no usable context {context!r}: {error}",
                hints=["`kubectl config get-contexts` lists them; gitops.yaml names the context"],
            ) from error

    def send(self, call: HttpCall) -> Reply:
        response = self._ask(call, read_timeout_s=_READ_S, preload=True)
        return Reply(response.status, response.data)

    @contextmanager
    def stream(self, call: HttpCall, *, read_timeout_s: float | None) -> Iterator[LineReply]:
        response = self._ask(call, read_timeout_s=read_timeout_s, preload=False)
        try:
            yield LineReply(response.status, _lines(response))
        finally:
            response.close()
            response.release_conn()

    def close(self) -> None:
        self._client.rest_client.pool_manager.clear()
        self._client.close()

    def _ask(self, call: HttpCall, *, read_timeout_s: float | None, preload: bool) -> Any:
        from urllib3.exceptions import HTTPError
        from urllib3.util import Timeout

        host = self._client.configuration.host.rstrip("/")
        try:
            return self._client.rest_client.pool_manager.request(
                call.method,
                host + call.path,
                body=call.body,
                headers={"User-Agent": "gitops", **self._authorization(), **call.headers},
                preload_content=preload,
                retries=False,
                timeout=Timeout(connect=_CONNECT_S, read=read_timeout_s),
            )
        except HTTPError as error:
            raise UnreachableError(
                f"no answer from context {self._context!r} at {host}: {error}"
            ) from error

    def _authorization(self) -> dict[str, str]:
        """Asked for each time: tokens are renewed by the configuration."""
        settings = self._client.configuration.auth_settings().values()
        return {
            each["key"]: each["value"]
            for each in settings
            if each.get("in") == "header" and each.get("value")
        }


def _lines(response: Any) -> Iterator[bytes]:
    from urllib3.exceptions import HTTPError

    rest = b""
    try:
        for chunk in response.stream(amt=None, decode_content=True):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines
    except (HTTPError, OSError):
        return
    if rest:
        yield rest
