"""Kinds from the CustomResourceDefinitions a cluster holds."""

from __future__ import annotations

from collections.abc import Iterator

from toolkit.apiserver.builtin_kinds import BUILTIN_KINDS
from toolkit.apiserver.kinds import Kind, KindIndex
from toolkit.apiserver.store import Snapshot, Transaction
from toolkit.apiserver.text import from_text
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body

DEFINITION = "apiextensions.k8s.io/CustomResourceDefinition"
"""As stored."""

_BUILTIN = KindIndex(BUILTIN_KINDS)


class ServedKinds:
    """All kinds one cluster serves, built in first: an index, made anew when a definition changed.

    Thread-safe.
    """

    def __init__(self, cluster: str) -> None:
        self._cluster = cluster
        self._kept = ((0, 0), _BUILTIN)

    def committed(self, snapshot: Snapshot) -> KindIndex:
        """As of what is committed; kept for the next call."""
        stamp = snapshot.stamp(self._cluster, DEFINITION)
        kept_stamp, index = self._kept
        if stamp != kept_stamp:
            index = self._index(snapshot)
            self._kept = (stamp, index)
        return index

    def within(self, transaction: Transaction) -> KindIndex:
        """As a transaction sees them, which may yet be undone: nothing is kept."""
        stamp, index = self._kept
        same = stamp == transaction.stamp(self._cluster, DEFINITION)
        return index if same else self._index(transaction)

    def _index(self, snapshot: Snapshot) -> KindIndex:
        custom = custom_kinds(snapshot, self._cluster)
        return KindIndex((*BUILTIN_KINDS, *custom)) if custom else _BUILTIN


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
    versions = sorted(spec["versions"], key=lambda v: not v.get("storage"))
    stored_as = f"{spec['group']}/{versions[0]['name']}" if len(versions) > 1 else ""
    for version in versions:
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
            stored_as=stored_as,
        )
