"""A server on loopback that says what it was asked, for clients under test."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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
    closes, ``/gzip`` packs, ``/token/T`` grants T, ``/kept/NAME`` gives what
    was put there; all else echoes the method and body.
    """

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    kept: dict[str, bytes] = field(default_factory=dict)
    closing: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class _Said:
    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


def _redirect(rest: str) -> _Said:
    code, _, target = rest.partition("/")
    return _Said(status=int(code), headers=(("Location", f"/{target}"),))


@dataclass(frozen=True, slots=True)
class _Ask:
    server: Loopback
    asked: Asked
    rest: str


_ANSWERS: dict[str, Callable[[_Ask], _Said]] = {
    "status": lambda ask: _Said(b"", int(ask.rest)),
    "to": lambda ask: _redirect(ask.rest),
    "gzip": lambda ask: _Said(
        gzip.compress(f"{ask.asked.method} ".encode()), headers=(("Content-Encoding", "gzip"),)
    ),
    "token": lambda ask: _Said(json.dumps({"access_token": ask.rest}).encode()),
    "large": lambda _: _Said(b"x" * (2 << 20)),
    "hello": lambda ask: _Said((ask.asked.header("Authorization") or "").encode()),
    "kept": lambda ask: _Said(ask.server.kept.get(ask.rest, b"")),
    "slow": lambda ask: _Said(str(ask.server.closing.wait(30)).encode()),
}


class _Handler(BaseHTTPRequestHandler):
    def answer(self) -> None:
        server: Loopback = self.server.loopback  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = Asked(self.command, self.path, tuple(self.headers.items()), body)
        server.asked.append(asked)
        kind, _, rest = self.path.partition("?")[0].strip("/").partition("/")
        if kind == "kept" and self.command == "PUT":
            server.kept[rest] = body
        echo = _Said(f"{self.command} ".encode() + body)
        said = _ANSWERS[kind](_Ask(server, asked, rest)) if kind in _ANSWERS else echo
        self.send_response(said.status)
        for name, value in said.headers:
            self.send_header(name, value)
        with suppress(BrokenPipeError):  # who asked may be gone
            self.end_headers()
            self.wfile.write(said.body)

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
