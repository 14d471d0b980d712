"""Mutexes and semaphores: what they are called, who asks for them, and who gets them.

A :class:`LockRequest` asks for all of its locks or none. A :class:`LockTable` holds the requests of
many runs and decides: a lock goes to the front of its queue, which is in order of priority, then of
the workflow's creation, then of arrival. The order is the same in all queues, so that two requests
never wait for each other. Pure: the table knows what it is told, and says what it grants.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from typing import Final, NamedTuple

from toolkit.workflow.nodes import Row

MUTEX: Final = "Mutex"
CONFIG_MAP: Final = "ConfigMap"
DATABASE: Final = "Database"
DATABASE_MUTEX: Final = "DatabaseMutex"

_MOST_TRIED: Final = 64
"""So many of one run's requests are looked at when the first cannot have all of its locks."""


class Lock(NamedTuple):
    """``name`` is the mutex's name, the ConfigMap's, or a database semaphore's key; ``key`` the
    one in the ConfigMap.
    """

    kind: str
    namespace: str
    name: str
    key: str = ""

    @property
    def text(self) -> str:
        """As Argo writes it: ``argo/Mutex/welcome``, ``argo/ConfigMap/my-config/template``."""
        kind = DATABASE if self.kind == DATABASE_MUTEX else self.kind
        return "/".join(filter(None, (self.namespace, kind, self.name, self.key)))

    @property
    def is_mutex(self) -> bool:
        return self.kind in {MUTEX, DATABASE_MUTEX}

    @property
    def is_shared(self) -> bool:
        """One for all logical clusters of the engine; others belong to one of them."""
        return self.kind in {DATABASE, DATABASE_MUTEX}


@dataclass(frozen=True, slots=True)
class LockRequest:
    """A node's wish for locks, or a whole run's (``node_id`` ""). ``id`` tells it from an earlier
    one of the same node. ``holder`` is ``<namespace>/<workflow>[/<node id>]``; ``created`` the
    workflow's time of creation as text that sorts.
    """

    id: str
    run: str
    node_id: str
    holder: str
    locks: tuple[Lock, ...]
    priority: int = 0
    created: str = ""
    is_held: bool = False

    def held(self) -> LockRequest:
        """The request once it is granted."""
        return replace(self, is_held=True)


def lock_request_to_row(request: LockRequest) -> Row:
    """A row that :func:`lock_request_from_row` reads."""
    locks = [list(lock) for lock in request.locks]
    return {
        "id": request.id, "run": request.run, "node_id": request.node_id, "holder": request.holder,
        "locks": locks, "priority": request.priority, "created": request.created,
        "is_held": request.is_held,
    }  # fmt: skip


def lock_request_from_row(row: Row) -> LockRequest:
    """The inverse of :func:`lock_request_to_row`."""
    return LockRequest(**{**row, "locks": tuple(Lock(*lock) for lock in row["locks"])})


_Place = tuple[int, str, int]
"""Where a request stands in every queue: priority (negated), creation, arrival."""

_Owner = tuple[str, str]
"""A run and a node of it."""


@dataclass(slots=True)
class _Queue:
    """One lock: who holds it and who waits. ``limit`` None: not known, nothing is granted."""

    scope: str
    lock: Lock
    limit: int | None
    holders: dict[_Owner, None] = field(default_factory=dict)
    waiting: list[tuple[_Place, _Owner]] = field(default_factory=list)

    @property
    def has_room(self) -> bool:
        return self.limit is not None and len(self.holders) < self.limit

    def leave(self, place: _Place, owner: _Owner) -> None:
        """Wait no more."""
        del self.waiting[bisect_left(self.waiting, (place, owner))]


@dataclass(slots=True)
class _Entry:
    cluster: str
    request: LockRequest
    place: _Place
    queues: tuple[_Queue, ...]


