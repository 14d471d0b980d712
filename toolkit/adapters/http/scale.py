"""``<resource>/<name>/scale`` over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from starlette.responses import Response

from toolkit.adapters.http import asked
from toolkit.adapters.http.answers import JSON, Asked
from toolkit.errors import BadRequestError, InvalidError, MediaTypeError, MethodError, PatchError
from toolkit.resource.cluster import PatchType
from toolkit.resource.json_patch import apply_json_patch
from toolkit.resource.merge_patch import apply_merge_patch
from toolkit.resource.resource import Body


def scale(call: Asked) -> Response:
    """Answers GET, PUT and PATCH. Raises what these verbs do on the object itself."""
    match call.http.method:
        case "GET":
            body = call.cluster.scale(call.request)
        case "PUT":
            replaced = call.object()
            body = call.cluster.rescale(call.request, lambda _: replaced).body
        case "PATCH":
            body = call.cluster.rescale(call.request, _patch(call)).body
        case _:
            raise MethodError(f"{call.http.method} is not supported on this resource")
    return Response(orjson.dumps(body), media_type=JSON)


def _patch(call: Asked) -> Callable[[Body], Body]:
    kind = asked.patch_type(call.http.headers.get("content-type", ""))
    document = call.document()
    if kind is PatchType.APPLY:
        raise MediaTypeError("a Scale is not applied: send a merge patch or a JSON patch")
    wanted = list if kind is PatchType.JSON else dict
    if not isinstance(document, wanted):
        raise BadRequestError(
            "the patch is no object" if wanted is dict else "the patch is no list"
        )

    def change(live: Body) -> Body:
        try:
            return _patched(live, document, kind)
        except PatchError as error:
            raise InvalidError(f"the patch does not fit the Scale: {error}") from error

    return change


def _patched(live: Body, document: Any, kind: PatchType) -> Body:
    """A Scale has no lists: its strategic merge is a merge."""
    is_json = kind is PatchType.JSON
    patched = apply_json_patch(live, document) if is_json else apply_merge_patch(live, document)
    if not isinstance(patched, dict):
        raise BadRequestError("the patch leaves no object")
    return patched
