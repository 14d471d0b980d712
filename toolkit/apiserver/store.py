"""The ObjectStore port: objects and the log of their changes, in transactions.

A version is the number of a change, the same counter for all logical clusters of a store; an
object's ``metadata.resourceVersion`` is the version that wrote it, assigned in the transaction.
Adapters: SQLite, and memory. One contract suite runs over both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

from toolkit.resource.resource import Body

T = TypeVar("T")


class ObjectKey(NamedTuple):
    """``kind`` is ``<group>/<Kind>`` ("/Secret" in the core group): versions share storage."""

    cluster: str
    kind: str
    namespace: str
    name: str


class StoredObject(NamedTuple):
    """An object as JSON text, its resourceVersion inside."""

    key: ObjectKey
    version: int
    text: str


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One change. ``type``: ADDED, MODIFIED, DELETED. ``text``: the object after it (DELETED: as
    it last was). ``previous``: the object before it, where asked for and known.

    ``is_current``: no later change of the same object. The text of a Secret that is not current
    lacks its values.
    """

    version: int
    type: str
    key: ObjectKey
    text: str
    is_current: bool
    previous: str | None = None


class Snapshot(Protocol):
    """A consistent view."""

    def version(self) -> int:
        """The newest change's; 0 in an empty store."""
        ...

    def compacted(self) -> int:
        """History is complete after this version."""
        ...

    def get(self, key: ObjectKey) -> Body | None:
        """The object, the caller's own."""
        ...

    def stored(self, key: ObjectKey) -> StoredObject | None:
        """The object as it is stored, for those who need not take a large one apart."""
        ...

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
        """By namespace and name; "" is all namespaces. ``after``: only those behind this
        (namespace, name). ``labels``: only those that carry all of them. ``limit``: the first.
        """
        ...

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
        """As :meth:`objects`, as they were at ``version``, which must not be compacted."""
        ...

    def count(
        self, cluster: str, kind: str, namespace: str = "", *, after: tuple[str, str] | None = None
    ) -> int:
        """How many :meth:`objects` would give."""
        ...

    def last_change(self, cluster: str, kind: str) -> int:
        """The newest version that changed an object of the kind and is not compacted; else 0."""
        ...

    def stamp(self, cluster: str, kind: str) -> tuple[int, int]:
        """How many objects of the kind there are, and the newest of their versions: of two
        committed states the same only where the objects are.
        """
        ...

    def events(
        self, cluster: str, kind: str, namespace: str = "", *, since: int, with_previous: bool
    ) -> Sequence[StoredEvent]:
        """Changes after ``since``, in order."""
        ...

    def dependents(self, cluster: str, owner_uid: str) -> Sequence[ObjectKey]:
        """Objects with an ownerReference to this uid, in the order of keys."""
        ...

    def in_namespace(self, cluster: str, namespace: str) -> Sequence[ObjectKey]:
        """All objects of a namespace, in the order of keys."""
        ...


class Transaction(Snapshot, Protocol):
    """A view that sees its own writes."""

    def put(self, key: ObjectKey, body: Body) -> Body:
        """Stores ``body`` as a new version; returns it with its resourceVersion."""
        ...

    def remove(self, key: ObjectKey) -> Body:
        """Deletes; returns the last state with the deletion's resourceVersion.

        Raises ``KeyError`` where there is no such object.
        """
        ...

    def compact(self, version: int) -> None:
        """Forgets history up to and with ``version``, but not how things stood then."""
        ...


class ObjectStore(Protocol):
    """Thread-safe."""

    def read(self) -> AbstractContextManager[Snapshot]:
        """A snapshot, valid inside the ``with`` block, in this thread."""
        ...

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Runs ``work`` alone in a transaction; returns once it is durable.

        An exception rolls back and is raised here. ``work`` must not call the store.
        """
        ...

    def subscribe(
        self, wake: Callable[[], None], of: tuple[str, str] | None = None
    ) -> Callable[[], None]:
        """Calls ``wake``, from any thread, after every commit; with ``of``, a cluster and a kind,
        at least after those that changed one of its objects. Returns the function that ends it.

        ``wake`` must be quick, and must not raise or call the store.
        """
        ...
