"""The REST paths of Argo's server, below ``/clusters/<name>`` and, for one cluster, at the root.

They are what the ``argo`` command line (``--argo-http1``) and Hera's WorkflowsService ask for.
"""

from __future__ import annotations

import asyncio
import platform
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any, Final

import orjson
from starlette.requests import Request as HttpRequest
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route

from toolkit import __version__
from toolkit.adapters.http.argo_archive import ARCHIVE_VERBS
from toolkit.adapters.http.argo_ask import Ask
from toolkit.adapters.http.argo_events import EVENT_VERBS
from toolkit.adapters.http.argo_kinds import (
    CLUSTER_TEMPLATES,
    CRONS,
    TEMPLATES,
    Verb,
    set_suspended,
    verbs_of,
)
from toolkit.adapters.http.argo_streams import (
    Frame,
    LogReader,
    events,
    frame_of,
    log_request,
    workflow_events,
)
from toolkit.adapters.http.argo_workflows import WORKFLOW_VERBS
from toolkit.adapters.http.identity import subject_of
from toolkit.adapters.http.log_stream import from_thread
from toolkit.adapters.http.workers import off_loop
from toolkit.apiserver.access import Action, Subject
from toolkit.apiserver.argo_access import actions_of
from toolkit.apiserver.grpc_status import GrpcCode, grpc_status, of_code
from toolkit.apiserver.logical_cluster import LogicalCluster
from toolkit.clock import Clock
from toolkit.errors import ForbiddenError, NotFoundError, ToolkitError
from toolkit.resource.resource import Body
from toolkit.workflow.ports import LogStore, RunArchive

_Endpoint = Callable[[HttpRequest], Awaitable[Response]]
_Place = tuple[str, str, _Endpoint]
_Events = Callable[[Ask, Frame, asyncio.Event], AsyncIterator[bytes]]
_JSON: Final = "application/json"
_METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def _info(ask: Ask) -> Body:  # noqa: ARG001
    return {"links": [], "columns": [], "modals": {}}


def _version(ask: Ask) -> Body:  # noqa: ARG001
    """All fields are required by clients."""
    return {
        "version": f"gitops-toolkit-{__version__}",
        "buildDate": "1970-01-01T00:00:00Z",
        "gitCommit": "",
        "gitTag": "",
        "gitTreeState": "",
        "goVersion": "",
        "compiler": platform.python_implementation(),
        "platform": f"{platform.system().lower()}/{platform.machine()}",
    }


def _user(ask: Ask) -> Body:
    return {"subject": ask.subject.name, "groups": list(ask.subject.groups)}


_VERBS: Final[dict[tuple[str, str], Verb]] = {
    ("GET", "info"): _info,
    ("GET", "version"): _version,
    ("GET", "userinfo"): _user,
    **ARCHIVE_VERBS,
    **EVENT_VERBS,
    **WORKFLOW_VERBS,
    **verbs_of(TEMPLATES),
    **verbs_of(CLUSTER_TEMPLATES),
    **verbs_of(CRONS),
    ("PUT", "cron-workflows/{namespace}/{name}/suspend"): set_suspended(is_suspended=True),
    ("PUT", "cron-workflows/{namespace}/{name}/resume"): set_suspended(is_suspended=False),
}
_STREAMS: Final[dict[str, _Events]] = {
    "workflow-events/{namespace}": workflow_events,
    "stream/events/{namespace}": events,
}
_LOGS: Final = (
    "workflows/{namespace}/{name}/log",
    "workflows/{namespace}/{name}/{pod_name}/log",
)
_FOREIGN: Final = ("sync", "event-sources", "sensors", "tracking")
"""What Argo's server has and this one has not, by the first part of the path."""


