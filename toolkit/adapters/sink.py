"""A webhook on loopback that keeps what it receives: for the demo and for tests."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Self

from toolkit.errors import OperationError

_BODY_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sink says to one request."""

    status: int = 200
    text: str = "ok"
    headers: Mapping[str, str] = field(default_factory=dict)


class Sink:
    """Listens from construction until closed; use it as a context manager.

    ``answers`` are given in order, then 200. Only requests to the secret path of ``url`` count.
    """

    def __init__(self, answers: Iterable[Answer] = ()) -> None:
        self._answers = SimpleQueue[Answer]()
        for answer in answers:
            self._answers.put(answer)
        self._received = SimpleQueue[Any]()
        self._path = f"/{secrets.token_urlsafe(16)}"
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}{self._path}"

    def receive(self, *, timeout_s: float) -> Any:
        """The next payload, oldest first. Raises OperationError where none comes in time."""
        try:
            return self._received.get(timeout=timeout_s)
        except Empty:
            raise OperationError(f"no message within {timeout_s:g} s") from None

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self, body: bytes) -> Answer:
        """Only what was answered with success counts as received."""
        try:
            payload = json.loads(body)
        except ValueError:
            return Answer(400, "invalid_payload")
        try:
            answer = self._answers.get_nowait()
        except Empty:
            answer = Answer()
        if answer.status == 200:
            self._received.put(payload)
        return answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(min(length, _BODY_LIMIT))
                is_ours = self.path == sink._path
                self._answer(sink._accept(body) if is_ours else Answer(404, "no_service"))

            def _answer(self, answer: Answer) -> None:
                text = answer.text.encode()
                self.send_response(answer.status)
                self.send_header("Content-Length", str(len(text)))
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: Any) -> None:
                """Nothing: the path is the secret of a webhook."""

        return Handler
