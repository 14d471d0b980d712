"""The ObjectStore in memory: for tests, simulation, and previews."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

from toolkit.apiserver.sensitive import SENSITIVE_KINDS, without_values
from toolkit.apiserver.store import ObjectKey, Snapshot, StoredEvent, StoredObject, Transaction
from toolkit.apiserver.text import from_text, labels_of, owners_of, to_text, with_version
from toolkit.resource.resource import Body

T = TypeVar("T")


class MemoryObjects:
    """One lock: a reader sees a copy of the tables as they stood."""

    def __init__(self) -> None:
        self._tables = _Tables()
        self._lock = threading.RLock()
        self._wakes: tuple[Callable[[], None], ...] = ()

    @contextmanager
    def read(self) -> Iterator[Snapshot]:
        with self._lock:
            tables = self._tables.copy()
        yield MemoryTransaction(tables)

    def write(self, work: Callable[[Transaction], T]) -> T:
        with self._lock:
            tables = self._tables.copy()
            result = work(MemoryTransaction(tables))
            self._tables = tables
        for wake in self._wakes:
            wake()
        return result

    def subscribe(
        self,
        wake: Callable[[], None],
        of: tuple[str, str] | None = None,  # noqa: ARG002  # too often is allowed
    ) -> Callable[[], None]:
        with self._lock:
            self._wakes = (*self._wakes, wake)

        def unsubscribe() -> None:
            with self._lock:
                self._wakes = tuple(each for each in self._wakes if each is not wake)

        return unsubscribe


@dataclass(slots=True)
class _Tables:
    objects: dict[ObjectKey, StoredObject] = field(default_factory=dict)
    events: list[StoredEvent] = field(default_factory=list)
    version: int = 0
    compacted: int = 0

    def copy(self) -> _Tables:
        return replace(self, objects=dict(self.objects), events=list(self.events))


class MemoryTransaction:
    """A view of the tables that may change them."""

    def __init__(self, tables: _Tables) -> None:
        self._tables = tables

    def version(self) -> int:
        return self._tables.version

    def compacted(self) -> int:
        return self._tables.compacted

    def get(self, key: ObjectKey) -> Body | None:
        stored = self.stored(key)
        return from_text(stored.text) if stored else None

    def stored(self, key: ObjectKey) -> StoredObject | None:
        return self._tables.objects.get(key)

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
        wanted = (labels or {}).items()
        found = [
            stored
            for key, stored in sorted(self._tables.objects.items())
            if _is_in(key, cluster, kind, namespace)
            and (after is None or (key.namespace, key.name) > after)
            and (not wanted or wanted <= labels_of(from_text(stored.text)).items())
        ]
        return found[:limit]

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
        then: dict[ObjectKey, StoredEvent] = {}
        for event in self._tables.events:
            if event.version <= version and _is_in(event.key, cluster, kind, namespace):
                then[event.key] = event
        found = [
            StoredObject(key, event.version, self._text(event))
            for key, event in sorted(then.items())
            if event.type != "DELETED" and (after is None or (key.namespace, key.name) > after)
        ]
        return found[:limit]

    def count(
        self, cluster: str, kind: str, namespace: str = "", *, after: tuple[str, str] | None = None
    ) -> int:
        return len(self.objects(cluster, kind, namespace, after=after))

    def last_change(self, cluster: str, kind: str) -> int:
        found = (e.version for e in self._tables.events if _is_in(e.key, cluster, kind, ""))
        return max(found, default=0)

    def stamp(self, cluster: str, kind: str) -> tuple[int, int]:
        versions = [stored.version for stored in self.objects(cluster, kind)]
        return len(versions), max(versions, default=0)

    def events(
        self, cluster: str, kind: str, namespace: str = "", *, since: int, with_previous: bool
    ) -> Sequence[StoredEvent]:
        return [
            replace(
                event,
                text=self._text(event),
                is_current=self._is_current(event),
                previous=self._previous(event) if with_previous else None,
            )
            for event in self._tables.events
            if event.version > since and _is_in(event.key, cluster, kind, namespace)
        ]

    def dependents(self, cluster: str, owner_uid: str) -> Sequence[ObjectKey]:
        return [
            key
            for key, stored in sorted(self._tables.objects.items())
            if key.cluster == cluster and owner_uid in owners_of(from_text(stored.text))
        ]

    def in_namespace(self, cluster: str, namespace: str) -> Sequence[ObjectKey]:
        keys = sorted(self._tables.objects)
        return [key for key in keys if (key.cluster, key.namespace) == (cluster, namespace)]

    def put(self, key: ObjectKey, body: Body) -> Body:
        present = self._tables.objects.get(key)
        version = self._next_version()
        stored = with_version(body, version)
        text = to_text(stored)
        self._tables.objects[key] = StoredObject(key, version, text)
        self._record(version, "MODIFIED" if present else "ADDED", key, stored)
        return stored

    def remove(self, key: ObjectKey) -> Body:
        present = self._tables.objects.pop(key)
        version = self._next_version()
        last = with_version(from_text(present.text), version)
        self._record(version, "DELETED", key, last)
        return last

    def compact(self, version: int) -> None:
        if version <= self._tables.compacted:
            return
        newest = {e.key: e.version for e in self._tables.events if e.version <= version}
        self._tables.events = [
            event
            for event in self._tables.events
            if event.version > version
            or (event.type != "DELETED" and newest[event.key] == event.version)
        ]
        self._tables.compacted = version

    def _next_version(self) -> int:
        self._tables.version += 1
        return self._tables.version

    def _record(self, version: int, type: str, key: ObjectKey, body: Body) -> None:
        if key.kind in SENSITIVE_KINDS:
            body = without_values(body)
        self._tables.events.append(StoredEvent(version, type, key, to_text(body), is_current=False))

    def _is_current(self, event: StoredEvent) -> bool:
        present = self._tables.objects.get(event.key)
        return present is not None and present.version == event.version

    def _text(self, event: StoredEvent) -> str:
        return self._tables.objects[event.key].text if self._is_current(event) else event.text

    def _previous(self, event: StoredEvent) -> str | None:
        earlier = [
            e for e in self._tables.events if e.key == event.key and e.version < event.version
        ]
        return earlier[-1].text if earlier and earlier[-1].type != "DELETED" else None


def _is_in(key: ObjectKey, cluster: str, kind: str, namespace: str) -> bool:
    return (key.cluster, key.kind) == (cluster, kind) and namespace in ("", key.namespace)
