"""Rendered objects placed into a cluster: scope and namespace decided, ownership written down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from toolkit.errors import NotFoundError, RefusedError
from toolkit.resource.cluster import ServedKind
from toolkit.resource.identity import ResourceId
from toolkit.resource.resource import Body
from toolkit.sync.tracking import tracked

Scopes = Mapping[tuple[str, str], bool]
"""(group, kind) → is namespaced."""


def place(
    bodies: Sequence[Body], kinds: Iterable[ServedKind], *, namespace: str, owner: str
) -> dict[ResourceId, Body]:
    """The targets by their id in the cluster, in the order given.

    Namespaced objects that name no namespace go into ``namespace``. Raises NotFoundError for kinds
    that the cluster does not serve and no rendered definition makes, and RefusedError where two
    objects would be one in the cluster.
    """
    scopes = _scopes(kinds, bodies)
    _refuse_unknown(bodies, scopes)
    targets: dict[ResourceId, Body] = {}
    for body in bodies:
        key = _placed_id(body, scopes, namespace)
        if key in targets:
            raise RefusedError(f"{key.short} is rendered twice for namespace {key.namespace!r}")
        targets[key] = tracked(_in_namespace(body, key.namespace), owner, key)
    return targets


def _scopes(kinds: Iterable[ServedKind], bodies: Sequence[Body]) -> Scopes:
    scopes = {(kind.gvk.group, kind.gvk.kind): kind.is_namespaced for kind in kinds}
    for body in bodies:
        if body.get("kind") == "CustomResourceDefinition":
            spec: Mapping[str, Any] = body.get("spec") or {}
            names: Mapping[str, Any] = spec.get("names") or {}
            key = (str(spec.get("group", "")), str(names.get("kind", "")))
            scopes.setdefault(key, spec.get("scope") != "Cluster")
    return scopes


def _refuse_unknown(bodies: Sequence[Body], scopes: Scopes) -> None:
    ids = [ResourceId.of(body) for body in bodies]
    unknown = sorted({(each.group, each.kind) for each in ids} - scopes.keys())
    if unknown:
        names = ", ".join(f"{kind}.{group}" if group else kind for group, kind in unknown)
        raise NotFoundError(
            f"the cluster serves no kind {names}",
            hints=["install its CustomResourceDefinition first, or render it along"],
        )


def _placed_id(body: Body, scopes: Scopes, namespace: str) -> ResourceId:
    rendered = ResourceId.of(body)
    is_namespaced = scopes[(rendered.group, rendered.kind)]
    placed = (rendered.namespace or namespace) if is_namespaced else ""
    return ResourceId(rendered.group, rendered.kind, placed, rendered.name)


def _in_namespace(body: Body, namespace: str) -> Body:
    metadata = dict(body.get("metadata") or {})
    metadata.pop("namespace", None)
    if namespace:
        metadata["namespace"] = namespace
    return {**body, "metadata": metadata}
