"""The audit log: who asked for what, and how it was answered; a JSON object a line.

Bodies, queries, and headers are never written, so neither are Secrets' values or tokens. A watch is
written when it begins.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from toolkit.adapters.http.guard import HEALTH_PATHS
from toolkit.apiserver.paths import ResourcePath, parse_path
from toolkit.clock import Clock

LARGEST_FILE_BYTES = 8 << 20
FILES_KEPT = 3
_LONGEST_TEXT = 300
_CLUSTERS = "clusters"
_ACCOUNT = "toolkit.account"
"""Where the guard notes whose token a request bears, if not the owner's."""


class AuditLog:
    """Lines appended to ``path`` (0600). A full file becomes ``<path>.1``, that one ``.2`` and so
    on; the oldest goes. For one thread.
    """

    def __init__(
        self,
        path: Path,
        *,
        largest_file_bytes: int = LARGEST_FILE_BYTES,
        files_kept: int = FILES_KEPT,
    ) -> None:
        self._path = path
        self._largest_file_bytes = largest_file_bytes
        self._files_kept = files_kept
        self._file = _opened(path)
        self._size_bytes = os.fstat(self._file).st_size

    def write(self, entry: dict[str, Any]) -> None:
        """One line, whole."""
        line = orjson.dumps(entry) + b"\n"
        if self._size_bytes + len(line) > self._largest_file_bytes and self._size_bytes:
            self._rotate()
        self._size_bytes += os.write(self._file, line)

    def close(self) -> None:
        """Closing twice is fine."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _rotate(self) -> None:
        os.close(self._file)
        for number in range(self._files_kept - 1, 0, -1):
            older = self._numbered(number - 1)
            if older.exists():
                older.replace(self._numbered(number))
        self._path.unlink(missing_ok=True)
        self._file = _opened(self._path)
        self._size_bytes = 0

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path


class Audited:
    """ASGI middleware around all others: what they refuse is written too. Health is not."""

    def __init__(self, app: ASGIApp, *, log: AuditLog, clock: Clock) -> None:
        self._app = app
        self._log = log
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in HEALTH_PATHS:
            await self._app(scope, receive, send)
            return

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._log.write(self._entry(scope, message["status"]))
            await send(message)

        await self._app(scope, receive, noting)

    def _entry(self, scope: Scope, code: int) -> dict[str, Any]:
        cluster, where = _resource_at(scope["path"])
        method = scope["method"]
        entry = {
            "time": self._clock.now().isoformat(timespec="milliseconds"),
            "who": _who(scope, code),
            "verb": _verb(scope, where) if where else method.lower(),
            "code": code,
        }
        if where is None:
            return {**entry, "path": _short(scope["path"])}
        resource = f"{where.plural}.{where.group}" if where.group else where.plural
        named = {
            "cluster": cluster,
            "resource": resource,
            "subresource": where.subresource,
            "namespace": where.namespace,
            "name": where.name,
        }
        return {**entry, **{key: _short(value) for key, value in named.items() if value}}


def _opened(path: Path) -> int:
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    os.fchmod(file, 0o600)
    return file


def _resource_at(path: str) -> tuple[str, ResourcePath | None]:
    parts = path.split("/", 3)
    if len(parts) < 4 or parts[1] != _CLUSTERS:
        return "", None
    return parts[2], parse_path(f"/{parts[3]}")


def _who(scope: Scope, code: int) -> str:
    """Known only of those who were let in."""
    account = scope.get(_ACCOUNT)
    if account is not None:
        return f"system:serviceaccount:{account.namespace}:{account.name}"
    return "unknown" if code == 401 else "owner"


def _verb(scope: Scope, where: ResourcePath) -> str:
    is_watch = scope["method"] == "GET" and b"watch=" in scope["query_string"]
    if is_watch and not where.name:
        return "watch"
    method = scope["method"]
    return _VERBS.get((method, bool(where.name)), str(method).lower())


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"


_VERBS = {
    ("GET", True): "get",
    ("GET", False): "list",
    ("POST", False): "create",
    ("PUT", True): "update",
    ("PATCH", True): "patch",
    ("DELETE", True): "delete",
    ("DELETE", False): "deletecollection",
}
