"""What an object must be to be stored, and what the server completes: by kind, as a table."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from toolkit.apiserver.call import Call
from toolkit.apiserver.custom_schema import causes, defaulted, pruned, schema_causes, schema_of
from toolkit.apiserver.immutability import update_causes
from toolkit.apiserver.kinds import Kind
from toolkit.apiserver.refusals import invalid
from toolkit.resource.resource import Body

_LABEL_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_PATH_SEGMENT = re.compile(r"(?!\.{1,2}$)[^/%]+")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
_LABEL_KEY = re.compile(
    r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
)
_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")

_LARGEST_CONTENT = 1 << 20
_LARGEST_ANNOTATIONS = 256 << 10

_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character"
)
_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character"
)

Cause = tuple[str, str]
"""A field path and what is wrong there."""


def completed(call: Call, body: Body, live: Body | None = None) -> Body:
    """``body`` as it is stored: what the kind's own rules add or convert. Raises InvalidError."""
    complete = _COMPLETIONS.get(call.kind.storage)
    if complete:
        return complete(call, body, live)
    schema = schema_of(call.kind)
    filled: Body = defaulted(pruned(body, schema), schema) if schema else body
    return filled


def check(call: Call, body: Body, live: Body | None = None) -> None:
    """Raises InvalidError with every cause found; ``live`` is what ``body`` takes the place of."""
    schema = schema_of(call.kind)
    found = [*_metadata_causes(call.kind, body), *_kind_causes(call.kind, body)]
    found += causes(body, schema) if schema else ()
    found += update_causes(call.kind, live, body) if live is not None else ()
    if found:
        raise invalid(call.kind, str((body.get("metadata") or {}).get("name") or ""), found)


def _metadata_causes(kind: Kind, body: Body) -> Iterator[Cause]:
    metadata = body["metadata"]
    name = metadata.get("name")
    if not isinstance(name, str) or not name:
        yield "metadata.name", "Required value: name or generateName is required"
    else:
        rule, told, longest = _NAME_RULES.get(kind.storage, (_SUBDOMAIN, _SUBDOMAIN_RULE, 253))
        if not rule.fullmatch(name) or len(name) > longest:
            yield "metadata.name", f'Invalid value: "{name}": {told}'
    yield from _label_causes(metadata.get("labels"))
    annotations = metadata.get("annotations")
    for key, value in _items(annotations):
        if not isinstance(value, str):
            yield f"metadata.annotations.{key}", "Invalid value: must be a string"
    if _size_bytes(annotations, with_keys=True) > _LARGEST_ANNOTATIONS:
        yield "metadata.annotations", _too_long(_LARGEST_ANNOTATIONS)
    yield from _list_causes(metadata)


def _label_causes(labels: Any) -> Iterator[Cause]:
    for key, value in _items(labels):
        if not _LABEL_KEY.fullmatch(str(key)):
            yield "metadata.labels", f'Invalid value: "{key}": not a qualified name'
        if not isinstance(value, str) or not _LABEL_VALUE.fullmatch(value):
            yield "metadata.labels", f'Invalid value: "{value}": not a label value'


def _items(value: Any) -> Iterable[tuple[Any, Any]]:
    """Of a map; that it is one was checked with the kind's schema."""
    return value.items() if isinstance(value, Mapping) else ()


def _size_bytes(texts: Any, *, with_keys: bool = False) -> int:
    """Of a map's texts; what is none counts nothing."""
    return sum(
        len(value.encode()) + (len(str(key).encode()) if with_keys else 0)
        for key, value in _items(texts)
        if isinstance(value, str)
    )


