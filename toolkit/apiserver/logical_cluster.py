"""One environment's cluster in a store: the verbs, each in one transaction.

    LogicalCluster(store, "staging", fresh).create(request, body)

What speaks to clients (the Cluster port in process, HTTP) translates to a :class:`Request` and
calls this; so all see the same semantics.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from toolkit.apiserver import (
    access,
    applying,
    deleting,
    drawing,
    patching,
    reading,
    scaling,
    watching,
    writing,
)
from toolkit.apiserver.access import Action, Decision, Subject
from toolkit.apiserver.builtin_kinds import BUILTIN_KINDS
from toolkit.apiserver.call import DEFAULT_OPTIONS, Call, Fresh, Options
from toolkit.apiserver.custom_kinds import ServedKinds
from toolkit.apiserver.deleting import DeleteOptions
from toolkit.apiserver.kinds import Kind, KindIndex
from toolkit.apiserver.namespaces import (
    INITIAL_NAMESPACES,
    KUBE_SYSTEM,
    NAMESPACE,
    namespace_key,
)
from toolkit.apiserver.reading import ListOptions, Page
from toolkit.apiserver.reviews import reviewed
from toolkit.apiserver.selectors import Selector
from toolkit.apiserver.store import ObjectStore, Snapshot, Transaction
from toolkit.apiserver.versions import read_in, written_in
from toolkit.apiserver.watching import Batch, News
from toolkit.errors import NotFoundError, ToolkitError
from toolkit.resource.cluster import PatchType, WatchEvent
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """``name`` "" for the kind as a whole; ``subresource``: "" or "status"."""

    kind: Kind
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    options: Options = DEFAULT_OPTIONS


@dataclass(frozen=True, slots=True)
class Answer:
    """``warnings``: sentences for the client. ``is_new``: the object was created."""

    body: Body
    warnings: tuple[str, ...] = ()
    is_new: bool = False


class LogicalCluster:
    """Thread-safe where its store is. ``fresh`` gives each request its time and uids."""

    def __init__(self, store: ObjectStore, name: str, fresh: Callable[[], Fresh]) -> None:
        self._store = store
        self._name = name
        self._fresh = fresh
        self._served = ServedKinds(name)

    @property
    def name(self) -> str:
        return self._name

    def ensure(self, *namespaces: str) -> None:
        """Makes the cluster where it does not exist: its first namespaces, and those named."""
        with self._store.read() as snapshot:
            wanted = (*INITIAL_NAMESPACES, *namespaces)
            missing = [n for n in wanted if snapshot.get(namespace_key(self._name, n)) is None]
        kind = _BUILTIN_INDEX.by_type(NAMESPACE)
        for name in missing:
            request = Request(kind, name=name, options=Options(field_manager="gitops"))
            self._create_if_absent(request, {"metadata": {"name": name}})

    def uid(self) -> str:
        """Raises NotFoundError before :meth:`ensure`."""
        with self._store.read() as snapshot:
            namespace = snapshot.get(namespace_key(self._name, KUBE_SYSTEM))
        if namespace is None:
            raise NotFoundError(f"there is no cluster {self._name!r}")
        return str(namespace["metadata"]["uid"])

    def kinds(self) -> KindIndex:
        """All kinds served now."""
        with self._store.read() as snapshot:
            return self._served.committed(snapshot)

    def kind(self, gvk: GroupVersionKind) -> Kind:
        """A served kind by type. Raises NotFoundError, with a close name where there is one."""
        return _BUILTIN_INDEX.find(gvk) or self.kinds().by_type(gvk)

    def kind_at(self, group: str, version: str, plural: str) -> Kind | None:
        """A served kind by its REST resource."""
        found = _BUILTIN_INDEX.by_resource(group, version, plural)
        return found or self.kinds().by_resource(group, version, plural)

    def get(self, request: Request) -> Body:
        with self._store.read() as snapshot:
            call = self._read_call(snapshot, request)
            return reading.get(read_in(snapshot, request.kind), call)

    def list(self, request: Request, options: ListOptions) -> Page:
        with self._store.read() as snapshot:
            call = self._read_call(snapshot, request)
            return reading.list_page(read_in(snapshot, request.kind), call, options)

    def create(self, request: Request, body: Body) -> Answer:
        return self._write(request, lambda tx, call: (writing.create(tx, call, body), True))

    def create_all(
        self, requests: Sequence[tuple[Request, Body]]
    ) -> tuple[Body | ToolkitError, ...]:
        """Each as :meth:`create` would, all in one transaction: as stored, or why it was not."""

        def work(tx: Transaction) -> tuple[Body | ToolkitError, ...]:
            kinds = self._served.within(tx)
            return tuple(
                _created(written_in(tx, to.kind), self._call(to, kinds), body)
                for to, body in requests
            )

        return self._store.write(work)

    def update(self, request: Request, body: Body) -> Answer:
        return self._write(request, lambda tx, call: (writing.update(tx, call, body), False))

    def draw(self, requests: Sequence[tuple[Request, Body]]) -> tuple[Body, ...]:
        """All in one transaction. See :func:`toolkit.apiserver.drawing.draw`."""

        def work(tx: Transaction) -> tuple[Body, ...]:
            kinds, namespaces = self._served.within(tx), set[str]()
            return tuple(
                drawing.draw(tx, self._call(to, kinds), body, namespaces) for to, body in requests
            )

        return self._store.write(work)

    def patch(self, request: Request, document: Any, patch_type: PatchType) -> Answer:
        """Any patch; an apply may create."""

        def work(tx: Transaction, call: Call) -> tuple[Body, bool]:
            if patch_type is not PatchType.APPLY:
                return patching.patch(tx, call, document, patch_type), False
            is_new = tx.get(call.key) is None
            return applying.apply(tx, call, document), is_new

        return self._write(request, work)

    def scale(self, request: Request) -> Body:
        """The object's Scale. Raises NotFoundError."""
        with self._store.read() as snapshot:
            call = self._read_call(snapshot, request)
            return scaling.scale_of(call.kind, reading.get(read_in(snapshot, call.kind), call))

    def rescale(self, request: Request, change: Callable[[Body], Body]) -> Answer:
        """See :func:`toolkit.apiserver.scaling.rescale`."""
        return self._write(request, lambda tx, call: (scaling.rescale(tx, call, change), False))

    def delete(self, request: Request, options: DeleteOptions) -> Answer:
        return self._write(request, lambda tx, call: (deleting.delete(tx, call, options), False))

    def delete_collection(
        self, request: Request, selector: Selector, options: DeleteOptions
    ) -> tuple[Body, ...]:
        """All that match, in one transaction; returns their last states."""

        def work(tx: Transaction) -> tuple[Body, ...]:
            call = self._call(request, self._served.within(tx))
            tx = written_in(tx, request.kind)
            found = reading.list_page(tx, call, ListOptions(selector)).bodies()
            return tuple(
                deleting.delete(tx, call.at(call.kind, _namespace(b), _name(b)), options)
                for b in found
                if tx.get(call.at(call.kind, _namespace(b), _name(b)).key) is not None
            )

        return self._store.write(work)

    def decide(self, subject: Subject, action: Action) -> Decision:
        """See :func:`toolkit.apiserver.access.decide`."""
        with self._store.read() as snapshot:
            return access.decide(snapshot, self._name, subject, action)

    def review(self, kind: Kind, subject: Subject, namespace: str, body: Body) -> Body:
        """See :func:`toolkit.apiserver.reviews.reviewed`."""
        with self._store.read() as snapshot:
            return reviewed(snapshot, self._name, kind, subject, namespace, body)

    def changes(self, request: Request, selector: Selector, since: int) -> Batch:
        """See :func:`toolkit.apiserver.watching.changes`."""
        with self._store.read() as snapshot:
            call = self._read_call(snapshot, request)
            return watching.changes(read_in(snapshot, request.kind), call, selector, since)

    def news(self, request: Request, since: int) -> News:
        """See :func:`toolkit.apiserver.watching.news`."""
        with self._store.read() as snapshot:
            call = self._read_call(snapshot, request)
            return watching.news(read_in(snapshot, request.kind), call, since)

    def bookmark(self, request: Request, version: int, *, ends_initial: bool = False) -> WatchEvent:
        """See :func:`toolkit.apiserver.watching.bookmark`."""
        with self._store.read() as snapshot:
            call = self._read_call(snapshot, request)
        return watching.bookmark(call, version, ends_initial=ends_initial)

    def version(self) -> int:
        """The store's newest version."""
        with self._store.read() as snapshot:
            return snapshot.version()

    def subscribe(self, wake: Callable[[], None], kind: Kind | None = None) -> Callable[[], None]:
        """See :meth:`toolkit.apiserver.store.ObjectStore.subscribe`. ``kind`` None: every kind."""
        return self._store.subscribe(wake, (self._name, kind.storage) if kind else None)

    def _create_if_absent(self, request: Request, body: Body) -> None:
        def work(tx: Transaction, call: Call) -> tuple[Body, bool]:
            live = tx.get(call.key)
            return (live, False) if live else (writing.create(tx, call, body), True)

        self._write(request, work)

    def _write(
        self, request: Request, work: Callable[[Transaction, Call], tuple[Body, bool]]
    ) -> Answer:
        def within(tx: Transaction) -> Answer:
            call = self._call(request, self._served.within(tx))
            body, is_new = work(written_in(tx, request.kind), call)
            return Answer(body, tuple(call.warnings), is_new)

        return self._store.write(within)

    def _read_call(self, snapshot: Snapshot, request: Request) -> Call:
        return self._call(request, self._served.committed(snapshot))

    def _call(self, request: Request, kinds: KindIndex) -> Call:
        return Call(
            cluster=self._name,
            kinds=kinds,
            kind=request.kind,
            namespace=request.namespace if request.kind.is_namespaced else "",
            name=request.name,
            fresh=self._fresh(),
            options=request.options,
            subresource=request.subresource,
        )


def _created(tx: Transaction, call: Call, body: Body) -> Body | ToolkitError:
    """A create refuses before it writes: there is nothing to undo for its neighbours' sake."""
    try:
        return writing.create(tx, call, body)
    except ToolkitError as refusal:
        return refusal


def _namespace(body: Body) -> str:
    return str(body["metadata"].get("namespace") or "")


def _name(body: Body) -> str:
    return str(body["metadata"]["name"])


_BUILTIN_INDEX = KindIndex(BUILTIN_KINDS)
