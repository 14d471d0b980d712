"""A run as rows, and what one step changes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from toolkit.workflow.commands import Command
from toolkit.workflow.locks.locks import LockRequest
from toolkit.workflow.nodes import Node, Row, from_row
from toolkit.workflow.spec.definition import DEFINITION, Definition

if TYPE_CHECKING:
    from toolkit.workflow.measures.metrics import Measure

NOTE_MARK: Final = "@"
"""Row ids that begin with this are notes (definition, timers), not nodes."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """A Kubernetes event on the Workflow. ``node_id`` is "" where it is about the whole run."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str
    node_id: str = ""


@dataclass(frozen=True, slots=True)
class Transition:
    """What to commit in one transaction, in this order: rows, commands, requests, audit.

    ``run`` is the new run row, or None where it is unchanged. ``nodes`` are changed and new node
    and note rows; ``removed`` are ids that are gone, to be taken away *before* the nodes are put.
    ``lock_requests`` are what nodes ("" is the run) ask for or hold from now on, None where one
    holds and waits for nothing any more. Rows are owned by the receiver, who must not mutate them.
    ``measures`` are custom metrics, for whoever collects them; ``cache`` saves work, no more, and
    what was kept before is not true any more where it ``forgets``.
    """

    run: Row | None = None
    nodes: tuple[tuple[str, Row], ...] = ()
    removed: tuple[str, ...] = ()
    commands: tuple[Command, ...] = ()
    lock_requests: tuple[tuple[str, LockRequest | None], ...] = ()
    audit: tuple[AuditEvent, ...] = ()
    measures: tuple[Measure, ...] = ()
    cache: Mapping[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    forgets: bool = field(default=False, compare=False, repr=False)

    @property
    def is_empty(self) -> bool:
        return self.run is None and not (
            self.nodes or self.removed or self.commands or self.lock_requests or self.audit
        )


@dataclass(slots=True)
class Run:
    """A run in memory: its rows, indexed. Changed by :meth:`apply` only.

    ``children`` maps an owner's id to the ids of what it owns, oldest first ("" owns the roots);
    ``cache`` holds values that follow from the rows alone.
    """

    row: Row
    nodes: dict[str, Node] = field(default_factory=dict)
    notes: dict[str, Row] = field(default_factory=dict)
    children: dict[str, list[str]] = field(default_factory=dict)
    cache: dict[Any, Any] = field(default_factory=dict)

    @classmethod
    def start(cls, transition: Transition) -> Run:
        """The run that a submit's transition begins."""
        if transition.run is None:
            raise ValueError("a submit's transition has a run row")
        run = cls(transition.run)
        run.apply(transition)
        return run

    @property
    def uid(self) -> str:
        return str(self.row["uid"])

    @property
    def name(self) -> str:
        return str(self.row["name"])

    @property
    def namespace(self) -> str:
        return str(self.row["namespace"])

    @property
    def phase(self) -> str:
        return str(self.row["phase"])

    @property
    def is_finished(self) -> bool:
        return bool(self.row["stage"] == "done")

    @property
    def definition(self) -> Definition:
        """What was fixed at submit: the merged spec, the templates, the global values."""
        known = self.cache.get(DEFINITION)
        if known is None:
            known = self.cache[DEFINITION] = Definition(self.notes[DEFINITION])
        return known

    def apply(self, transition: Transition) -> None:
        """Take over a committed transition. Cost: linear in the transition."""
        if transition.run is not None:
            self.row = transition.run
        for id in transition.removed:
            self._remove(id)
        for id, row in transition.nodes:
            self._put(id, row)
        if transition.forgets:
            self.cache.clear()
        self.cache.update(transition.cache)

    def _put(self, id: str, row: Row) -> None:
        if id.startswith(NOTE_MARK):
            self.notes[id] = row
            self.cache.pop(id, None)
            return
        node = from_row(row)
        if id not in self.nodes:
            self.children.setdefault(node.owner, []).append(id)
        self.nodes[id] = node

    def _remove(self, id: str) -> None:
        if id.startswith(NOTE_MARK):
            self.notes.pop(id, None)
            return
        node = self.nodes.pop(id, None)
        if node is not None:
            self.children[node.owner].remove(id)
            self.cache.pop((id, node.engine["seq"]), None)


def load(run_row: Row, node_rows: Iterable[tuple[str, Row]]) -> Run:
    """A run from its rows, in any order."""
    run = Run(run_row)
    nodes: list[tuple[int, str, Node]] = []
    for id, row in node_rows:
        if id.startswith(NOTE_MARK):
            run.notes[id] = row
        else:
            node = from_row(row)
            nodes.append((int(node.engine["seq"]), id, node))
    for _, id, node in sorted(nodes, key=lambda entry: entry[0]):
        run.nodes[id] = node
        run.children.setdefault(node.owner, []).append(id)
    return run


def rows(run: Run) -> Mapping[str, Row]:
    """All node and note rows by id: the inverse of :func:`load`."""
    return {**run.notes, **{id: node.to_row() for id, node in run.nodes.items()}}
