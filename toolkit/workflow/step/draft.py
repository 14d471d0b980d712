"""The working copy of one step: reads through to the run, collects what changes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from toolkit.workflow.commands import Command, WakeAt
from toolkit.workflow.locks.locks import LockRequest
from toolkit.workflow.nodes import (
    ERROR,
    FINISHED,
    PENDING,
    POD,
    RUNNING,
    SUCCEEDED,
    SUSPEND,
    Node,
    Row,
    exact,
    node_id,
    parse_instant,
    rfc3339,
)
from toolkit.workflow.run import NOTE_MARK, AuditEvent, Run, Transition

if TYPE_CHECKING:
    from toolkit.workflow.measures.metrics import Measure

T = TypeVar("T")
TIMER: Final = "@timer/"
"""Begins the ids of the notes that say what a WakeAt is for."""

AgendaKind = Literal["begin", "ended", "moved", "resume", "root", "daemons", "keep"]


@dataclass(frozen=True, slots=True)
class Due:
    """Work to do before the step ends. ``begin``: a new node starts its children. ``ended``: the
    owner hears that ``child`` ended. ``moved``: it hears of a new phase. ``resume``: start what a
    limit held back. ``root``: a node that nobody owns ended or moved (main, exit, a hook).
    ``daemons``: the daemons in a node that ended are to be ended. ``keep``: its outputs are to be
    kept in a cache.
    """

    kind: AgendaKind
    node_id: str
    child: str = ""


class Draft:
    """One step's changes over a :class:`Run`, which stays as it is.

    ``row`` is the run row to edit through :meth:`edit_run`; nodes are edited through
    :meth:`edit`, which copies on first touch.
    """

    def __init__(self, run: Run, now: datetime) -> None:
        self.run = run
        self.now = now
        self.row: Row = run.row
        self.agenda: deque[Due] = deque()
        self._nodes: dict[str, Node] = {}
        self._notes: dict[str, Row] = {}
        self._removed: dict[str, None] = {}
        self._children: dict[str, list[str]] = {}
        self._commands: list[Command] = []
        self._lock_requests: dict[str, LockRequest | None] = {}
        self._audit: list[AuditEvent] = []
        self._known: dict[Any, Any] = {}
        self._forgets = False
        self.untold: set[str] = set()  # nodes of whose end the owner is to hear yet, by the agenda
        self.scratch: dict[Any, Any] = {}  # saves work within this step, and ends with it

    # Reading

    def get(self, id: str) -> Node | None:
        node = self._nodes.get(id)
        if node is not None:
            return node
        return None if id in self._removed else self.run.nodes.get(id)

    def node(self, id: str) -> Node:
        """A node that exists. Raises ``KeyError`` else: a bug in the machine."""
        node = self.get(id)
        if node is None:
            raise KeyError(id)
        return node

    def find(self, name: str) -> Node | None:
        """The node of that name."""
        id = self.id_of(name)
        node = self.get(id)
        return node if node is not None and node.name == name else None

    def id_of(self, name: str) -> str:
        """The id a node of that name has or gets; a hash that is taken by another name is redone,
        which Argo does not do (two names then share a node).
        """
        id, round = node_id(self.run.name, name), 0
        while (taken := self.get(id)) is not None and taken.name != name:
            round += 1
            id = node_id(self.run.name, f"{name}#{round}")
        return id

    def children(self, owner: str) -> list[str]:
        """The ids an owner owns, oldest first."""
        known = self.run.children.get(owner, [])
        if self._removed:
            known = [id for id in known if id not in self._removed]
        return [*known, *self._children.get(owner, ())]

    def changed_nodes(self) -> list[Node]:
        """Nodes that this draft created or changed."""
        return list(self._nodes.values())

    def new_nodes(self) -> list[Node]:
        """Nodes that this draft created."""
        return [node for id, node in self._nodes.items() if id not in self.run.nodes]

    def note(self, id: str) -> Row | None:
        if id in self._notes:
            return self._notes[id]
        return None if id in self._removed else self.run.notes.get(id)

    def remember(self, key: Any, compute: Callable[[], T]) -> T:
        """A value that follows from committed rows and from this draft, computed once. It must be
        plain data: it outlives the draft when the transition is applied.
        """
        if key in self._known:
            return self._known[key]  # type: ignore[no-any-return]
        if key in self.run.cache and not self._forgets:
            return self.run.cache[key]  # type: ignore[no-any-return]
        value = self._known[key] = compute()
        return value

    def forget(self) -> None:
        """What was remembered is not true any more: nodes that had ended go on."""
        self._known.clear()
        self._forgets = True

    # Changing

    def edit_run(self) -> Row:
        """The run row, ours to mutate (one level deep)."""
        if self.row is self.run.row:
            self.row = dict(self.run.row)
        return self.row

    def edit(self, id: str) -> Node:
        """The node, ours to mutate (one level deep)."""
        node = self._nodes.get(id)
        if node is None:
            node = self._nodes[id] = self.node(id).copy()
        return node

    def add(self, status: Row, engine: Row) -> Node:
        """A new node; fills in ``seq`` and the times. One that is born ended tells nobody."""
        row = self.edit_run()
        row["seq"] += 1
        if status["type"] == POD and status["phase"] not in FINISHED:
            row["active"] += not engine.get("free")
        engine["seq"] = row["seq"]
        engine["started"] = exact(self.now)
        status["startedAt"] = rfc3339(self.now)
        is_ended = status["phase"] in FINISHED
        status["finishedAt"] = status["startedAt"] if is_ended else None
        if is_ended:
            engine["finished"] = engine["started"]
        node = Node(status, engine)
        self._nodes[node.id] = node
        self._children.setdefault(node.owner, []).append(node.id)
        return node

    def remove(self, id: str) -> None:
        """Forget a node or a note."""
        self._nodes.pop(id, None)
        self._notes.pop(id, None)
        self._removed[id] = None

    def put_note(self, id: str, row: Row) -> None:
        self._removed.pop(id, None)
        self._notes[id] = row

    def set_phase(self, id: str, phase: str, message: str | None = None) -> Node:
        """Move an unfinished node forward; a finished one stays as it is. Ending it tells its
        owner by the agenda.
        """
        known = self.node(id)
        if known.has_ended or (phase == PENDING and known.phase == RUNNING):
            return known
        if known.phase == phase and message in {None, known.message}:
            return known
        node = self.edit(id)
        moved = node.status["phase"] != phase
        node.status["phase"] = phase
        if message is not None:
            _set_or_drop(node.status, "message", message)
        if phase in FINISHED:
            self._end(node)
        elif moved and not node.owner:
            self.agenda.append(Due("root", id))
        elif moved and node.engine.get("hooks"):
            self.agenda.append(Due("moved", node.owner, id))
        return node

    def fault(self, id: str, message: str) -> None:
        """End a node in Error, for what is wrong with the workflow rather than with what ran: what
        is around it ends in Error as well, in words of its own.
        """
        if not self.node(id).has_ended:
            self.edit(id).engine["fault"] = True
            self.set_phase(id, ERROR, message)

    def _end(self, node: Node) -> None:
        node.status["finishedAt"] = rfc3339(self.now)
        node.engine["finished"] = exact(self.now)
        self._note_failure(node)
        self.free(node)
        if self.note(resolved_note(node.id)) is not None:
            self.remove(resolved_note(node.id))
        if node.type == SUSPEND:
            waiting = [id for id in self.row["waiting"] if id != node.id]
            self.edit_run()["waiting"] = waiting
        if node.engine.get("daemons"):
            self.agenda.append(Due("daemons", node.id))
        if node.is_unsuccessful:
            self.audit("Warning", f"WorkflowNode{node.phase}", _node_text(node), node.id)
        if node.engine.get("memo") == "misses" and node.phase == SUCCEEDED:
            self.agenda.append(Due("keep", node.id))  # the owner hears when they are kept
        elif not node.engine.get("settled") or "attempt" in node.engine:
            self.tell_owner(node)
        else:  # a daemon: its owner counted it when it came up
            self.agenda.append(Due("moved", node.owner, node.id))

    def _note_failure(self, node: Node) -> None:
        """Before its slot is free for what may not start any more: see :mod:`fail_fast`."""
        boundary = self.get(node.boundary) if node.boundary and node.is_unsuccessful else None
        if boundary is not None and boundary.engine.get("fast") and not node.status.get("nodeFlag"):
            self.edit(boundary.id).engine["fail"] = True

    def free(self, node: Node) -> None:
        """Give back what the node holds of the limits and locks: it ended, or is a daemon that is
        up.

        DEVIATION: in Argo a daemon holds its slot, and a limit of one is never free again.
        """
        if node.engine.pop("request", None):
            self.request(node.id, None)
        if node.engine.get("free"):
            return
        node.engine["free"] = True
        if node.type == POD:
            self.edit_run()["active"] -= 1
            if self.row["starved"]:
                self.agenda.append(Due("resume", ""))
        if slot := node.engine.get("slot"):
            self.edit(slot).engine["active"] -= 1
            self.agenda.append(Due("resume", slot))

    def tell_owner(self, node: Node) -> None:
        """The node ended, or is a daemon that is up: what waits for it may go on."""
        self.untold.add(node.id)
        self.agenda.append(
            Due("ended", node.owner, node.id) if node.owner else Due("root", node.id)
        )

    def resume_below(self, id: str) -> None:
        """After a retry of the run: let what is below a node go on, the deepest first, and then the
        node itself.
        """
        below = self.below(id)
        unheard = [each for each in below if self.node(each).engine.get("unheard")]
        self.resume_again([*below, id], unheard)

    def resume_again(self, ids: Iterable[str], unheard: Iterable[str]) -> None:
        """Let ``ids`` go on, in order. Before that, steps that lost a hook have it started anew:
        what depends on a step waits for its hooks.
        """
        self.agenda.extend(Due("moved", self.node(id).owner, id) for id in unheard)
        self.agenda.extend(Due("resume", id) for id in ids)

    def below(self, id: str) -> list[str]:
        """What a node owns, and what that owns, the deepest first."""
        found: list[str] = []
        pending = [id]
        while pending:
            inner = self.children(pending.pop())
            found += inner
            pending += inner
        return found[::-1]

    # Commands

    def command_id(self) -> str:
        row = self.edit_run()
        row["commands"] += 1
        return f"{row['uid']}-{row['commands']}"

    def command(self, command: Command) -> None:
        self._commands.append(command)

    def wake(self, at: datetime, kind: str, id: str = "") -> None:
        """Ask for a Woke at ``at``; the timer's note says what for."""
        command_id = self.command_id()
        seq = self.node(id).engine["seq"] if id else 0
        self.put_note(f"{TIMER}{command_id}", {"kind": kind, "node": id, "seq": seq})
        self.command(WakeAt(command_id, at))

    def request(self, id: str, request: LockRequest | None) -> None:
        """Ask for the request's locks for a node ("" is the run), or note that they are held; None
        gives them back.
        """
        self._lock_requests[id] = request

    def audit(
        self, type: Literal["Normal", "Warning"], reason: str, message: str, id: str = ""
    ) -> None:
        self._audit.append(AuditEvent(type, reason, message, id))

    # The outcome

    def transition(self, measures: tuple[Measure, ...] = ()) -> Transition:
        """The changes as rows, and what they measure. The draft is spent."""
        changed = [(id, node.to_row()) for id, node in self._nodes.items()]
        changed.sort(key=lambda entry: entry[1]["engine"]["seq"])
        return Transition(
            run=None if self.row is self.run.row else self.row,
            nodes=(*changed, *self._notes.items()),
            removed=tuple(id for id in self._removed if not self._is_new_again(id)),
            commands=tuple(self._commands),
            lock_requests=tuple(self._lock_requests.items()),
            audit=tuple(self._audit),
            measures=measures,
            cache=self._known,
            forgets=self._forgets,
        )

    def _is_new_again(self, id: str) -> bool:
        known = self.run.notes if id.startswith(NOTE_MARK) else self.run.nodes
        return id not in known


def resolved_note(group: str) -> str:
    """The id of the note in which a step group or task group keeps its steps as it resolved them:
    a daemon's status, say, may be another when the next item starts.
    """
    return f"@steps/{group}"


def _set_or_drop(row: Row, key: str, value: Any) -> None:
    if value:
        row[key] = value
    else:
        row.pop(key, None)


def _node_text(node: Node) -> str:
    told = f"{node.phase} node {node.name}"
    return f"{told}: {node.message}" if node.message else told


def started_at(node: Node) -> datetime:
    """When a node was created."""
    return parse_instant(node.engine["started"])


def finished_at(node: Node) -> datetime:
    """When a node ended."""
    return parse_instant(node.engine["finished"])
