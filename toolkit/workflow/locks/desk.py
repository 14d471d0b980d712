"""Takes the requests of runs, and tells them what they got.

The pure middle between runs and the :class:`~toolkit.workflow.locks.locks.LockTable`: it asks for
the limits of semaphores and sends grants as events. The engine, ``gitops simulate`` and the
simulator use the same one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from toolkit.errors import NotFoundError, RefusedError, ToolkitError
from toolkit.workflow.events import LocksGranted, LocksRefused
from toolkit.workflow.locks.locks import Lock, LockRequest, LockTable
from toolkit.workflow.nodes import Row

LockEvent = LocksGranted | LocksRefused
Deliver = Callable[[str, LockEvent], None]
"""Takes a run's uid and what it is told."""

LimitOf = Callable[[Lock], int]
"""A semaphore's limit now. Raises ToolkitError where there is none."""

Changes = Iterable[tuple[str, LockRequest | None]]

UNLIMITED: Final = 1_000_000_000
"""The limit of a semaphore of which nothing is known, where nobody shall wait for it."""


@dataclass(frozen=True, slots=True)
class _Member:
    deliver: Deliver
    limit_of: LimitOf


class LockDesk:
    """The locks of one engine. Each logical cluster has its own; ``database`` locks are shared."""

    def __init__(self, held: Iterable[tuple[str, LockRequest]] = ()) -> None:
        """``held``: requests granted before, by cluster; of clusters that do not join, too."""
        self._table = LockTable()
        self._members: dict[str, _Member] = {}
        for cluster, request in held:
            self._table.put(cluster, request)

    def join(
        self,
        cluster: str,
        deliver: Deliver,
        limit_of: LimitOf,
        waiting: Iterable[LockRequest] = (),
    ) -> None:
        """A cluster takes part: what its runs ask for counts, and ``deliver`` hears of it.
        ``waiting``: what they asked for before, in order of asking; all of it is known before
        anything is granted, so that the order is that of an engine that was never away.
        """
        self._members[cluster] = _Member(deliver, limit_of)
        for lock in self._table.locks(cluster):
            self._look_up(cluster, lock)
        for request in waiting:
            self._ask(cluster, request)
        self._grant()

    def take(self, cluster: str, run: str, changes: Changes) -> None:
        """What a transition says of a run's requests. A request for a semaphore without a limit is
        refused.
        """
        for node_id, request in changes:
            if request is None:
                self._table.withdraw(run, node_id)
            elif not request.is_held:
                self._ask(cluster, request)
        self._grant()

    def forget(self, run: str) -> None:
        """A run was deleted: it holds nothing and waits for nothing."""
        self._table.withdraw_run(run)
        self._grant()

    def look_again(self, cluster: str, chosen: Callable[[Lock], bool]) -> bool:
        """The limits of chosen locks may have changed; one that cannot be read now stays as it was.
        False where nobody holds or waits for any of them.
        """
        concerned = [lock for lock in self._table.locks(cluster) if chosen(lock)]
        for lock in concerned:
            self._look_up(cluster, lock)
        self._grant()
        return bool(concerned)

    # What people see

    def waiting(self, run: str) -> dict[str, tuple[Lock, str]]:
        """By node ("" is the run): the lock that it waits for, and Argo's words for it."""
        found = {}
        for request in self._table.requests(run):
            blocked = self._table.blocked_by(run, request.node_id)
            if blocked is not None:
                found[request.node_id] = blocked
        return found

    def status(self, cluster: str, run: str) -> Row:
        """Argo's ``status.synchronization``; {} where the run has nothing to do with locks."""
        status: Row = {}
        for request in self._table.requests(run):
            for lock in request.locks:
                holders = [request.holder] if request.is_held else [*self.holders(cluster, lock)]
                part = "holding" if request.is_held else "waiting"
                _note(status, lock, part, holders)
        return status

    def holders(self, cluster: str, lock: Lock) -> tuple[str, ...]:
        """Who holds a lock, by ``<namespace>/<workflow>[/<node id>]``."""
        return self._table.holders(cluster, lock)

    # Private

    def _ask(self, cluster: str, request: LockRequest) -> None:
        member = self._members[cluster]
        for lock in request.locks:
            if lock.is_mutex:
                continue
            try:
                limit = member.limit_of(lock)
                reason = "it is 0"
            except ToolkitError as error:
                limit, reason = self._table.limit(cluster, lock) or 0, error.message
            if limit <= 0:
                text = f"failed to initialize semaphore {lock.text} with limit: {reason}"
                self._table.withdraw(request.run, request.node_id)
                member.deliver(request.run, LocksRefused(request.id, request.node_id, text))
                return
            self._table.set_limit(cluster, lock, limit)
        self._table.put(cluster, request)

    def _look_up(self, cluster: str, lock: Lock) -> None:
        if lock.is_mutex:
            return
        try:
            self._table.set_limit(cluster, lock, self._members[cluster].limit_of(lock))
        except ToolkitError:
            return

    def _grant(self) -> None:
        for cluster, request in self._table.grant():
            self._members[cluster].deliver(request.run, LocksGranted(request.id, request.node_id))


def _note(status: Row, lock: Lock, part: str, holders: list[str]) -> None:
    """One lock that a run holds or waits for, as Argo shows it."""
    kind = "mutex" if lock.is_mutex else "semaphore"
    if lock.is_mutex:
        entries = [{"mutex": lock.text, "holder": holder} for holder in holders[:1]]
        status.setdefault(kind, {}).setdefault(part, []).extend(entries)
        return
    known = status.setdefault(kind, {}).setdefault(part, [])
    same = next((entry for entry in known if entry["semaphore"] == lock.text), None)
    if same is None:
        known.append({"semaphore": lock.text, "holders": holders})
    elif part == "holding":
        same["holders"] = [*same["holders"], *holders]


def database_limit(lock: Lock, semaphores: Mapping[str, int]) -> int:
    """Of a ``database`` semaphore, among limits by ``<namespace>/<key>``; or NotFoundError."""
    name = f"{lock.namespace}/{lock.name}"
    if name not in semaphores:
        raise NotFoundError(f"no semaphore {name!r} in runtime.semaphores of gitops.yaml")
    return semaphores[name]


def config_map_limit(lock: Lock, data: Mapping[str, Any] | None) -> int:
    """Of a semaphore in a ConfigMap, from its data (None: there is none). Raises NotFoundError and
    RefusedError.
    """
    if data is None:
        raise NotFoundError(f'configmaps "{lock.name}" not found')
    if lock.key not in data:
        raise NotFoundError(f"Sync configuration key '{lock.key}' not found in ConfigMap")
    try:
        return int(str(data[lock.key]))
    except ValueError as error:
        text = f"the limit {data[lock.key]!r} in ConfigMap {lock.name} is no whole number"
        raise RefusedError(text) from error
