"""The transport to our own server: standard library only, so that a verb starts fast."""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from toolkit.adapters.kubernetes.transport import HttpCall, LineReply, Reply
from toolkit.errors import UnreachableError

_TIMEOUT_S = 60.0
_IDLE_S = 10.0  # well below the server's own limit, so that it never closes on us unseen
_FAILURES = (OSError, http.client.HTTPException)


class LoopbackTransport:
    """To ``url`` (``https://127.0.0.1:<port>/clusters/<name>``), with a token."""

    def __init__(self, url: str, *, token: str, authority_file: Path) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 443
        self._prefix = parts.path.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}", "User-Agent": "gitops"}
        self._context = ssl.create_default_context(cafile=str(authority_file))
        self._idle: list[tuple[http.client.HTTPSConnection, float]] = []
        self._lock = threading.Lock()

    def send(self, call: HttpCall) -> Reply:
        connection = self._borrow()
        try:
            response = self._ask(connection, call)
            reply = Reply(response.status, response.read())
        except _FAILURES as error:
            connection.close()
            raise self._unreachable(error) from error
        self._give_back(connection, keep=not response.will_close)
        return reply

    @contextmanager
    def stream(self, call: HttpCall, *, read_timeout_s: float | None) -> Iterator[LineReply]:
        connection = self._connect()
        try:
            try:
                response = self._ask(connection, call)
            except _FAILURES as error:
                raise self._unreachable(error) from error
            if connection.sock is not None:
                connection.sock.settimeout(read_timeout_s)
            yield LineReply(response.status, _lines(response))
            response.close()
        finally:
            connection.close()

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection, _ in idle:
            connection.close()

    def _ask(
        self, connection: http.client.HTTPSConnection, call: HttpCall
    ) -> http.client.HTTPResponse:
        headers = {**self._headers, **call.headers}
        connection.request(call.method, self._prefix + call.path, body=call.body, headers=headers)
        return connection.getresponse()

    def _borrow(self) -> http.client.HTTPSConnection:
        """One that was used a moment ago, or a new one."""
        with self._lock:
            while self._idle:
                connection, since = self._idle.pop()
                if time.monotonic() - since < _IDLE_S:
                    return connection
                connection.close()
        return self._connect()

    def _connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(
            self._host, self._port, timeout=_TIMEOUT_S, context=self._context
        )

    def _give_back(self, connection: http.client.HTTPSConnection, *, keep: bool) -> None:
        if not keep:
            connection.close()
            return
        with self._lock:
            self._idle.append((connection, time.monotonic()))

    def _unreachable(self, error: Exception) -> UnreachableError:
        return UnreachableError(
            f"no answer from the embedded cluster at {self._host}:{self._port}: {error}",
            hints=["is `gitops up` still running?"],
        )


def _lines(response: http.client.HTTPResponse) -> Iterator[bytes]:
    while True:
        try:
            line = response.readline()
        except _FAILURES:
            return
        if not line:
            return
        yield line.rstrip(b"\n")
