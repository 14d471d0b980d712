"""The HttpClient and CallClaims ports in memory: servers that answer as a script says."""

from __future__ import annotations

import threading
from collections.abc import Callable

from toolkit.workflow.ports import HttpFailure, HttpRequest
from toolkit.workflow.templates.http_template import HttpResponse

Server = Callable[[HttpRequest], HttpResponse | HttpFailure | None]
"""What is answered; None until the call is given up."""


def ok(_: HttpRequest) -> HttpResponse:
    """A server that has nothing to say."""
    return HttpResponse(200, {}, "")


class MemoryHttp:
    """``sent`` is every request, in order: what at-most-once is checked against."""

    def __init__(self, server: Server = ok) -> None:
        self.server = server
        self.sent: list[HttpRequest] = []
        self._given_up: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    def send(self, call_id: str, request: HttpRequest) -> HttpResponse | HttpFailure:
        with self._lock:
            self.sent.append(request)
            given_up = self._given_up.setdefault(call_id, threading.Event())
        answer = self.server(request)
        if answer is None:
            given_up.wait()
            return HttpFailure("stopped", is_transient=True)
        return answer

    def abort(self, call_id: str) -> None:
        with self._lock:
            self._given_up.setdefault(call_id, threading.Event()).set()

    def close(self) -> None:
        """Gives up every call under way."""
        with self._lock:
            for given_up in self._given_up.values():
                given_up.set()


class MemoryClaims:
    """Claims that outlive an engine."""

    def __init__(self) -> None:
        self.taken: set[str] = set()
        self._lock = threading.Lock()

    def take(self, command_id: str) -> bool:
        with self._lock:
            is_new = command_id not in self.taken
            self.taken.add(command_id)
            return is_new

    def drop(self, command_id: str) -> None:
        with self._lock:
            self.taken.discard(command_id)