class ArgoApi:
    """``cluster`` finds a logical cluster by name; ``default`` names the one at the root, if any.
    :meth:`stop` ends the streams under way.
    """

    def __init__(
        self,
        cluster: Callable[[str], LogicalCluster | None],
        *,
        clock: Clock,
        log_store: LogStore | None = None,
        archive: RunArchive | None = None,
        default: str = "",
    ) -> None:
        self._cluster = cluster
        self._clock = clock
        self._log_store = log_store
        self._archive = archive
        self._default = default
        self._stopping = asyncio.Event()
        self._readers: set[LogReader] = set()

    def stop(self) -> None:
        """To be called in the server's loop."""
        self._stopping.set()
        for reader in tuple(self._readers):
            reader.leave()

    def routes(self) -> list[BaseRoute]:
        """To stand before the Kubernetes API's, which would take any path of a cluster."""
        endpoints: list[_Place] = [
            *((*place, self._verb(verb, actions_of(*place))) for place, verb in _VERBS.items()),
            *(
                ("GET", path, self._stream(stream, actions_of("GET", path)))
                for path, stream in _STREAMS.items()
            ),
            *(("GET", path, self._logs(actions_of("GET", path))) for path in _LOGS),
        ]
        endpoints += [_all_namespaces(*each) for each in endpoints if _is_list(*each)]
        served = _routes_at("/clusters/{cluster}/api/v1", endpoints)
        if self._default:
            served.append(Mount("/api/v1", routes=_routes_at("", endpoints)))
        return served

    def _verb(self, verb: Verb, needed: tuple[Action, ...]) -> _Endpoint:
        async def answer(http: HttpRequest) -> Response:
            ask = await self._ask(http, needed)
            return _json(await off_loop(verb, ask))

        return answer

    def _stream(self, stream: _Events, needed: tuple[Action, ...]) -> _Endpoint:
        async def answer(http: HttpRequest) -> Response:
            ask = await self._ask(http, needed)
            accept = http.headers.get("accept", "")
            return _streaming(stream(ask, frame_of(accept), self._stopping), accept)

        return answer

    def _logs(self, needed: tuple[Action, ...]) -> _Endpoint:
        async def answer(http: HttpRequest) -> Response:
            ask = await self._ask(http, needed)
            wanted = await off_loop(log_request, ask)
            accept = http.headers.get("accept", "")
            return _streaming(self._log_lines(LogReader(ask, wanted), frame_of(accept)), accept)

        return answer

    async def _log_lines(self, reader: LogReader, frame: Frame) -> AsyncIterator[bytes]:
        self._readers.add(reader)
        try:
            async for text in from_thread(reader.texts()):
                yield frame(text)
        finally:
            self._readers.discard(reader)
            reader.leave()

    async def _ask(self, http: HttpRequest, needed: tuple[Action, ...]) -> Ask:
        """Raises NotFoundError for an unknown cluster, ForbiddenError."""
        name = http.path_params.get("cluster", self._default)
        cluster = self._cluster(name)
        if cluster is None:
            raise NotFoundError(f"there is no cluster {name!r}")
        subject = await off_loop(_allowed, cluster, http, needed)
        return Ask(
            cluster,
            http.path_params,
            http.query_params,
            await http.body(),
            self._clock.now,
            subject,
            self._log_store,
            self._archive,
            headers={name: http.headers.getlist(name) for name in http.headers},
        )


def _allowed(cluster: LogicalCluster, http: HttpRequest, needed: tuple[Action, ...]) -> Subject:
    """Who asks. Raises ForbiddenError where it may not."""
    subject = subject_of(http, cluster)
    namespace, name = (http.path_params.get(part, "") for part in ("namespace", "name"))
    for each in needed:
        of = name if each.group else ""  # a log's pod is not what the path names
        action = replace(each, namespace=namespace, name=of)
        if not cluster.decide(subject, action).is_allowed:
            raise ForbiddenError(f'User "{subject.name}" {action}')
    return subject


def _routes_at(prefix: str, places: Iterable[_Place]) -> list[BaseRoute]:
    """In groups by the first part of the path: each request to a cluster, also of Kubernetes'
    clients, is held against these.
    """
    single: list[BaseRoute] = []
    groups: dict[str, list[BaseRoute]] = {first: [] for first in _FOREIGN}
    for method, path, endpoint in places:
        first, slash, rest = path.partition("/")
        if slash:
            inner = Route(f"/{rest}", _in_grpc(endpoint), methods=[method])
            groups.setdefault(first, []).append(inner)
        else:
            single.append(Route(f"{prefix}/{first}", _in_grpc(endpoint), methods=[method]))
    others = Route("/{rest:path}", _foreign, methods=_METHODS)
    mounts = [Mount(f"{prefix}/{first}", routes=[*of, others]) for first, of in groups.items()]
    return [*single, *mounts]


def _is_list(method: str, path: str, endpoint: _Endpoint) -> bool:  # noqa: ARG001
    return method == "GET" and path.endswith("/{namespace}")


def _all_namespaces(method: str, path: str, endpoint: _Endpoint) -> _Place:
    """Clients leave the namespace empty where they mean all."""
    return method, path.removesuffix("{namespace}"), endpoint


def _in_grpc(endpoint: _Endpoint) -> _Endpoint:
    """Failures as grpc-gateway tells them."""

    async def answer(http: HttpRequest) -> Response:
        try:
            return await endpoint(http)
        except ToolkitError as error:
            status, body = grpc_status(error)
            return _json(body, status_code=status)

    return answer


async def _foreign(http: HttpRequest) -> Response:
    status, body = of_code(
        GrpcCode.UNIMPLEMENTED, f"{http.method} {http.url.path}: not served by gitops"
    )
    return _json(body, status_code=status)


def _streaming(lines: AsyncIterator[bytes], accept: str) -> Response:
    is_sse = "text/event-stream" in accept
    return StreamingResponse(lines, media_type="text/event-stream" if is_sse else _JSON)


def _json(body: Any, *, status_code: int = 200) -> Response:
    return Response(orjson.dumps(body), status_code=status_code, media_type=_JSON)