def _decoded_bytes(texts: Any) -> int:
    """Of a map's texts in base64."""
    values = [value for _, value in _items(texts) if isinstance(value, str)]
    return sum(len(value) * 3 // 4 - value.count("=") for value in values)


def _too_long(most: int) -> str:
    return f"Too long: may not be more than {most} bytes"


def _list_causes(metadata: Mapping[str, Any]) -> Iterator[Cause]:
    finalizers = metadata.get("finalizers")
    if finalizers is not None and not (
        isinstance(finalizers, list) and all(isinstance(f, str) and f for f in finalizers)
    ):
        yield "metadata.finalizers", "Invalid value: must be a list of names"
    references = metadata.get("ownerReferences")
    if references is None:
        return
    if not isinstance(references, list):
        yield "metadata.ownerReferences", "Invalid value: must be a list"
        return
    for index, reference in enumerate(references):
        for field in ("apiVersion", "kind", "name", "uid"):
            if not isinstance(reference, Mapping) or not isinstance(reference.get(field), str):
                yield f"metadata.ownerReferences[{index}].{field}", "Required value"


def _kind_causes(kind: Kind, body: Body) -> Iterator[Cause]:
    for field in _OBJECT_FIELDS:
        if body.get(field) is not None and not isinstance(body[field], Mapping):
            yield field, f"Invalid value: must be an object, not {type(body[field]).__name__}"
    check_kind = _CHECKS.get(kind.storage)
    if check_kind:
        yield from check_kind(body)


def _secret(call: Call, body: Body, live: Body | None) -> Body:  # noqa: ARG001
    """``stringData`` is written into ``data``; the type has a default."""
    plain = body.get("stringData")
    stored = {key: value for key, value in body.items() if key != "stringData"}
    if plain is not None:
        if not isinstance(plain, Mapping) or not all(isinstance(v, str) for v in plain.values()):
            raise invalid(call.kind, call.name, [("stringData", "Invalid value: must be strings")])
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in plain.items()}
        stored["data"] = {**(body.get("data") or {}), **encoded}
    stored.setdefault("type", "Opaque")
    return stored


def _namespace(call: Call, body: Body, live: Body | None) -> Body:  # noqa: ARG001
    metadata = body["metadata"]
    labels = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": metadata.get("name")}
    status = {"phase": "Terminating" if metadata.get("deletionTimestamp") else "Active"}
    return {
        **body,
        "metadata": {**metadata, "labels": labels},
        "spec": {"finalizers": ["kubernetes"], **(body.get("spec") or {})},
        "status": {**(body.get("status") or {}), **status},
    }


def _definition(call: Call, body: Body, live: Body | None) -> Body:
    """A CustomResourceDefinition is established at once: there is nothing to wait for."""
    spec = body.get("spec")
    if not isinstance(spec, Mapping) or not isinstance(spec.get("names"), Mapping):
        return body
    names = {**spec["names"]}
    names.setdefault("singular", str(names.get("kind") or "").lower())
    names.setdefault("listKind", f"{names.get('kind') or ''}List")
    stored = [v.get("name") for v in spec.get("versions") or () if v.get("storage")]
    since = call.fresh.timestamp if live is None else None
    return {
        **body,
        "spec": {
            **spec,
            "names": names,
            "conversion": spec.get("conversion") or {"strategy": "None"},
        },
        "status": {
            "acceptedNames": names,
            "conditions": _established(live, since),
            "storedVersions": stored,
        },
    }


def _established(live: Body | None, since: str | None) -> Any:
    if live is not None and (live.get("status") or {}).get("conditions"):
        return live["status"]["conditions"]
    told = (
        ("NamesAccepted", "NoConflicts", "no conflicts found"),
        ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    )
    return [
        {
            "type": condition,
            "status": "True",
            "reason": reason,
            "message": message,
            "lastTransitionTime": since,
        }
        for condition, reason, message in told
    ]


def _check_secret(body: Body) -> Iterator[Cause]:
    for key, value in _items(body.get("data")):
        if not _DATA_KEY.fullmatch(str(key)):
            yield f"data[{key}]", "Invalid value: not a valid key"
        try:
            base64.b64decode(value, validate=True)
        except (TypeError, ValueError, binascii.Error):
            yield f"data[{key}]", "Invalid value: must be base64"
    if _decoded_bytes(body.get("data")) > _LARGEST_CONTENT:
        yield "data", _too_long(_LARGEST_CONTENT)


def _check_config_map(body: Body) -> Iterator[Cause]:
    for key, value in _items(body.get("data")):
        if not _DATA_KEY.fullmatch(str(key)):
            yield f"data[{key}]", "Invalid value: not a valid key"
        if not isinstance(value, str):
            yield f"data[{key}]", "Invalid value: must be a string"
    size = _size_bytes(body.get("data")) + _decoded_bytes(body.get("binaryData"))
    if size > _LARGEST_CONTENT:
        yield "", _too_long(_LARGEST_CONTENT)


