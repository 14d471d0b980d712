"""A whole environment under a virtual clock: its crons decide and its workflows step exactly as
in the engine; only the containers are played.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from toolkit.resource.resource import Body
from toolkit.workflow.commands import Work
from toolkit.workflow.cron.after import dependencies_of
from toolkit.workflow.cron.catch_up import CatchUp
from toolkit.workflow.cron.decide import CronDecision, decide
from toolkit.workflow.events import SpecChanged
from toolkit.workflow.nodes import EXECUTED, FINISHED, RETRY, SUSPEND
from toolkit.workflow.rehearsal.notices import NOTIFIER, Notice, notice_of
from toolkit.workflow.rehearsal.simulation import LockRoom, Simulation
from toolkit.workflow.rehearsal.steps import Actors
from toolkit.workflow.rehearsal.stock import Stock
from toolkit.workflow.run import NOTE_MARK
from toolkit.workflow.spec.definition import SCHEDULED_TIME
from toolkit.workflow.spec.step_names import without_attempt
from toolkit.workflow.step.synchronization import WAITS

_WAITS: Final = "waits for a person"


@dataclass(frozen=True, slots=True)
class Incident:
    """A tick that did not simply run: what the cron said of it."""

    at: datetime
    cron: str
    reason: str
    message: str


@dataclass(slots=True)
class RehearsedRun:
    """One run. ``finished`` is None where it goes on at the end; ``waited_s``: so long its steps
    waited for a free slot, added up; ``held_s``: so long steps waited for its own parallelism;
    ``locked_s``: so long it, or one of its steps, waited for locks.
    """

    name: str
    cron: str
    scheduled: str
    started: datetime
    finished: datetime | None = None
    phase: str = "Running"
    message: str = ""
    steps: int = 0
    retries: int = 0
    waited_s: float = 0.0
    held_s: float = 0.0
    locked_s: float = 0.0
    notices: list[Notice] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Stage:
    """What is rehearsed. ``actors`` play the steps; ``notifier`` are the object and template whose
    calls are notifications.
    """

    crons: Sequence[Body]
    stock: Stock
    actors: Actors
    catch_up: CatchUp = CatchUp.LATEST
    notifier: tuple[str, str] = NOTIFIER


class Rehearsal:
    """Plays from ``start`` to ``end``. ``incidents`` and ``unfinished`` are complete when
    :meth:`play` ends.
    """

    def __init__(self, stage: Stage, start: datetime, end: datetime) -> None:
        self.now = start
        self.incidents: list[Incident] = []
        self._stage = stage
        self._end = end
        self._agenda: list[tuple[datetime, int, Callable[[], None]]] = []
        self._count = 0
        self._ended: list[RehearsedRun] = []
        self._live: dict[str, _Played] = {}
        self._room = LockRoom(stage.stock.limit_of, start)
        self._crons = [_Cron(body, start, stage.stock) for body in stage.crons]
        self._neighbours = _Neighbours(self._crons)

    def play(self) -> Iterator[RehearsedRun]:
        """The runs, as they end."""
        for cron in self._crons:
            self._decide(cron)
        while self._agenda and self._agenda[0][0] < self._end:
            self.now, _, act = heapq.heappop(self._agenda)
            act()
            if self._ended:
                yield from self._ended
                self._ended.clear()
        self.now = self._end

    @property
    def unfinished(self) -> list[RehearsedRun]:
        """The runs that go on at the end, each with a word about why."""
        for played in self._live.values():
            is_asked = any(
                node.type == SUSPEND and not node.has_ended
                for node in played.simulation.run.nodes.values()
            )
            waiting = self._room.desk.waiting(played.simulation.run.uid)
            played.record.message = next(
                (words for _, words in waiting.values()), _WAITS if is_asked else ""
            )
        return [played.record for played in self._live.values()]

    def _at(self, at: datetime, act: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._agenda, (at, self._count, act))

    # Crons

    def _decide(self, cron: _Cron) -> None:
        decision = decide(
            cron.body,
            self.now,
            tuple(cron.children.values()),
            catch_up=self._stage.catch_up,
            upstream=self._neighbours if cron.names_after else None,
        )
        for name in decision.terminate:
            self._terminate(name)
        if decision.submit is not None:
            self._submit(cron, decision.submit)
        cron.take(decision)
        for _, reason, message in decision.audit:
            self.incidents.append(Incident(self.now, cron.name, reason, message))
        if decision.submit is not None:
            self._decide(cron)  # it stands among the active ones now
        elif decision.next_at is not None and decision.next_at != cron.next_at:
            cron.next_at = decision.next_at
            self._at(decision.next_at, lambda: self._decide(cron))

    def _terminate(self, name: str) -> None:
        played = self._live.get(name)
        if played is not None:
            is_suspended = bool(played.simulation.run.row["suspend"])
            played.simulation.send(SpecChanged(is_suspended, "Terminate"))
            self._watch(played)

    def _submit(self, cron: _Cron, workflow: Body) -> None:
        metadata = workflow["metadata"]
        record = RehearsedRun(
            name=metadata["name"],
            cron=cron.name,
            scheduled=metadata["annotations"][SCHEDULED_TIME],
            started=self.now,
        )
        actors = self._stage.actors.of_run(cron.name, metadata["name"], lambda: self.now)
        simulation = Simulation(
            workflow,
            library=cron.library,
            outcome=actors.outcome,
            now=self.now,
            room=self._room,
            hear=lambda: self._heard(record.name),
        )
        played = _Played(cron, simulation, record)
        self._live[record.name] = played
        cron.children[record.name] = _child(workflow, "Running")
        self._watch(played)

    # Runs

    def _advance(self, played: _Played) -> None:
        """Play what comes now. A run that was ended meanwhile has nothing more to play."""
        if played.record.name in self._live:
            played.due = None
            played.simulation.run_until(self.now)
            self._watch(played)

    def _watch(self, played: _Played) -> None:
        played.look(self.now, self._stage.notifier)
        if played.simulation.run.is_finished:
            self._finish(played)
            return
        self._plan(played)

    def _heard(self, name: str) -> None:
        """A run got the locks that it waited for."""
        if name in self._live:
            self._plan(self._live[name])

    def _plan(self, played: _Played) -> None:
        """Put what the run does next on the agenda."""
        at = played.simulation.next_at
        if at is not None and (played.due is None or at < played.due):
            played.due = at
            self._at(at, lambda: self._advance(played))

    def _finish(self, played: _Played) -> None:
        del self._live[played.record.name]
        self._room.leave(played.simulation.run.uid)
        played.close(self.now, self._stage.actors)
        self._ended.append(played.record)
        cron, record = played.cron, played.record
        cron.children[record.name] = {
            **cron.children[record.name],
            "status": {"phase": record.phase, "finishedAt": self.now.isoformat()},
        }
        self._at(self.now, lambda: self._decide(cron))
        for follower in self._neighbours.ended(cron, record):
            self._at(self.now, lambda follower=follower: self._decide(follower))  # type: ignore[misc]


class _Cron:
    """A CronWorkflow and its children, as the cluster would hold them."""

    def __init__(self, body: Body, start: datetime, stock: Stock) -> None:
        created = start - timedelta(seconds=1)
        metadata = {**body["metadata"], "creationTimestamp": created.isoformat()}
        self.body: Body = {**body, "metadata": metadata}
        self.name = str(metadata["name"])
        self.children: dict[str, Body] = {}
        self.next_at: datetime | None = None
        self.names_after = [dependency.cron for dependency in dependencies_of(body)]
        spec = body.get("spec") or {}
        self.library = stock.library_for({"spec": spec.get("workflowSpec") or {}})

    def take(self, decision: CronDecision) -> None:
        """What the decision writes."""
        if decision.status is not None:
            self.body = {**self.body, "status": decision.status}
        if decision.annotations:
            metadata: dict[str, Any] = self.body["metadata"]
            annotations = {**(metadata.get("annotations") or {}), **decision.annotations}
            self.body = {**self.body, "metadata": {**metadata, "annotations": annotations}}
        for name in decision.delete:
            self.children.pop(name, None)


class _Neighbours:
    """What crons that run after others know of them: phases of all runs that ended, of those only
    that somebody waits for.
    """

    def __init__(self, crons: Sequence[_Cron]) -> None:
        self._crons = {cron.name: cron for cron in crons}
        self._followers: dict[str, list[_Cron]] = {}
        self._phases: dict[str, str] = {}
        for cron in crons:
            for name in cron.names_after:
                self._followers.setdefault(name, []).append(cron)

    def cron(self, name: str) -> Body | None:
        found = self._crons.get(name)
        return None if found is None else found.body

    def phase(self, cron: str, run: str) -> str:
        child = self._crons[cron].children.get(run)
        return str(child["status"]["phase"]) if child else self._phases.get(run, "")

    def ended(self, cron: _Cron, record: RehearsedRun) -> Sequence[_Cron]:
        """The crons that are to decide again."""
        followers = self._followers.get(cron.name, ())
        if followers:
            self._phases[record.name] = record.phase
        return followers


def _child(workflow: Body, phase: str) -> Body:
    metadata = workflow["metadata"]
    return {"metadata": {"name": metadata["name"]}, "status": {"phase": phase}}


class _Wait:
    """Whether anything of a run waits, and since when."""

    def __init__(self) -> None:
        self._waiting: set[str] = set()
        self._since: datetime | None = None

    def note(self, id: str, *, waits: bool) -> None:
        """What is known now of a node, or of the run ("")."""
        if waits:
            self._waiting.add(id)
        else:
            self._waiting.discard(id)

    def ended(self, now: datetime) -> float:
        """The seconds of a wait that is over now, 0 where none is."""
        if self._waiting and self._since is None:
            self._since = now
        if self._waiting or self._since is None:
            return 0.0
        seconds = (now - self._since).total_seconds()
        self._since = None
        return seconds


class _Played:
    """A run under way. ``due``: for when it stands on the agenda."""

    def __init__(self, cron: _Cron, simulation: Simulation, record: RehearsedRun) -> None:
        self.cron = cron
        self.simulation = simulation
        self.record = record
        self.due: datetime | None = None
        self._seen = 0
        self._seen_starts = 0
        self._held = _Wait()
        self._locked = _Wait()
        self._noticed: set[str] = set()

    def look(self, now: datetime, notifier: tuple[str, str]) -> None:
        """Take note of what the last steps of the machine brought."""
        started = self.simulation.started
        for command in started[self._seen_starts :]:
            self._note_start(command, now, notifier)
        self._seen_starts = len(started)
        for transition in self.simulation.transitions[self._seen :]:
            for id, row in transition.nodes:
                if id.startswith(NOTE_MARK):
                    continue
                engine = row["engine"]
                self._held.note(id, waits=bool(engine.get("blocked")))
                is_over = row["status"].get("phase") in FINISHED
                self._locked.note(id, waits=bool(engine.get(WAITS)) and not is_over)
        self._seen = len(self.simulation.transitions)
        row = self.simulation.run.row
        self._held.note("", waits=bool(row["starved"]))
        self._locked.note("", waits=bool(row.get(WAITS)))
        self.record.held_s += self._held.ended(now)
        self.record.locked_s += self._locked.ended(now)

    def _note_start(self, command: Work, now: datetime, notifier: tuple[str, str]) -> None:
        node = self.simulation.run.nodes[command.node_id]
        base = without_attempt(node.name)
        notice = notice_of(node.status, now, notifier)
        if notice is not None and base not in self._noticed:
            self._noticed.add(base)
            self.record.notices.append(notice)

    def close(self, now: datetime, actors: Actors) -> None:
        """The run has ended."""
        run, record = self.simulation.run, self.record
        record.finished = now
        record.phase = run.phase
        record.message = str(run.row["message"])
        record.waited_s = actors.waited_s(record.name)
        nodes = run.nodes
        record.steps = sum(1 for node in nodes.values() if node.type in EXECUTED)
        for id, node in nodes.items():
            if node.type == RETRY:
                record.retries += max(0, len(run.children.get(id, ())) - 1)
