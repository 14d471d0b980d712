"""A world for random workflows: an engine over rows that may crash at any point, steps that live
on, people who interfere, and a clock that jumps. Everything comes from the seed.

What the engine decides is committed, then performed, as the real controller does it; a crash keeps
the rows and what runs, and loses the rest.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.workflow.random_pods import endings
from tests.workflow.random_workflows import LIMITS, Author
from toolkit.adapters.memory_runs import MemoryRuns
from toolkit.controllers.active_run import answer_to
from toolkit.errors import RefusedError
from toolkit.resource.resource import Body
from toolkit.workflow import verbs
from toolkit.workflow.commands import (
    CallResource,
    Command,
    StartContainer,
    StopContainer,
    WakeAt,
)
from toolkit.workflow.events import (
    ContainerEnded,
    ContainerErrored,
    Event,
    NodesResumed,
    RetryRequested,
    SpecChanged,
    Woke,
)
from toolkit.workflow.lock_desk import LockDesk, config_map_limit
from toolkit.workflow.locks import Lock, LockRequest
from toolkit.workflow.machine import step, submit
from toolkit.workflow.nodes import Node
from toolkit.workflow.observe import observe
from toolkit.workflow.ports import Change
from toolkit.workflow.projection import project_workflow
from toolkit.workflow.run import Run, Transition, load
from toolkit.workflow.simulation import EPOCH, Outcome, played

HERE = "here"
WISHES = (SpecChanged, NodesResumed, RetryRequested)
SHUTDOWNS = ("", "", "Stop", "Terminate")


@dataclass(frozen=True, slots=True)
class Faults:
    """How often what goes wrong, each time it could. ``races``: steps end at the same instant, and
    who comes first may differ after a crash.
    """

    crash: float = 0.0
    lost: float = 0.0
    repeat: float = 0.0
    reboot: float = 0.0
    jump: float = 0.0
    meddle: float = 0.0
    races: bool = True


@dataclass(slots=True)
class Started:
    """A command that was claimed: it runs, or has ended with a report; it never starts again."""

    command: StartContainer | CallResource
    heard: list[Event] = field(default_factory=list)
    report: Event | None = None


@dataclass(slots=True)
class Memory:
    """What a crash loses."""

    runs: dict[str, Run] = field(default_factory=dict)
    commands: dict[str, dict[str, Command]] = field(default_factory=dict)
    inbox: list[tuple[str, Event]] = field(default_factory=list)
    timers: list[tuple[str, WakeAt]] = field(default_factory=list)


class CrashError(Exception):
    """The engine is gone."""


Watch = Callable[["World", str, Event | None, Transition, Run | None], None]
"""Called after each commit: the run's uid, the event, what was committed, the run before."""


