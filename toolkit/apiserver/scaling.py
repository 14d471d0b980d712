"""The scale subresource: how many of it there should be, in one form for all kinds that say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from toolkit.apiserver.call import Call
from toolkit.apiserver.kinds import Kind
from toolkit.apiserver.refusals import invalid, not_found
from toolkit.apiserver.store import Transaction
from toolkit.apiserver.writing import replace_live
from toolkit.errors import BadRequestError, NotFoundError
from toolkit.resource.resource import Body

_LABELS = ".spec.selector"


class ScalePaths(NamedTuple):
    """Where a kind says it: paths like ``.spec.replicas``; ``selector`` may be ""."""

    wanted: str
    present: str
    selector: str = ""


def scale_paths(kind: Kind) -> ScalePaths | None:
    """None for a kind without the subresource."""
    if kind.definition is None:
        return _BUILTIN.get(kind.storage)
    declared = (kind.definition.get("subresources") or {}).get("scale")
    if not declared:
        return None
    return ScalePaths(
        str(declared.get("specReplicasPath") or ""),
        str(declared.get("statusReplicasPath") or ""),
        str(declared.get("labelSelectorPath") or ""),
    )


def scale_of(kind: Kind, body: Body) -> Body:
    """The object as an autoscaling/v1 Scale. Raises NotFoundError for a kind without one."""
    paths = _paths(kind)
    metadata = {key: body["metadata"][key] for key in _METADATA if key in body["metadata"]}
    wanted, present = _at(body, paths.wanted), _at(body, paths.present)
    status: Body = {"replicas": present if isinstance(present, int) else 0}
    selector = _selector(_at(body, paths.selector)) if paths.selector else ""
    if selector:
        status["selector"] = selector
    return {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": metadata,
        "spec": {"replicas": wanted if isinstance(wanted, int) else _default(kind)},
        "status": status,
    }


def rescale(tx: Transaction, call: Call, change: Callable[[Body], Body]) -> Body:
    """Writes what ``change`` makes of the Scale; returns the Scale as it is then.

    Raises NotFoundError, ConflictError for a stale version, InvalidError.
    """
    live = tx.get(call.key)
    if live is None:
        raise not_found(call.kind, call.name)
    changed = change(scale_of(call.kind, live))
    replicas = _replicas(call, changed)
    body = _with(live, _paths(call.kind).wanted, replicas)
    metadata = changed.get("metadata")
    named = metadata if isinstance(metadata, Mapping) else {}
    wanted = {key: named[key] for key in ("uid", "resourceVersion") if named.get(key)}
    body["metadata"] = {**body["metadata"], **wanted}
    return scale_of(call.kind, replace_live(tx, call, live, body))


def _replicas(call: Call, scale: Any) -> int:
    spec = scale.get("spec") if isinstance(scale, Mapping) else None
    if spec is not None and not isinstance(spec, Mapping):
        raise BadRequestError("spec is no object")
    replicas = (spec or {}).get("replicas", 0)
    if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
        told = "Invalid value: must be a number greater than or equal to 0"
        raise invalid(call.kind, call.name, [("spec.replicas", told)])
    return replicas


def _paths(kind: Kind) -> ScalePaths:
    paths = scale_paths(kind)
    if paths is None:
        raise NotFoundError(f"{kind.resource} has no subresource 'scale'")
    return paths


def _default(kind: Kind) -> int:
    return 0 if kind.definition else 1


def _keys(path: str) -> list[str]:
    return path.strip(".").split(".")


def _at(body: Any, path: str) -> Any:
    for key in _keys(path):
        body = body.get(key) if isinstance(body, Mapping) else None
    return body


def _with(body: Body, path: str, value: int) -> Body:
    """A copy of ``body`` that says ``value`` there."""
    first, *rest = _keys(path)
    if not rest:
        return {**body, first: value}
    inner = body.get(first)
    return {**body, first: _with(inner if isinstance(inner, dict) else {}, ".".join(rest), value)}


def _selector(value: Any) -> str:
    """Of a label selector; a text is passed on."""
    if isinstance(value, str) or value is None:
        return value or ""
    labels = value.get("matchLabels") or {} if isinstance(value, Mapping) else {}
    return ",".join(f"{key}={labels[key]}" for key in sorted(labels))


_METADATA = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
_BUILTIN: Mapping[str, ScalePaths] = {
    f"apps/{kind}": ScalePaths(".spec.replicas", ".status.replicas", _LABELS)
    for kind in ("Deployment", "ReplicaSet", "StatefulSet")
}
