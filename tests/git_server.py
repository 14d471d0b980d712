"""A server on loopback that speaks git's smart protocol, through git's own program for it."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@contextmanager
def serving_git(root: Path, *, login: str = "") -> Iterator[str]:
    """The repositories below ``root``; ``login`` is ``user:password``, where one is wanted. All
    that git does not know is not found.
    """

    class Backend(BaseHTTPRequestHandler):
        def answer(self) -> None:
            wanted = f"Basic {base64.b64encode(login.encode()).decode()}"
            if login and self.headers.get("Authorization") != wanted:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.end_headers()
                return
            self._reply(_run(self, root))

        def _reply(self, output: bytes) -> None:
            head, _, body = output.partition(b"\r\n\r\n")
            headers = [line.partition(": ") for line in head.decode().split("\r\n")]
            status = next((value for name, _, value in headers if name == "Status"), "200 OK")
            self.send_response(int(status.split()[0]))
            for name, _, value in headers:
                if name != "Status":
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

        do_GET = do_POST = answer  # noqa: N815 — the library's names

    with ThreadingHTTPServer(("127.0.0.1", 0), Backend) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _run(request: BaseHTTPRequestHandler, root: Path) -> bytes:
    path, _, query = request.path.partition("?")
    environment = {
        **os.environ,
        "GIT_PROJECT_ROOT": str(root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "REQUEST_METHOD": request.command,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
    }
    body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
    done = subprocess.run(
        ["git", "http-backend"], env=environment, input=body, capture_output=True, check=False
    )
    return done.stdout
