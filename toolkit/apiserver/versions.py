"""Several served versions of one custom kind: objects are stored in one of them, and asked for and
told in any. Conversion is ``None``: only ``apiVersion`` differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from toolkit.apiserver.kinds import Kind
from toolkit.apiserver.store import ObjectKey, Snapshot, StoredEvent, StoredObject, Transaction
from toolkit.apiserver.text import from_text, to_text
from toolkit.resource.resource import Body


def read_in(snapshot: Snapshot, kind: Kind) -> Snapshot:
    """``snapshot`` with the objects of ``kind`` in its version."""
    return _InVersion(snapshot, kind) if kind.stored_as else snapshot


def written_in(transaction: Transaction, kind: Kind) -> Transaction:
    """Likewise; what is put is stored in the storage version."""
    return _WrittenInVersion(transaction, kind) if kind.stored_as else transaction


class _InVersion:
    def __init__(self, snapshot: Snapshot, kind: Kind) -> None:
        self._snapshot = snapshot
        self._kind = kind

    def version(self) -> int:
        return self._snapshot.version()

    def compacted(self) -> int:
        return self._snapshot.compacted()

    def get(self, key: ObjectKey) -> Body | None:
        body = self._snapshot.get(key)
        return self._told(key, body) if body is not None else None

    def stored(self, key: ObjectKey) -> StoredObject | None:
        found = self._snapshot.stored(key)
        return self._told_object(found) if found is not None else None

    def objects(
        self,
        cluster: str,
        kind: str,
        namespace: str = "",
        *,
        after: tuple[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        limit: int | None = None,
    ) -> Sequence[StoredObject]:
        found = self._snapshot.objects(
            cluster, kind, namespace, after=after, labels=labels, limit=limit
        )
        return [self._told_object(stored) for stored in found]

    def objects_at(
        self,
        cluster: str,
        kind: str,
        namespace: str,
        *,
        version: int,
        after: tuple[str, str] | None = None,
        limit: int | None = None,
    ) -> Sequence[StoredObject]:
        found = self._snapshot.objects_at(
            cluster, kind, namespace, version=version, after=after, limit=limit
        )
        return [self._told_object(stored) for stored in found]

    def count(
        self, cluster: str, kind: str, namespace: str = "", *, after: tuple[str, str] | None = None
    ) -> int:
        return self._snapshot.count(cluster, kind, namespace, after=after)

    def last_change(self, cluster: str, kind: str) -> int:
        return self._snapshot.last_change(cluster, kind)

    def stamp(self, cluster: str, kind: str) -> tuple[int, int]:
        return self._snapshot.stamp(cluster, kind)

    def events(
        self, cluster: str, kind: str, namespace: str = "", *, since: int, with_previous: bool
    ) -> Sequence[StoredEvent]:
        found = self._snapshot.events(
            cluster, kind, namespace, since=since, with_previous=with_previous
        )
        return [self._told_event(event) for event in found]

    def dependents(self, cluster: str, owner_uid: str) -> Sequence[ObjectKey]:
        return self._snapshot.dependents(cluster, owner_uid)

    def in_namespace(self, cluster: str, namespace: str) -> Sequence[ObjectKey]:
        return self._snapshot.in_namespace(cluster, namespace)

    def _told(self, key: ObjectKey, body: Body) -> Body:
        if key.kind != self._kind.storage:
            return body
        return {**body, "apiVersion": self._kind.gvk.api_version}

    def _told_text(self, key: ObjectKey, text: str) -> str:
        return to_text(self._told(key, from_text(text))) if key.kind == self._kind.storage else text

    def _told_object(self, stored: StoredObject) -> StoredObject:
        return stored._replace(text=self._told_text(stored.key, stored.text))

    def _told_event(self, event: StoredEvent) -> StoredEvent:
        previous = event.previous
        return replace(
            event,
            text=self._told_text(event.key, event.text),
            previous=self._told_text(event.key, previous) if previous is not None else None,
        )


class _WrittenInVersion(_InVersion):
    def __init__(self, transaction: Transaction, kind: Kind) -> None:
        super().__init__(transaction, kind)
        self._transaction = transaction

    def put(self, key: ObjectKey, body: Body) -> Body:
        if key.kind != self._kind.storage:
            return self._transaction.put(key, body)
        stored = {**body, "apiVersion": self._kind.stored_as}
        return self._told(key, self._transaction.put(key, stored))

    def remove(self, key: ObjectKey) -> Body:
        return self._told(key, self._transaction.remove(key))

    def compact(self, version: int) -> None:
        self._transaction.compact(version)
