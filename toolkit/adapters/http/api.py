"""The Kubernetes REST API of the embedded clusters, below ``/clusters/<name>``: the routing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.requests import Request as HttpRequest
from starlette.responses import Response, StreamingResponse

from toolkit.adapters.http import answers, asked
from toolkit.adapters.http.answers import Asked
from toolkit.adapters.http.documents import document_at
from toolkit.adapters.http.identity import is_owner, require_allowed, subject_of
from toolkit.adapters.http.log_stream import log_response
from toolkit.adapters.http.reviews import issue_token, review
from toolkit.adapters.http.scale import scale
from toolkit.adapters.http.watch_stream import SharedReads, watch_lines
from toolkit.adapters.http.workers import off_loop
from toolkit.apiserver.access import OWNER, Subject
from toolkit.apiserver.kinds import Kind
from toolkit.apiserver.logical_cluster import LogicalCluster, Request
from toolkit.apiserver.paths import ResourcePath, parse_path
from toolkit.apiserver.reviews import review_kind
from toolkit.apiserver.scaling import scale_paths
from toolkit.apiserver.tokens import TokenSigner
from toolkit.clock import Clock
from toolkit.errors import MethodError, NotFoundError
from toolkit.resource.cluster import PatchType
from toolkit.workflow.ports import LogStore


class KubernetesApi:
    """``cluster`` finds a logical cluster by name. :meth:`stop` ends the streams under way."""

    def __init__(
        self,
        cluster: Callable[[str], LogicalCluster | None],
        *,
        clock: Clock,
        signer: TokenSigner,
        log_store: LogStore | None = None,
    ) -> None:
        self._cluster = cluster
        self._clock = clock
        self._signer = signer
        self._log_store = log_store
        self._stopping = asyncio.Event()
        self._shared = SharedReads()

    def stop(self) -> None:
        """To be called in the server's loop."""
        self._stopping.set()

    async def answer(self, http: HttpRequest) -> Response:
        """The route's endpoint. Raises ClusterError for what is refused.

        All but reading the body is one turn of one worker: to hand a request from thread to thread
        costs as much as most requests do.
        """
        return await off_loop(self._answer, http, await http.body())

    def _answer(self, http: HttpRequest, content: bytes) -> Response:
        name = http.path_params["cluster"]
        cluster = self._cluster(name)
        if cluster is None:
            raise NotFoundError(f"there is no cluster {name!r}")
        path = "/" + http.path_params["path"]
        subject = OWNER if is_owner(http) else subject_of(http, cluster)
        where = parse_path(path)
        if where is None:  # a document's path is no resource's: most requests need not look
            document = document_at(cluster, path, http, f"/clusters/{name}")
            if document is None:
                raise NotFoundError(_NO_RESOURCE)
            return document
        if not subject.is_master:
            _require_allowed(cluster, subject, where, http)
        if kind := review_kind(where.group, where.version, where.plural):
            request = Request(kind, where.namespace, where.name)
            return review(self._asked(cluster, request, http, content), kind, subject)
        found = cluster.kind_at(where.group, where.version, where.plural)
        if found is None:
            raise NotFoundError(_NO_RESOURCE)
        return self._answer_resource(http, content, cluster, where, found)

    def _answer_resource(
        self,
        http: HttpRequest,
        content: bytes,
        cluster: LogicalCluster,
        where: ResourcePath,
        kind: Kind,
    ) -> Response:
        options = asked.options(http.query_params, http.headers.get("user-agent", ""))
        subresource = _subresource(where, kind)
        request = Request(kind, where.namespace, where.name, subresource, options)
        if subresource == "log" and http.method == "GET":
            now = self._clock.now()
            return log_response(cluster, request, http.query_params, self._log_store, now)
        call = self._asked(cluster, request, http, content)
        if subresource == "scale":
            return scale(call)
        if subresource == "token":
            return issue_token(call, self._signer)
        if http.method == "GET" and not where.name and asked.flag_set(call.query, "watch"):
            return self._watch(call)
        verb = answers.VERBS.get((http.method, bool(where.name)))
        if verb is None or subresource == "log":
            raise MethodError(f"{http.method} is not supported on this resource")
        return verb(call)

    def _asked(
        self, cluster: LogicalCluster, request: Request, http: HttpRequest, content: bytes
    ) -> Asked:
        return Asked(cluster, request, http, content, self._clock.now)

    def _watch(self, call: Asked) -> Response:
        options = asked.watch_options(call.query)
        shape = answers.watch_shape(call)
        lines = watch_lines(
            call.cluster, call.request, options, shape, self._stopping, self._shared
        )
        return StreamingResponse(lines, media_type=answers.JSON)


def _subresource(where: ResourcePath, kind: Kind) -> str:
    if not where.subresource:
        return ""
    if where.subresource == "status" and kind.has_status:
        return "status"
    if where.subresource == "scale" and scale_paths(kind) is not None:
        return "scale"
    if (kind.storage, where.subresource) in _SUBRESOURCES:
        return where.subresource
    raise NotFoundError(f"{kind.resource} has no subresource {where.subresource!r}")


def _require_allowed(
    cluster: LogicalCluster, subject: Subject, where: ResourcePath, http: HttpRequest
) -> None:
    media_type = asked.media_type(http.headers.get("content-type", ""))
    require_allowed(
        cluster,
        subject,
        where,
        http.method,
        is_watch=asked.flag_set(http.query_params, "watch"),
        is_apply=media_type == PatchType.APPLY.value,
    )


_NO_RESOURCE = "the server could not find the requested resource"
_SUBRESOURCES = frozenset([("/Pod", "log"), ("/ServiceAccount", "token")])
