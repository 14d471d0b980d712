"""OpenAPI v3, a document a group and version: the kinds' schemas, and their write operations.

kubectl looks here for the ``fieldValidation`` parameter before it applies, and for the schemas
that strategic merge patches and ``explain`` need.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from toolkit.apiserver.kinds import Kind
from toolkit.apiserver.paths import ResourcePath
from toolkit.resource.resource import Body
from toolkit.schema.definitions import definition_name, schema_for

_POINTER: Final = "#/$defs/"
_COMPONENTS: Final = "#/components/schemas/"
_PATCHES = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
)
_STRATEGIC = "application/strategic-merge-patch+json"


def index(kinds: Sequence[Kind], prefix: str) -> Body:
    """``/openapi/v3``: where the documents are, by a URL that changes with their content.

    ``prefix`` is what stands before ``/openapi`` in the server's URLs.
    """
    paths = {}
    for group, version in _group_versions(kinds):
        path = f"apis/{group}/{version}" if group else f"api/{version}"
        text = orjson.dumps(document(kinds, group, version))
        digest = hashlib.sha256(text).hexdigest()[:32].upper()
        paths[path] = {"serverRelativeURL": f"{prefix}/openapi/v3/{path}?hash={digest}"}
    return {"paths": paths}


def document(kinds: Sequence[Kind], group: str, version: str) -> Body | None:
    """One group and version's document; None where there is none."""
    found = [k for k in kinds if (k.gvk.group, k.gvk.version) == (group, version)]
    if not found:
        return None
    schemas: dict[str, Any] = {}
    for kind in found:
        schemas.update(_schemas(kind))
    return {
        "openapi": "3.0.0",
        "info": {"title": "gitops", "version": "v1"},
        "paths": dict(path for kind in found for path in _paths(kind)),
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def _group_versions(kinds: Sequence[Kind]) -> dict[tuple[str, str], None]:
    return dict.fromkeys((kind.gvk.group, kind.gvk.version) for kind in kinds)


def _schemas(kind: Kind) -> Iterator[tuple[str, Any]]:
    name = definition_name(kind.gvk)
    if name is None:
        yield _own_name(kind), {**_own_schema(kind), **_type_extension(kind)}
        return
    schema = schema_for(kind.gvk) or {}
    for each, definition in schema["$defs"].items():
        extension = _type_extension(kind) if each == name else {}
        yield each, {**_moved(definition), **extension}


def _own_schema(kind: Kind) -> Mapping[str, Any]:
    declared = ((kind.definition or {}).get("schema") or {}).get("openAPIV3Schema")
    return declared or {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def _own_name(kind: Kind) -> str:
    turned = ".".join(reversed(kind.gvk.group.split("."))) or "io.k8s.api.core"
    return f"{turned}.{kind.gvk.version}.{kind.gvk.kind}"


def _paths(kind: Kind) -> Iterator[tuple[str, Body]]:
    gvk = kind.gvk
    namespace = "{namespace}" if kind.is_namespaced else ""
    collection = _template(ResourcePath(gvk.group, gvk.version, kind.plural, namespace))
    schema = {"$ref": _COMPONENTS + (definition_name(gvk) or _own_name(kind))}
    answer = {"200": {"description": "OK", "content": {"application/json": {"schema": schema}}}}
    body = {"content": {"*/*": {"schema": schema}}}
    operation = {**_group_version_kind(kind), "parameters": _WRITES, "responses": answer}
    patch = {"content": {type: {"schema": {"type": "object"}} for type in _patch_types(kind)}}
    read = {**_group_version_kind(kind), "responses": answer}
    in_path = [_in_path(name) for name in ("namespace",) if kind.is_namespaced]
    yield (
        collection,
        {
            "parameters": in_path,
            "get": {**read, "parameters": _READS, "x-kubernetes-action": "list"},
            "post": {**operation, "x-kubernetes-action": "post", "requestBody": body},
        },
    )
    yield (
        f"{collection}/{{name}}",
        {
            "parameters": [*in_path, _in_path("name")],
            "get": {**read, "x-kubernetes-action": "get"},
            "put": {**operation, "x-kubernetes-action": "put", "requestBody": body},
            "patch": {**operation, "x-kubernetes-action": "patch", "requestBody": patch},
            "delete": {**read, "x-kubernetes-action": "delete"},
        },
    )


def _template(path: ResourcePath) -> str:
    return str(path).replace("%7Bnamespace%7D", "{namespace}")


def _patch_types(kind: Kind) -> tuple[str, ...]:
    return _PATCHES if kind.is_custom else (*_PATCHES, _STRATEGIC)


def _group_version_kind(kind: Kind) -> Body:
    gvk = kind.gvk
    return {
        "x-kubernetes-group-version-kind": {
            "group": gvk.group,
            "version": gvk.version,
            "kind": gvk.kind,
        }
    }


def _type_extension(kind: Kind) -> Body:
    (key, gvk), *_ = _group_version_kind(kind).items()
    return {key: [gvk]}


def _moved(node: Any) -> Any:
    """A schema whose references point into the document's components."""
    if isinstance(node, Mapping):
        return {
            key: _COMPONENTS + value.removeprefix(_POINTER)
            if key == "$ref" and isinstance(value, str)
            else _moved(value)
            for key, value in node.items()
        }
    return [_moved(item) for item in node] if isinstance(node, list) else node


def _query(name: str) -> Body:
    return {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}


def _in_path(name: str) -> Body:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


_READS = [_query(name) for name in ("labelSelector", "fieldSelector", "limit", "continue")]
_WRITES = [_query(name) for name in ("dryRun", "fieldManager", "fieldValidation")]
