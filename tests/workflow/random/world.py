"""A world for random workflows: an engine over rows that may crash at any point, steps that live
on, people who interfere, and a clock that jumps. Everything comes from the seed.

What the engine decides is committed, then performed, as the real controller does it, and with its
own record of what is decided: several steps may be committed together. A crash keeps the rows and
what runs, and loses the rest.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from tests.workflow.random.executor import Executor
from tests.workflow.random.leaves import DATABASE_LIMITS, LIMITS
from tests.workflow.random.people import meddle
from tests.workflow.random.workflows import Author
from toolkit.adapters.memory.runs import MemoryRuns
from toolkit.controllers.runs.active_run import Decided, answer_to
from toolkit.resource.resource import Body
from toolkit.workflow.commands import Command, StopContainer, WakeAt
from toolkit.workflow.events import (
    Event,
    LocksGranted,
    NodesResumed,
    RetryRequested,
    SpecChanged,
    Woke,
)
from toolkit.workflow.locks.desk import LockDesk, config_map_limit
from toolkit.workflow.locks.locks import DATABASE, Lock, LockRequest
from toolkit.workflow.machine import step, submit
from toolkit.workflow.nodes import Node
from toolkit.workflow.ports import Change
from toolkit.workflow.rehearsal.simulation import EPOCH
from toolkit.workflow.run import Run, Transition, load
from toolkit.workflow.spec.library import Library

HERE = "here"
WISHES = (SpecChanged, NodesResumed, RetryRequested)
JUMPS_S = (-4000, -40, -3, 5, 90, 4000)


@dataclass(frozen=True, slots=True)
class Faults:
    """How often what goes wrong, each time it could.

    ``crash``: the engine dies between commit and command, or between two commands; ``lost``: before
    what it decided is committed. ``reboot``: what runs dies with it; calls under way do so in any
    crash where ``cut`` says it. ``repeat``: an old event comes again; ``late``: one comes after
    those behind it. ``jump``: the clock is set. ``meddle``: people.

    ``races``: who comes first may differ after a crash, because runs are submitted or steps end at
    the same instant, or because a lock that was granted in memory is given away anew, when others
    have asked for it.
    """

    crash: float = 0.0
    lost: float = 0.0
    cut: float = 0.0
    repeat: float = 0.0
    late: float = 0.0
    reboot: float = 0.0
    jump: float = 0.0
    meddle: float = 0.0
    races: bool = True


@dataclass(slots=True)
class Memory:
    """What a crash loses. ``heard``: events that were followed, and nothing of it is committed."""

    runs: dict[str, Run] = field(default_factory=dict)
    commands: dict[str, dict[str, Command]] = field(default_factory=dict)
    inbox: list[tuple[str, Event]] = field(default_factory=list)
    timers: list[tuple[str, WakeAt]] = field(default_factory=list)
    undone: dict[str, Decided] = field(default_factory=dict)
    heard: list[tuple[str, Event]] = field(default_factory=list)


class CrashError(Exception):
    """The engine is gone."""


class Watcher(Protocol):
    """Looks at what the engine does."""

    def decided(
        self, world: World, uid: str, event: Event | None, changes: Transition, before: Run | None
    ) -> None:
        """A step of a run, which has taken it over; ``before`` is the run as it was."""

    def committed(self, world: World, changes: Sequence[Change]) -> None:
        """All that was decided is in the rows."""


class World:
    """``rng`` plays faults and people; outcomes of steps come from the seed and the node's name
    alone, so that a world with crashes plays the same as one without.
    """

    def __init__(self, seed: int, faults: Faults, watcher: Watcher) -> None:
        self.seed = seed
        self.rng = random.Random(f"faults/{seed}")
        self.faults = faults
        self.store = MemoryRuns()
        self.now = EPOCH
        self.skew = timedelta()
        self.limits = dict(LIMITS)
        self.crashes = 0
        self.log: dict[str, list[Event]] = {}
        self.specs: dict[str, Body] = {}
        self.libraries: dict[str, Library] = {}
        self._watcher = watcher
        self._agenda: list[tuple[datetime, int, Callable[[], None]]] = []
        self._count = 0
        self._memory = Memory()
        self._desk = self._new_desk()
        self._executor = Executor(
            seed,
            races=faults.races,
            at=lambda at, act: self._at(at - self.skew, act),
            report=self._report,
        )

    # The story

    def begin(self) -> None:
        """Submit some workflows, one after the other."""
        rng = random.Random(f"workflows/{self.seed}")
        for at in range(rng.randint(1, 3)):
            workflow, library = Author(rng).workflow(f"wf{at}")
            apart = 0.0 if self.faults.races else at / 16
            self.submit_later(workflow, library, rng.choice([0, 0, 1, 3]) + apart)

    def submit_later(self, workflow: Body, library: Library, seconds: float = 0.0) -> None:
        """Another workflow, after a time."""
        uid = workflow["metadata"]["uid"]
        self.specs[uid], self.libraries[uid] = workflow["spec"], library
        at = self.now + timedelta(seconds=seconds)
        self._at(at, lambda: self._submit(workflow, library))

    def play(self, most: int) -> None:
        """Until nothing more comes by itself. Raises AssertionError after ``most`` turns."""
        for _ in range(most):
            if not self._turn():
                return
        raise AssertionError("it goes on for ever")

    def _turn(self) -> bool:
        try:
            if self._memory.inbox:
                self._deliver()
                return True
            if self._memory.undone:
                self._commit()
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
            self.skew += timedelta(seconds=self.rng.choice(JUMPS_S))
        while self._agenda and self._agenda[0][0] <= self.now:
            heapq.heappop(self._agenda)[2]()

    @property
    def clock(self) -> datetime:
        """The time as the engine sees it."""
        return self.now + self.skew

    # The engine

    def _submit(self, workflow: Body, library: Library) -> None:
        uid = workflow["metadata"]["uid"]
        transition = submit(workflow, library, self.clock)
        self.store.begin(HERE, transition, self.clock)
        self._memory.runs[uid] = Run.start(transition)
        self._memory.commands[uid] = {}
        self._watcher.decided(self, uid, None, transition, None)
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

    def _deliver(self) -> None:
        inbox = self._memory.inbox
        if self._happens(self.faults.lost):
            raise CrashError
        if self._happens(self.faults.late):
            self._overtake(inbox)
        uid, event = inbox[0]
        if uid not in self._memory.runs:
            del inbox[0]
            return
        self._step(uid, event)
        del inbox[0]
        if self._happens(self.faults.repeat) and uid in self.log:
            inbox.append((uid, self.rng.choice(self.log[uid])))
        if self._happens(self.faults.meddle):
            meddle(self, self.rng)
        if self.rng.random() < 0.5:
            self._commit()

    def _overtake(self, inbox: list[tuple[str, Event]]) -> None:
        """News of one command come before those of another; in themselves they keep their order."""
        first = getattr(inbox[0][1], "command_id", "")
        for at, (_, event) in enumerate(inbox):
            if getattr(event, "command_id", "") != first:
                inbox.insert(0, inbox.pop(at))
                return

    def _happens(self, chance: float) -> bool:
        return chance > 0 and self.rng.random() < chance

    def _step(self, uid: str, event: Event) -> None:
        run = self._memory.runs[uid]
        transition = step(run, event, self.clock)
        before = Run(run.row, dict(run.nodes), dict(run.notes))
        decided = self._memory.undone.setdefault(uid, Decided())
        decided.add(transition)
        answered = answer_to(event)
        if self._memory.commands[uid].pop(answered, None):
            decided.answer(answered, event)
        run.apply(transition)
        self._memory.heard.append((uid, event))
        self._watcher.decided(self, uid, event, transition, before)

    def _commit(self) -> None:
        """Commit, then do; the engine may die before and after."""
        if self._happens(self.faults.lost):
            raise CrashError
        memory = self._memory
        undone, memory.undone = memory.undone, {}
        changes = [decided.change(uid, self.clock) for uid, decided in undone.items()]
        self.store.commit(*changes)
        for uid, event in memory.heard:
            if not isinstance(event, WISHES):
                self.log.setdefault(uid, []).append(event)
        memory.heard = []
        self._watcher.committed(self, changes)
        for change in changes:
            self._follow(change.uid, change.transition)

    def _follow(self, uid: str, transition: Transition) -> None:
        """Perform what was committed; the engine may die before, between and after."""
        self._maybe_crash()
        self._memory.commands[uid].update({each.id: each for each in transition.commands})
        for command in transition.commands:
            self._perform(uid, command)
            self._maybe_crash()
        self._desk.take(HERE, uid, transition.lock_requests)

    def _maybe_crash(self) -> None:
        if self._happens(self.faults.crash):
            raise CrashError

    def _recover(self) -> None:
        """A new engine over the rows."""
        is_reboot = self._happens(self.faults.reboot)
        self._executor.cut(lambda: self._happens(self.faults.cut), self.clock, is_reboot=is_reboot)
        lost = self._memory
        self._memory = Memory()
        stored = self.store.unsettled(HERE)
        for found in stored:
            self._memory.runs[found.uid] = load(found.run, found.nodes)
            self._memory.commands[found.uid] = {each.id: each for each in found.commands}
        self._desk = self._new_desk(self._requests(lost))
        for found in stored:
            for command in found.commands:
                self._perform(found.uid, command)
        unfollowed = lost.heard + lost.inbox
        self._memory.inbox += [entry for entry in unfollowed if isinstance(entry[1], WISHES)]

    def _requests(self, lost: Memory) -> Sequence[tuple[str, LockRequest]]:
        """The requests as they were committed; without races, what was granted stays so."""
        requests = self.store.lock_requests()
        if self.faults.races:
            return requests
        granted = set()
        for uid, event in lost.heard + lost.inbox:
            if isinstance(event, LocksGranted):
                self._memory.inbox.append((uid, event))
                granted.add(event.request_id)
        return [(cluster, one.held() if one.id in granted else one) for cluster, one in requests]

    def _new_desk(self, requests: Sequence[tuple[str, LockRequest]] = ()) -> LockDesk:
        desk = LockDesk([entry for entry in requests if entry[1].is_held])
        waiting = [request for _, request in requests if not request.is_held]
        desk.join(HERE, self._report, self._limit, waiting)
        return desk

    def _limit(self, lock: Lock) -> int:
        if lock.kind == DATABASE:
            return DATABASE_LIMITS[lock.name]
        return config_map_limit(lock, self.limits)

    def set_limit(self, key: str, limit: int) -> None:
        """Somebody edits the ConfigMap ``limits``."""
        self.limits[key] = limit
        self._desk.look_again(HERE, lambda _: True)

    # Commands

    def _perform(self, uid: str, command: Command) -> None:
        match command:
            case WakeAt():
                self._memory.timers.append((uid, command))
            case StopContainer():
                self._stop(uid, command)
            case _:
                self._executor.start(uid, command, self.clock)

    def _report(self, uid: str, event: Event) -> None:
        self._memory.inbox.append((uid, event))

    def _stop(self, uid: str, command: StopContainer) -> None:
        self._memory.commands[uid].pop(command.id, None)
        self._memory.undone.setdefault(uid, Decided()).answer(command.id)
        self._executor.stop(uid, command, self.clock)

    def _wake(self) -> bool:
        for at, (uid, command) in enumerate(self._memory.timers):
            if command.at <= self.clock:
                del self._memory.timers[at]
                if command.id in self._memory.commands.get(uid, {}):
                    self._memory.inbox.append((uid, Woke(command.id, self.clock)))
                return True
        return False

    def _at(self, at: datetime, act: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._agenda, (at, self._count, act))

    # People

    def delete(self, uid: str) -> None:
        """The workflow and all its rows go; its steps are killed."""
        self._executor.kill(self._memory.commands[uid].values(), self.clock)
        self.store.remove(uid)
        del self._memory.runs[uid], self._memory.commands[uid]
        self._memory.undone.pop(uid, None)
        self._desk.forget(uid)

    def under_way(self, uid: str) -> list[Command]:
        """What was asked for and not answered; timers may ring on."""
        commands = self._memory.commands[uid].values()
        return [command for command in commands if not isinstance(command, WakeAt)]

    def waiting(self, uid: str) -> list[str]:
        """What an unfinished run waits for, by people's words."""
        run = self.run(uid)
        words = [text for _, text in self._desk.waiting(uid).values()]
        if run.row["suspend"]:
            words.append("suspended")
        return [*words, *(f"suspend node {id}" for id in run.row["waiting"])]


def unfinished(run: Run) -> list[Node]:
    return [node for node in run.nodes.values() if not node.has_ended]