def _check_definition(body: Body) -> Iterator[Cause]:
    spec = body.get("spec") or {}
    names = spec.get("names") or {}
    for field in ("plural", "kind"):
        if not isinstance(names.get(field), str) or not names[field]:
            yield f"spec.names.{field}", "Required value"
    if not isinstance(spec.get("group"), str) or not spec["group"]:
        yield "spec.group", "Required value"
    if body["metadata"].get("name") != f"{names.get('plural')}.{spec.get('group')}":
        yield "metadata.name", 'Invalid value: must be spec.names.plural+"."+spec.group'
    versions = spec.get("versions")
    if not isinstance(versions, list) or not all(isinstance(v, Mapping) for v in versions):
        yield "spec.versions", "Required value"
        return
    if sum(bool(v.get("storage")) for v in versions) != 1:
        yield "spec.versions", "Invalid value: must have exactly one version marked as storage"
    if spec.get("scope") not in ("Namespaced", "Cluster"):
        yield "spec.scope", 'Unsupported value: supported values: "Cluster", "Namespaced"'
    for index, version in enumerate(versions):
        yield from _version_causes(version, f"spec.versions[{index}]")


def _version_causes(version: Mapping[str, Any], path: str) -> Iterator[Cause]:
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    if not schema:
        yield f"{path}.schema.openAPIV3Schema", "Required value: schemas are required"
        return
    yield from schema_causes(schema, f"{path}.schema.openAPIV3Schema")


def _job(call: Call, body: Body, live: Body | None) -> Body:  # noqa: ARG001
    """Kubernetes' defaults. A Job selects the pods it makes by its uid, unless it says that it
    selects by itself.
    """
    spec = body.get("spec")
    if not isinstance(spec, Mapping):
        return body
    alone = {} if spec.get("parallelism") is not None else {"completions": 1}
    given = {key: value for key, value in spec.items() if value is not None}
    body = {**body, "spec": (spec := {**_JOB_DEFAULTS, **alone, **given})}
    if spec.get("manualSelector"):
        return body
    template = spec.get("template")
    if not isinstance(template, Mapping):
        return body
    metadata = (live or body)["metadata"]
    uid, name = metadata["uid"], metadata["name"]
    own = {
        f"{_BATCH}controller-uid": uid,
        f"{_BATCH}job-name": name,
        "controller-uid": uid,
        "job-name": name,
    }
    extra = template.get("metadata") or {}
    labelled = {**extra, "labels": {**(extra.get("labels") or {}), **own}}
    selector = spec.get("selector") or {"matchLabels": {f"{_BATCH}controller-uid": uid}}
    put = {"selector": selector, "template": {**template, "metadata": labelled}}
    return {**body, "spec": {**spec, **put}}


_JOB_DEFAULTS: Body = {
    "parallelism": 1,
    "backoffLimit": 6,
    "completionMode": "NonIndexed",
    "suspend": False,
}
_BATCH = "batch.kubernetes.io/"
_OBJECT_FIELDS = ("spec", "status", "data", "stringData")

_COMPLETIONS: dict[str, Callable[[Call, Body, Body | None], Body]] = {
    "/Secret": _secret,
    "/Namespace": _namespace,
    "batch/Job": _job,
    "apiextensions.k8s.io/CustomResourceDefinition": _definition,
}
_CHECKS: dict[str, Callable[[Body], Iterator[Cause]]] = {
    "/Secret": _check_secret,
    "/ConfigMap": _check_config_map,
    "apiextensions.k8s.io/CustomResourceDefinition": _check_definition,
}
_RBAC = "rbac.authorization.k8s.io"
_NAME_RULES = {
    "/Namespace": (_LABEL_NAME, _LABEL_RULE, 63),
    "/Service": (_LABEL_NAME, _LABEL_RULE, 63),
    **{
        f"{_RBAC}/{kind}": (_PATH_SEGMENT, "may not contain '/' or '%'", 253)
        for kind in ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
    },
}
