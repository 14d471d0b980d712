"""A server on loopback that says what it was asked, for clients under test."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came in."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((v for key, v in self.headers if key.lower() == name.lower()), None)


@dataclass
class Loopback:
    """``/status/N`` answers N, ``/to/N/path`` redirects with N, ``/slow`` waits until the server
    closes, ``/gzip`` packs, ``/token/T`` grants T; all else echoes the method and body.
    """

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)


class _Handler(BaseHTTPRequestHandler):
    def answer(self) -> None:
        server: Loopback = self.server.loopback  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        server.asked.append(Asked(self.command, self.path, tuple(self.headers.items()), body))
        kind, _, rest = self.path.partition("?")[0].strip("/").partition("/")
        if kind == "slow":
            server.closing.wait(30)
        said = f"{self.command} ".encode() + body
        status, headers = 200, {"X-Twice": "a"}
        if kind == "status":
            status = int(rest)
        elif kind == "to":
            code, _, target = rest.partition("/")
            status, headers = int(code), {"Location": f"/{target}"} if target else {}
        elif kind == "gzip":
            said, headers = gzip.compress(said), {"Content-Encoding": "gzip"}
        elif kind == "token":
            said = json.dumps({"access_token": rest}).encode()
        elif kind == "large":
            said = b"x" * (2 << 20)
        elif kind == "hello":
            said = (self.headers.get("Authorization") or "").encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - the names it looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: ARG002 - quiet
        return


@contextmanager
def serving() -> Iterator[Loopback]:
    """A server that answers until the block ends."""
    loopback = Loopback()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        server.loopback = loopback  # type: ignore[attr-defined]
        loopback.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield loopback
        finally:
            loopback.closing.set()
            server.shutdown()
            thread.join()
