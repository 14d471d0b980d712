"""The verbs over HTTP: what was asked to a call, what came of it to a response."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from toolkit.adapters.http import asked
from toolkit.apiserver.bounds import DEEPEST_BODY, check_depth
from toolkit.apiserver.call import FieldValidation
from toolkit.apiserver.kinds import Kind
from toolkit.apiserver.logical_cluster import Answer, LogicalCluster, Request
from toolkit.apiserver.reading import Page
from toolkit.apiserver.tables import table
from toolkit.errors import BadRequestError
from toolkit.resource.resource import Body

JSON = "application/json"
_MOST_WARNINGS = 16
_LONGEST_WARNING = 256


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, understood as far as its path. ``now`` dates the ages in tables."""

    cluster: LogicalCluster
    request: Request
    http: HttpRequest
    content: bytes
    now: Callable[[], datetime]

    @property
    def query(self) -> Mapping[str, str]:
        return self.http.query_params

    @property
    def wants_table(self) -> bool:
        return asked.wants(self.http.headers.get("accept", ""), "Table") is not None

    def document(self) -> Any:
        """The body as a value. Raises MediaTypeError, BadRequestError."""
        type = self.http.headers.get("content-type", "")
        document = asked.document(type, self.content)
        check_depth(document, DEEPEST_BODY)
        if self.request.options.field_validation is FieldValidation.STRICT:
            asked.refuse_repeated_fields(type, self.content)
        return document

    def object(self) -> Body:
        """The body as an object. Raises MediaTypeError, BadRequestError."""
        body = self.document()
        if not isinstance(body, dict):
            raise BadRequestError("the body is no object")
        return body


def watch_shape(call: Asked) -> Callable[[Body], Body] | None:
    """How a watch shows an object: as it is, or as a table, the first with the columns."""
    if not call.wants_table:
        return None
    has_header = True

    def shape(body: Body) -> Body:
        nonlocal has_header
        bodies = (body,) if "name" in body["metadata"] else ()  # a bookmark is no row
        shaped = _table(call, bodies, metadata=_version_of(body), has_header=has_header)
        has_header = False
        return shaped

    return shape


def _get(call: Asked) -> Response:
    return _shaped(call, call.cluster.get(replace(call.request, subresource="")))


def _list(call: Asked) -> Response:
    page = call.cluster.list(call.request, asked.list_options(call.query))
    if call.wants_table:
        return _json(_table(call, page.bodies(), metadata=_list_metadata(page)))
    head = orjson.dumps(_list_head(call.request.kind, _list_metadata(page))).decode()
    return Response(f'{head[:-1]},"items":[{",".join(page.texts)}]}}', media_type=JSON)


def _create(call: Asked) -> Response:
    return _written(call, call.cluster.create(call.request, call.object()))


def _update(call: Asked) -> Response:
    return _written(call, call.cluster.update(call.request, call.object()))


def _patch(call: Asked) -> Response:
    patch_type = asked.patch_type(call.http.headers.get("content-type", ""))
    return _written(call, call.cluster.patch(call.request, call.document(), patch_type))


def _delete(call: Asked) -> Response:
    options, dry_run = asked.delete_options(call.query, call.document())
    request = replace(call.request, options=replace(call.request.options, dry_run=dry_run))
    body = call.cluster.delete(request, options).body
    if body["metadata"].get("deletionTimestamp"):
        return _json(body)
    return _json(_deleted(request.kind, body))


def _delete_collection(call: Asked) -> Response:
    options, dry_run = asked.delete_options(call.query, call.document())
    request = replace(call.request, options=replace(call.request.options, dry_run=dry_run))
    gone = call.cluster.delete_collection(request, asked.selector(call.query), options)
    metadata = {"resourceVersion": str(call.cluster.version())}
    return _json({**_list_head(request.kind, metadata), "items": list(gone)})


VERBS: dict[tuple[str, bool], Callable[[Asked], Response]] = {
    ("GET", True): _get,
    ("GET", False): _list,
    ("POST", False): _create,
    ("PUT", True): _update,
    ("PATCH", True): _patch,
    ("DELETE", True): _delete,
    ("DELETE", False): _delete_collection,
}
"""By method, and whether the path names one object."""


def _written(call: Asked, answer: Answer) -> Response:
    response = _shaped(call, answer.body, status_code=201 if answer.is_new else 200)
    for warning in answer.warnings[:_MOST_WARNINGS]:
        response.headers.append("Warning", _warning(warning))
    return response


def _warning(text: str) -> str:
    """As a header's value: field names in it may hold anything."""
    shown = "".join(each if each.isprintable() else "?" for each in text[:_LONGEST_WARNING])
    quoted = shown.replace("\\", "\\\\").replace('"', '\\"')
    return f'299 - "{quoted}"'.encode().decode("latin-1")  # the wire has UTF-8


def _shaped(call: Asked, body: Body, *, status_code: int = 200) -> Response:
    if call.wants_table:
        body = _table(call, (body,), metadata=_version_of(body))
    return _json(body, status_code=status_code)


def _table(
    call: Asked, bodies: tuple[Body, ...], *, metadata: Body, has_header: bool = True
) -> Body:
    return table(
        call.request.kind,
        bodies,
        now=call.now(),
        metadata=metadata,
        include=asked.include_object(call.query),
        has_header=has_header,
    )


def _version_of(body: Body) -> Body:
    return {"resourceVersion": body["metadata"].get("resourceVersion", "")}


def _list_head(kind: Kind, metadata: Body) -> Body:
    return {
        "kind": f"{kind.gvk.kind}List",
        "apiVersion": kind.gvk.api_version,
        "metadata": metadata,
    }


def _list_metadata(page: Page) -> Body:
    metadata: Body = {"resourceVersion": str(page.version)}
    if page.continue_token:
        metadata["continue"] = page.continue_token
    if page.remaining is not None:
        metadata["remainingItemCount"] = page.remaining
    return metadata


def _deleted(kind: Kind, body: Body) -> Body:
    metadata = body["metadata"]
    details = {"name": metadata["name"], "kind": kind.plural, "uid": metadata["uid"]}
    if kind.gvk.group:
        details["group"] = kind.gvk.group
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details,
    }


def _json(body: Any, *, status_code: int = 200) -> Response:
    return Response(orjson.dumps(body), status_code=status_code, media_type=JSON)
