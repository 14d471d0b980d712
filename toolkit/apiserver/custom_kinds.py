"""Kinds from the CustomResourceDefinitions a cluster holds."""

from __future__ import annotations

from collections.abc import Iterator

from toolkit.apiserver.kinds import Kind
from toolkit.apiserver.store import Snapshot
from toolkit.apiserver.text import from_text
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body

DEFINITION = "apiextensions.k8s.io/CustomResourceDefinition"
"""As stored."""


def custom_kinds(snapshot: Snapshot, cluster: str) -> tuple[Kind, ...]:
    """Served versions, the storage version of each kind first."""
    return tuple(
        kind
        for stored in snapshot.objects(cluster, DEFINITION)
        for kind in _kinds_of(from_text(stored.text))
    )


def _kinds_of(definition: Body) -> Iterator[Kind]:
    spec = definition["spec"]
    names = spec["names"]
    for version in sorted(spec["versions"], key=lambda v: not v.get("storage")):
        if not version.get("served"):
            continue
        yield Kind(
            gvk=GroupVersionKind(spec["group"], str(version["name"]), names["kind"]),
            plural=names["plural"],
            is_namespaced=spec.get("scope") != "Cluster",
            short_names=tuple(names.get("shortNames") or ()),
            has_status="status" in (version.get("subresources") or {}),
            is_custom=True,
            categories=tuple(names.get("categories") or ()),
            definition=version,
        )