class World:
    """``rng`` plays faults and people; outcomes of steps come from the seed and the node's name
    alone, so that a world with crashes plays the same as one without.
    """

    def __init__(self, seed: int, faults: Faults, watch: Watch) -> None:
        self.seed = seed
        self.rng = random.Random(f"faults/{seed}")
        self.faults = faults
        self.store = MemoryRuns()
        self.now = EPOCH
        self.skew = timedelta()
        self.limits = dict(LIMITS)
        self.started: dict[str, Started] = {}
        self.crashes = 0
        self.log: dict[str, list[Event]] = {}
        self._watch = watch
        self._agenda: list[tuple[Any, int, Callable[[], None]]] = []
        self._count = 0
        self._memory = Memory()
        self._desk = self._new_desk()
        self._attempts: dict[str, int] = {}
        self.specs: dict[str, Body] = {}

    # The story

    def begin(self) -> None:
        """Submit some workflows, one after the other."""
        rng = random.Random(f"workflows/{self.seed}")
        for at in range(rng.randint(1, 3)):
            workflow, library = Author(rng).workflow(f"wf{at}")
            self.specs[workflow["metadata"]["uid"]] = workflow["spec"]
            delay = timedelta(seconds=rng.choice([0, 0, 1, 3]))
            self._at(self.now + delay, lambda w=workflow, b=library: self._submit(w, b))

    def play(self, most: int) -> None:
        """Until nothing more comes by itself. Raises AssertionError after ``most`` turns."""
        for _ in range(most):
            if not self._turn():
                return
        raise AssertionError("it goes on for ever")

    def _turn(self) -> bool:
        try:
            if self._memory.inbox:
                self._deliver(*self._memory.inbox[0])
                return True
            if self._wake():
                return True
            if not self._agenda and not self._memory.timers:
                return False
            self._pass_time()
        except CrashError:
            self.crashes += 1
            self._recover()
        return True

    def _pass_time(self) -> None:
        due = [command.at - self.skew for _, command in self._memory.timers]
        if self._agenda:
            due.append(self._agenda[0][0])
        self.now = max(self.now, min(due))
        if self.rng.random() < self.faults.jump:
            self.skew += timedelta(seconds=self.rng.choice([-40, -3, 5, 90, 4000]))
        while self._agenda and self._agenda[0][0] <= self.now:
            heapq.heappop(self._agenda)[2]()

    @property
    def clock(self) -> Any:
        """The time as the engine sees it."""
        return self.now + self.skew

    # The engine

    def _submit(self, workflow: Body, library: Any) -> None:
        uid = workflow["metadata"]["uid"]
        transition = submit(workflow, library, self.clock)
        self.store.begin(HERE, transition, self.clock)
        self._memory.runs[uid] = Run.start(transition)
        self._memory.commands[uid] = {}
        self._watch(self, uid, None, transition, None)
        self._follow(uid, transition)

    def run(self, uid: str) -> Run:
        """A run as the engine has it."""
        return self._memory.runs[uid]

    @property
    def uids(self) -> list[str]:
        return sorted(self._memory.runs)

    def send(self, uid: str, event: Event) -> None:
        """What a person wants."""
        self._memory.inbox.append((uid, event))

    def _deliver(self, uid: str, event: Event) -> None:
        if self.rng.random() < self.faults.lost:
            raise CrashError
        del self._memory.inbox[0]
        if uid not in self._memory.runs:
            return
        self._step(uid, event)
        if self.rng.random() < self.faults.repeat and uid in self.log:
            self._memory.inbox.append((uid, self.rng.choice(self.log[uid])))
        if self.rng.random() < self.faults.meddle:
            self._meddle(self.rng.choice(self.uids))

    def _step(self, uid: str, event: Event) -> None:
        run = self._memory.runs[uid]
        transition = step(run, event, self.clock)
        before = Run(run.row, dict(run.nodes), dict(run.notes))
        answered = answer_to(event)
        done = [answered] if self._memory.commands[uid].pop(answered, None) else []
        self.store.commit(Change(uid, transition, self.clock, tuple(done)))
        run.apply(transition)
        if not isinstance(event, WISHES):
            self.log.setdefault(uid, [event]).append(event)
        self._watch(self, uid, event, transition, before)
        self._follow(uid, transition)

    def _follow(self, uid: str, transition: Transition) -> None:
        """Perform what was committed; the engine may die before, between and after."""
        self._maybe_crash()
        self._memory.commands[uid].update({each.id: each for each in transition.commands})
        for command in transition.commands:
            self._perform(uid, command)
            self._maybe_crash()
        self._desk.take(HERE, uid, transition.lock_requests)

    def _maybe_crash(self) -> None:
        if self.faults.crash and self.rng.random() < self.faults.crash:
            raise CrashError

    def _recover(self) -> None:
        """A new engine over the rows."""
        if self.rng.random() < self.faults.reboot:
            self._reboot()
        wishes = [entry for entry in self._memory.inbox if isinstance(entry[1], WISHES)]
        self._memory = Memory()
        stored = self.store.unsettled(HERE)
        for found in stored:
            self._memory.runs[found.uid] = load(found.run, found.nodes)
            self._memory.commands[found.uid] = {each.id: each for each in found.commands}
        requests = self.store.lock_requests()
        self._desk = self._new_desk(requests)
        for found in stored:
            for command in found.commands:
                self._perform(found.uid, command)
        self._memory.inbox += wishes  # they stand in the cluster

    def _reboot(self) -> None:
        """The machine went down: what ran is interrupted."""
        for id, known in self.started.items():
            if known.report is None and isinstance(known.command, StartContainer):
                known.report = ContainerErrored(
                    id, known.command.node_id, "interrupted", self.clock
                )

    def _new_desk(self, requests: Sequence[tuple[str, LockRequest]] = ()) -> LockDesk:
        desk = LockDesk([entry for entry in requests if entry[1].is_held])
        waiting = [request for _, request in requests if not request.is_held]
        desk.join(HERE, self._report, self._limit, waiting)
        return desk

    def _limit(self, lock: Lock) -> int:
        return config_map_limit(lock, self.limits)

    @property
    def desk(self) -> LockDesk:
        return self._desk

    # Commands

    def _perform(self, uid: str, command: Command) -> None:
        match command:
            case WakeAt():
                self._memory.timers.append((uid, command))
            case StopContainer():
                self._stop(uid, command)
            case StartContainer() | CallResource():
                self._start(uid, command)

    def _start(self, uid: str, command: StartContainer | CallResource) -> None:
        known = self.started.get(command.id)
        if known is not None:  # claimed before: follow it, or report again how it ended
            for event in known.heard:
                self._report(uid, event)
            if known.report is not None:
                self._report(uid, known.report)
            return
        outcome = self._outcome(command)
        self.started[command.id] = Started(command)
        *heard, (end, answer) = played(command, outcome, self.clock)
        for at, event in heard:
            self._at(at - self.skew, lambda e=event: self._heard(uid, command.id, e))
        end = max(end, self.clock) - self.skew
        self._at(end, lambda: self._ended(uid, command.id, answer))

    def _heard(self, uid: str, command_id: str, event: Event) -> None:
        """What happens to a pod before its end."""
        known = self.started[command_id]
        if known.report is None:
            known.heard.append(event)
            self._report(uid, event)

    def _outcome(self, command: StartContainer | CallResource) -> Outcome:
        name = f"{self.seed}/{command.node_name}/{command.pod}"
        attempt = self._attempts[name] = self._attempts.get(name, 0) + 1
        rng = random.Random(f"{name}/{attempt}")
        if isinstance(command, CallResource) and rng.random() < 0.5:
            return Outcome(outputs={"entry": '{"outputs":{"exitCode":"0"}}'})
        spread = 0.0 if self.faults.races else 0.1 + rng.random()
        if rng.random() < 0.08:
            return Outcome(error="it could not be started", is_transient=rng.random() < 0.5)
        return Outcome(
            exit_code=rng.choice([0, 0, 0, 1, 2]),
            result=rng.choice(["1", '["a"]', "[1, 2]", "text"]),
            outputs={"o": "value"} if rng.random() < 0.7 else {},
            duration=timedelta(seconds=rng.choice([0, 1, 1, 4]) + spread),
            delay=timedelta(seconds=rng.choice([0, 0, 0, 3])),
            containers=endings(rng, command) if isinstance(command, StartContainer) else {},
        )

    def _ended(self, uid: str, command_id: str, report: Event) -> None:
        known = self.started[command_id]
        if known.report is None:
            known.report = report
            self._report(uid, report)

    def _report(self, uid: str, event: Event) -> None:
        self._memory.inbox.append((uid, event))

    def _stop(self, uid: str, command: StopContainer) -> None:
        self._memory.commands[uid].pop(command.id, None)
        self.store.commit(Change(uid, Transition(), self.clock, (command.id,)))
        known = self.started.get(command.start_id)
        if known is None:
            return  # it is to be started yet, and is stopped when it is
        report: Event = ContainerEnded(command.start_id, command.node_id, 143, self.clock)
        if isinstance(known.command, CallResource):
            report = ContainerErrored(command.start_id, command.node_id, "stopped", self.clock)
        self._ended(uid, command.start_id, report)

    def _wake(self) -> bool:
        for at, (uid, command) in enumerate(self._memory.timers):
            if command.at <= self.clock:
                del self._memory.timers[at]
                if command.id in self._memory.commands.get(uid, {}):
                    self._memory.inbox.append((uid, Woke(command.id, self.clock)))
                return True
        return False

    def _at(self, at: Any, act: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._agenda, (at, self._count, act))

    # People

    def _meddle(self, uid: str) -> None:
        run = self.run(uid)
        choice = self.rng.random()
        if choice < 0.1:
            self.limits["one"] = self.rng.choice([1, 2, 3])
            self._desk.look_again(HERE, lambda _: True)
        elif choice < 0.2:
            self.delete(uid)
        elif run.is_finished:
            self.retry(uid)
        else:
            shutdown = self.rng.choice(SHUTDOWNS)
            self.send(uid, SpecChanged(self.rng.random() < 0.5, shutdown))

    def delete(self, uid: str) -> None:
        """The workflow and all its rows go; its steps are killed."""
        for command in self._memory.commands[uid].values():
            known = self.started.get(command.id)
            if known is not None and known.report is None:
                known.report = ContainerErrored(command.id, "", "killed", self.clock)
        self.store.remove(uid)
        del self._memory.runs[uid], self._memory.commands[uid]
        self._desk.forget(uid)

    def retry(self, uid: str) -> None:
        """As ``gitops retry`` does: an edit of the Workflow, which the engine observes."""
        run = self.run(uid)
        live = {"metadata": {"name": run.name}, "spec": self.specs[uid]}
        try:
            wanted, _ = verbs.retry(project_workflow(run, live), now=self.clock)
        except RefusedError:
            return
        for event in observe(run, wanted):
            if isinstance(event, RetryRequested):
                self.send(uid, event)

    def waiting(self, uid: str) -> list[str]:
        """What an unfinished run waits for, by people's words."""
        run = self.run(uid)
        words = [text for _, text in self._desk.waiting(uid).values()]
        if run.row["suspend"]:
            words.append("suspended")
        return [*words, *(f"suspend node {id}" for id in run.row["waiting"])]


def unfinished(run: Run) -> list[Node]:
    return [node for node in run.nodes.values() if not node.has_ended]
