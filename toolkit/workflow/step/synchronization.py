"""Asking for locks: what ``synchronization`` means, and the waiting of nodes and of whole runs.

A node that needs locks is created Pending and does not count against ``parallelism`` until it has
them, as in Argo. Who gets locks is decided elsewhere (:mod:`toolkit.workflow.locks.locks`), of the
requests that a transition carries; the answer comes back as an event
(:mod:`toolkit.workflow.lifecycle.granting`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from toolkit.errors import ExpressionError
from toolkit.workflow.locks.locks import (
    CONFIG_MAP,
    DATABASE,
    DATABASE_MUTEX,
    MUTEX,
    Lock,
    LockRequest,
)
from toolkit.workflow.nodes import Node, Row
from toolkit.workflow.spans import parse_span
from toolkit.workflow.step.call import Call
from toolkit.workflow.step.draft import Draft, started_at
from toolkit.workflow.substitution.parameters import text_of, whole

WAITS: Final = "waits_for_lock"
"""In a node's engine part and in the run's row: it has a request that is not granted yet."""

_INVALID: Final = "requested configuration is invalid"


def locks_of(holder: Row, namespace: str) -> tuple[Lock, ...]:
    """The locks that a template or spec asks for, semaphores first; the singular fields of Argo
    before 3.6 too. Raises ExpressionError.
    """
    wanted: Row = holder.get("synchronization") or {}
    locks = (
        *(_semaphore(one, namespace) for one in _listed(wanted, "semaphore", "semaphores")),
        *(_mutex(one, namespace) for one in _listed(wanted, "mutex", "mutexes")),
    )
    if len(set(locks)) < len(locks):
        raise ExpressionError(f"{_INVALID}: duplicate synchronization item found")
    return locks


def _listed(wanted: Row, one: str, many: str) -> Iterator[Row]:
    if wanted.get(one):
        yield wanted[one]
    yield from wanted.get(many) or ()


def _semaphore(reference: Row, namespace: str) -> Lock:
    place = text_of(reference.get("namespace") or namespace)
    config_map, database = reference.get("configMapKeyRef"), reference.get("database")
    if config_map and database:
        raise ExpressionError(
            f"{_INVALID}: invalid semaphore with both ConfigMapKeyRef and Database"
        )
    if config_map:
        name, key = config_map.get("name"), config_map.get("key")
        return Lock(CONFIG_MAP, place, _name(name, "a ConfigMap's name"), _name(key, "a key"))
    if database:
        return Lock(DATABASE, place, _name(database.get("key"), "a key"))
    raise ExpressionError(
        f"{_INVALID}: cannot get LockName for a Semaphore without a ConfigMapRef or Database"
    )


def _mutex(reference: Row, namespace: str) -> Lock:
    place = text_of(reference.get("namespace") or namespace)
    kind = DATABASE_MUTEX if reference.get("database") else MUTEX
    return Lock(kind, place, _name(reference.get("name"), "a mutex's name"))


def _name(value: Any, what: str) -> str:
    if value in {None, ""}:
        raise ExpressionError(f"{_INVALID}: {what} is missing")
    return text_of(value)


# Nodes


def refuse_own(draft: Draft, call: Call, locks: tuple[Lock, ...]) -> None:
    """Raises ExpressionError where the node would wait for itself: for a mutex that a node around
    it holds, or the run.

    DEVIATION: in Argo it waits for ever.
    """
    if not locks:
        return
    held = {Lock(*lock): "the workflow" for lock in draft.row.get("locks") or ()}
    around = draft.get(call.boundary) if call.boundary else None
    while around is not None:
        held.update((Lock(*lock), around.name) for lock in around.engine.get("locks") or ())
        around = draft.get(around.owner) if around.owner else None
    for lock in locks:
        if lock.is_mutex and lock in held:
            raise ExpressionError(f"it would wait for ever: {held[lock]} holds {lock.text}")


def ask(draft: Draft, node: Node, template: Row) -> None:
    """Let a node that was created with ``locks`` in its engine part wait for them."""
    ask_for_locks(draft, node)
    for field in ("timeout", "pendingTimeout"):
        if template.get(field):
            span: timedelta = parse_span(template[field])
            draft.wake(started_at(node) + span, "lock", node.id)


def ask_for_locks(draft: Draft, known: Node) -> None:
    """A node's request, the first or another in place of one that was given back."""
    node = draft.edit(known.id)
    node.engine[WAITS] = True
    node.engine["request"] = draft.command_id()
    draft.request(node.id, request_of(draft, node.engine, node.id))


def request_of(draft: Draft, holder: Row, node_id: str) -> LockRequest:
    """The request that a node's engine part, or the run's row, speaks of."""
    row, run = draft.row, draft.run
    priority = run.definition.spec.get("priority")
    parts = (run.namespace, run.name, node_id)
    return LockRequest(
        id=holder["request"],
        run=run.uid,
        node_id=node_id,
        holder="/".join(filter(None, parts)),
        locks=tuple(Lock(*lock) for lock in holder["locks"]),
        priority=0 if priority is None else whole(priority),
        created=str(row.get("created") or row["started"]),
    )


# Runs


def ask_for_run(draft: Draft) -> None:
    """The request of the whole run, whose row says for which locks."""
    row = draft.edit_run()
    row[WAITS] = True
    row["request"] = draft.command_id()
    draft.request("", request_of(draft, row, ""))


def give_back_of_run(draft: Draft) -> None:
    """The run ended, or asks no more for now."""
    if draft.edit_run().pop("request", None):
        draft.request("", None)


def give_back(draft: Draft, known: Node) -> None:
    """Ask no more, for now; the node still waits."""
    node = draft.edit(known.id)
    if node.engine.pop("request", None):
        draft.request(node.id, None)


# Suspended runs


def is_resting(draft: Draft) -> bool:
    """Suspended, and not being stopped: nothing starts."""
    row = draft.row
    return bool(row["suspend"] and not row["shutdown"] and not row.get("expired"))


def rest(draft: Draft) -> None:
    """The run is suspended: what waits leaves its queues, so that nobody waits for a run that does
    not go on. What is held stays held, as the steps under way go on.

    DEVIATION: in Argo a suspended workflow keeps its place, and those behind it wait.
    """
    for node in _waiting(draft):
        give_back(draft, node)
    if draft.row.get(WAITS):
        give_back_of_run(draft)


def ask_again(draft: Draft) -> None:
    """The run goes on."""
    for node in _waiting(draft):
        ask_for_locks(draft, node)
    if draft.row.get(WAITS):
        ask_for_run(draft)


def _waiting(draft: Draft) -> list[Node]:
    nodes = (draft.get(id) for id in [*draft.run.nodes])
    return [node for node in nodes if node and node.engine.get(WAITS) and not node.has_ended]