class LockTable:
    """Who holds and who waits, over many runs. A request stands for its run and node: a new one
    takes the place of the old. After changes, :meth:`grant` says who gets locks now.

    A limit that falls below the number of holders takes nothing away; nothing is granted until
    enough have gone.
    """

    def __init__(self) -> None:
        self._entries: dict[str, dict[str, _Entry]] = {}
        self._queues: dict[tuple[str, Lock], _Queue] = {}
        self._touched: dict[int, _Queue] = {}
        self._arrivals = 0

    # Changes

    def put(self, cluster: str, request: LockRequest) -> None:
        """A request that waits, or one that was granted before (after a restart), limit or not."""
        self.withdraw(request.run, request.node_id)
        self._arrivals += 1
        place = (-request.priority, request.created, self._arrivals)
        queues = tuple(self._queue(cluster, lock) for lock in request.locks)
        self._entries.setdefault(request.run, {})[request.node_id] = _Entry(
            cluster, request, place, queues
        )
        owner = (request.run, request.node_id)
        for queue in queues:
            if request.is_held:
                queue.holders[owner] = None
            else:
                insort(queue.waiting, (place, owner))
            self._touch(queue)

    def withdraw(self, run: str, node_id: str) -> None:
        """The node ended, or waits no more: what it held is free. Unknown ones are ignored."""
        entry = self._entries.get(run, {}).pop(node_id, None)
        if entry is None:
            return
        if not self._entries[run]:
            del self._entries[run]
        owner = (run, node_id)
        for queue in entry.queues:
            queue.holders.pop(owner, None)
            if not entry.request.is_held:
                queue.leave(entry.place, owner)
            self._touch(queue)

    def withdraw_run(self, run: str) -> None:
        """The run was deleted."""
        for node_id in tuple(self._entries.get(run, ())):
            self.withdraw(run, node_id)

    def set_limit(self, cluster: str, lock: Lock, limit: int | None) -> None:
        """A semaphore's size, as it is from now on."""
        queue = self._queue(cluster, lock)
        if queue.limit != limit and not lock.is_mutex:
            queue.limit = limit
            self._touch(queue)

    def grant(self) -> tuple[tuple[str, LockRequest], ...]:
        """Gives away what is free; by cluster, the requests that hold their locks from now on.
        Over all locks that changed since the last call, whoever stands first goes first, in
        whatever order they changed. Cost: in proportion to these locks, times the logarithm.
        """
        granted: list[tuple[str, LockRequest]] = []
        nexts: list[tuple[_Place, int, _Queue]] = []
        self._push_touched(nexts)
        while nexts:
            place, number, queue = heappop(nexts)
            entry = self._next(queue)
            if entry is None:
                continue
            if entry.place != place:  # what was next is gone since
                heappush(nexts, (entry.place, number, queue))
                continue
            granted.append((entry.cluster, self._take(entry)))
            self._push_touched(nexts)
        return tuple(granted)

    def _push_touched(self, nexts: list[tuple[_Place, int, _Queue]]) -> None:
        """Those that somebody may have now; what nobody wants any more is forgotten."""
        touched, self._touched = self._touched, {}
        for number, queue in touched.items():
            if (entry := self._next(queue)) is not None:
                heappush(nexts, (entry.place, number, queue))
            elif not (queue.holders or queue.waiting):
                self._queues.pop((queue.scope, queue.lock), None)

    # Questions

    def limit(self, cluster: str, lock: Lock) -> int | None:
        """The limit as last told; None where it is not known."""
        queue = self._queues.get((_scope(cluster, lock), lock))
        return None if queue is None else queue.limit

    def locks(self, cluster: str) -> tuple[Lock, ...]:
        """The locks of a cluster that somebody holds or waits for, the shared ones too."""
        return tuple(lock for scope, lock in self._queues if scope in {"", cluster})

    def requests(self, run: str) -> tuple[LockRequest, ...]:
        """What a run holds and waits for, in order of asking."""
        return tuple(entry.request for entry in self._entries.get(run, {}).values())

    def holders(self, cluster: str, lock: Lock) -> tuple[str, ...]:
        """Who holds it, by ``<namespace>/<workflow>[/<node id>]``, the first first."""
        queue = self._queues.get((_scope(cluster, lock), lock))
        return () if queue is None else tuple(self._holders(queue))

    def blocked_by(self, run: str, node_id: str) -> tuple[Lock, str] | None:
        """The first lock that a waiting request cannot have, and Argo's words for it; None where it
        does not wait.
        """
        entry = self._entries.get(run, {}).get(node_id)
        if entry is None or entry.request.is_held:
            return None
        blocking = next((queue for queue in entry.queues if not self._is_open(queue, run)), None)
        queue = blocking or entry.queues[0]
        return queue.lock, _words(queue)

    # Private

    def _queue(self, cluster: str, lock: Lock) -> _Queue:
        key = (_scope(cluster, lock), lock)
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = _Queue(*key, limit=1 if lock.is_mutex else None)
        return queue

    def _touch(self, queue: _Queue) -> None:
        self._touched[id(queue)] = queue

    def _next(self, queue: _Queue) -> _Entry | None:
        """Who may have it: the first, or another of the first's run, as in Argo."""
        if not queue.has_room or not queue.waiting:
            return None
        first = queue.waiting[0][1][0]
        for _, (run, node_id) in queue.waiting[:_MOST_TRIED]:
            if run != first:
                return None
            entry = self._entries[run][node_id]
            if all(self._is_open(each, run) for each in entry.queues):
                return entry
        return None

    def _is_open(self, queue: _Queue, run: str) -> bool:
        return queue.has_room and (not queue.waiting or queue.waiting[0][1][0] == run)

    def _take(self, entry: _Entry) -> LockRequest:
        owner = (entry.request.run, entry.request.node_id)
        entry.request = entry.request.held()
        for queue in entry.queues:
            queue.leave(entry.place, owner)
            queue.holders[owner] = None
            self._touch(queue)
        return entry.request

    def _holders(self, queue: _Queue) -> Iterator[str]:
        for run, node_id in queue.holders:
            yield self._entries[run][node_id].request.holder


def _scope(cluster: str, lock: Lock) -> str:
    return "" if lock.is_shared else cluster


def _words(queue: _Queue) -> str:
    if not queue.limit:
        return f"Failed to get semaphore limit for {queue.lock.text}"
    free = queue.limit - len(queue.holders)
    return f"Waiting for {queue.lock.text} lock. Lock status: {free}/{queue.limit}"
