"""The server in a thread of its own: started when it answers, stopped when its streams ended."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from toolkit.adapters.http.api import KubernetesApi
from toolkit.adapters.http.argo import ArgoApi
from toolkit.adapters.http.audit import Audited, AuditLog
from toolkit.adapters.http.certificate import Certificate
from toolkit.adapters.http.guard import HEALTH_PATHS, Guard, refused
from toolkit.adapters.http.limits import DEFAULT_LIMITS, Limited
from toolkit.adapters.http.workers import use_workers
from toolkit.apiserver.logical_cluster import LogicalCluster
from toolkit.apiserver.tokens import TokenSigner
from toolkit.clock import Clock
from toolkit.errors import ClusterError, StateError
from toolkit.workflow.ports import LogStore, RunArchive

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_GRACE_S = 5
_IDLE_S = 180
"""Longer than clients keep a connection: one that the server closes first can swallow a write."""
_FAREWELL_S = 0.2


@dataclass(frozen=True, slots=True)
class Serving:
    """What a client needs: ``url`` without a path, the token, and the authority's PEM file."""

    url: str
    token: str
    authority_file: Path
    port: int


class HttpServer:
    """Serves until :meth:`stop`, or the end of its ``with`` block."""

    def __init__(  # noqa: PLR0913 - what a server is made of; most of it has a default
        self,
        cluster: Callable[[str], LogicalCluster | None],
        *,
        clock: Clock,
        certificate: Certificate,
        log_store: LogStore | None = None,
        archive: RunArchive | None = None,
        preferred_port: int = 0,
        routes: Sequence[BaseRoute] = (),
        default_cluster: str = "",
        audit_log: Path | None = None,
    ) -> None:
        """``routes`` are served beside the APIs, behind the same guard. Argo's API of the
        ``default_cluster`` is also at the root. Who asked for what is written to ``audit_log``.
        """
        token = secrets.token_urlsafe(32)
        self._socket = _bound(preferred_port)
        port = int(self._socket.getsockname()[1])
        url = f"https://127.0.0.1:{port}"
        self.serving = Serving(url, token, certificate.certificate_file, port)
        signer = TokenSigner(certificate.key_file.read_bytes())
        self._api = KubernetesApi(cluster, clock=clock, signer=signer, log_store=log_store)
        self._argo = ArgoApi(
            cluster, clock=clock, log_store=log_store, archive=archive, default=default_cluster
        )
        kubernetes = _kubernetes(self._api)
        apis = [*self._argo.routes(), *kubernetes]
        guard = Guard(
            _application([*apis, *routes]),
            token=token,
            for_accounts=_application(apis),  # of which each request is asked of RBAC
            account_of=lambda bearer: signer.account(bearer, clock.now()),
        )
        self._log = AuditLog(audit_log) if audit_log else None
        limited = Limited(guard, limits=DEFAULT_LIMITS)
        app = Audited(limited, log=self._log, clock=clock) if self._log else limited
        self._server = _Server(_config(app, certificate))
        self._thread = threading.Thread(target=self._run, name="http-server", daemon=True)

    def start(self) -> Self:
        """Returns when requests are answered. Raises StateError where the server cannot start."""
        self._thread.start()
        self._server.ready.wait()
        if not self._server.started:
            self._thread.join()
            raise StateError("the HTTP server could not start")
        return self

    def stop(self) -> None:
        """Ends watches, finishes requests under way, closes. Stopping twice is fine."""
        loop = self._server.loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # already stopped
                loop.call_soon_threadsafe(self._api.stop)
                loop.call_soon_threadsafe(self._argo.stop)
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
        self._socket.close()
        if self._log:
            self._log.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._server.ready.set()


class _Server(uvicorn.Server):
    """Tells when it is ready, and in which loop it runs."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self.loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        use_workers(self.loop)
        await super().startup(sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """A closed TLS connection waits for the client's farewell, which an idle one never says."""
        aborting = asyncio.create_task(self._abort_idle())
        await super().shutdown(sockets)
        aborting.cancel()
        for connection in tuple(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # lets the loop close what was aborted

    async def _abort_idle(self) -> None:
        while True:
            await asyncio.sleep(_FAREWELL_S)
            for connection in tuple(self.server_state.connections):
                if connection.transport.is_closing():
                    connection.transport.abort()


def _config(app: Any, certificate: Certificate) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        ssl_certfile=str(certificate.certificate_file),
        ssl_keyfile=str(certificate.key_file),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=_GRACE_S,
    )


def _kubernetes(api: KubernetesApi) -> list[BaseRoute]:
    return [Route("/clusters/{cluster}/{path:path}", api.answer, methods=_METHODS)]


def _application(routes: Sequence[BaseRoute]) -> Starlette:
    return Starlette(
        routes=[*(Route(path, _healthy) for path in sorted(HEALTH_PATHS)), *routes],
        exception_handlers={ClusterError: _refused, Exception: _failed},
    )


async def _healthy(request: Request) -> Response:  # noqa: ARG001
    return PlainTextResponse("ok")


async def _refused(request: Request, error: Exception) -> Response:  # noqa: ARG001
    if not isinstance(error, ClusterError):
        raise error
    return refused(error)


async def _failed(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """A bug in us: the client gets no detail; the server's log gets all of it."""
    return refused(ClusterError("an internal error: the server's log has the details"))


def _bound(preferred_port: int) -> socket.socket:
    """The last port where it is free: clients that kept the address find us again."""
    for port in dict.fromkeys((preferred_port, 0)):
        # The protocol is named because asyncio sets TCP_NODELAY only then: 40 ms an answer else.
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind(("127.0.0.1", port))
        except OSError:
            bound.close()
            continue
        return bound
    raise StateError("no port of 127.0.0.1 is free")
