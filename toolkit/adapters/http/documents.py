"""The documents clients find their way by: versions, discovery, OpenAPI."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request as HttpRequest
from starlette.responses import PlainTextResponse, Response

from toolkit.adapters.http import asked
from toolkit.adapters.http.guard import HEALTH_PATHS
from toolkit.apiserver import discovery, openapi
from toolkit.apiserver.kinds import Kind
from toolkit.apiserver.logical_cluster import LogicalCluster
from toolkit.apiserver.reviews import REVIEW_KINDS
from toolkit.errors import MethodError, NotFoundError

_AGGREGATED = "APIGroupDiscoveryList"
_OPENAPI = "/openapi/v3"


def document_at(
    cluster: LogicalCluster, path: str, http: HttpRequest, prefix: str
) -> Response | None:
    """None for a path that is a resource's. Raises NotFoundError, MethodError."""
    if path in HEALTH_PATHS:
        return PlainTextResponse("ok")
    found = _document(cluster, path.rstrip("/"), http, prefix)
    if found is None:
        return None
    if http.method not in ("GET", "HEAD"):
        raise MethodError(f"{http.method} is not supported on this resource")
    body, type = found
    headers = {}
    if "hash" in http.query_params:  # the URL changes with the content
        headers["Cache-Control"] = "public, immutable"
    return Response(orjson.dumps(body), media_type=type, headers=headers)


def _document(
    cluster: LogicalCluster, path: str, http: HttpRequest, prefix: str
) -> tuple[Any, str] | None:
    if path == "/version":
        return discovery.VERSION, "application/json"
    if path == _OPENAPI:
        return openapi.index(_kinds(cluster), prefix), "application/json"
    if path.startswith(f"{_OPENAPI}/"):
        return _openapi(cluster, path.removeprefix(f"{_OPENAPI}/")), "application/json"
    if path in ("/api", "/apis"):
        return _groups(cluster, http.headers.get("accept", ""), is_core=path == "/api")
    parts = path.strip("/").split("/")
    if parts[0] == "apis" and len(parts) == 2:
        return _found(discovery.group(_kinds(cluster), parts[1])), "application/json"
    if (parts[0], len(parts)) in (("apis", 3), ("api", 2)):
        return _resources(cluster, parts), "application/json"
    return None


def _groups(cluster: LogicalCluster, accept: str, *, is_core: bool) -> tuple[Any, str]:
    version = asked.wants(accept, _AGGREGATED)
    kinds = _kinds(cluster)
    if version in ("v2", "v2beta1"):
        type = f"application/json;g=apidiscovery.k8s.io;v={version};as={_AGGREGATED}"
        return discovery.aggregated(kinds, is_core=is_core, version=version), type
    plain = discovery.core_versions() if is_core else discovery.group_list(kinds)
    return plain, "application/json"


def _resources(cluster: LogicalCluster, parts: list[str]) -> Any:
    group, version = ("", parts[1]) if parts[0] == "api" else (parts[1], parts[2])
    return _found(discovery.resource_list(_kinds(cluster), group, version))


def _openapi(cluster: LogicalCluster, path: str) -> Any:
    parts = path.split("/")
    if parts[0] == "api" and len(parts) == 2:
        return _found(openapi.document(_kinds(cluster), "", parts[1]))
    if parts[0] == "apis" and len(parts) == 3:
        return _found(openapi.document(_kinds(cluster), parts[1], parts[2]))
    return _found(None)


def _kinds(cluster: LogicalCluster) -> tuple[Kind, ...]:
    """Those of the store, and the reviews."""
    return (*cluster.kinds(), *REVIEW_KINDS)


def _found(document: Any) -> Any:
    if document is None:
        raise NotFoundError("the server could not find the requested resource")
    return document
