"""Running workflows under a virtual clock, with an executor that follows a script.

The same step machine as the real engine's; only the world is played. An *outcome* answers each
start::

    simulation = Simulation(workflow, outcome=lambda start: Outcome(exit_code=1))
    simulation.run_to_end()
    print(simulation.tree())
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from toolkit.resource.resource import Body
from toolkit.workflow.commands import (
    CallHttp,
    CallPlugin,
    CallResource,
    Command,
    ListArtifacts,
    StartContainer,
    StopContainer,
    WakeAt,
    Work,
)
from toolkit.workflow.events import (
    ContainerEnded,
    ContainerErrored,
    ContainerStarted,
    Event,
    ResourceAnswered,
    TaskAnswered,
    Woke,
)
from toolkit.workflow.locks.desk import UNLIMITED, LimitOf, LockDesk, LockEvent
from toolkit.workflow.machine import step, submit
from toolkit.workflow.nodes import FAILED, SUCCEEDED, Node, Row
from toolkit.workflow.rehearsal.simulated_pod import Ending, SimulatedPod, endings_of, main_of
from toolkit.workflow.run import Run, Transition
from toolkit.workflow.spec.library import Library

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a container or resource call ends. ``error`` instead of an exit code: it could not be
    run. ``outputs`` are file contents by parameter name; those not given take their default, or
    are missing. ``delay``: so long it waits for its turn before it starts. ``containers``: how the
    others of a pod of several end; those not named end well, sidecars when the others have ended.
    """

    exit_code: int = 0
    result: str = ""
    outputs: dict[str, str | None] = field(default_factory=dict)
    duration: timedelta = timedelta(seconds=1)
    error: str = ""
    is_transient: bool = False
    is_stuck: bool = False
    delay: timedelta = timedelta()
    containers: dict[str, Ending] = field(default_factory=dict)


_ANSWERS = (ContainerEnded, ContainerErrored, ResourceAnswered, TaskAnswered)

Script = Callable[[Work], Outcome]


def succeed(_: Work) -> Outcome:
    """Everything ends well after a second."""
    return Outcome()


_CLUSTER = ""


class LockRoom:
    """The locks of simulated runs: each run that joins is told of what it gets."""

    def __init__(self, limit_of: LimitOf = lambda _: UNLIMITED, now: datetime = EPOCH) -> None:
        self.now = now
        self.desk = LockDesk()
        self._runs: dict[str, Callable[[LockEvent], None]] = {}
        self.desk.join(_CLUSTER, lambda run, event: self._runs[run](event), limit_of)

    def join(self, run: str, tell: Callable[[LockEvent], None]) -> None:
        """From now on ``tell`` hears what the run's requests come to."""
        self._runs[run] = tell

    def leave(self, run: str) -> None:
        """The run is over."""
        del self._runs[run]

    def take(self, run: str, transition: Transition, now: datetime) -> None:
        """What a run asks for and gives back."""
        self.now = max(self.now, now)
        if transition.lock_requests:
            self.desk.take(_CLUSTER, run, transition.lock_requests)


class Simulation:
    """One workflow, played from submit on. ``now`` moves only when something happens. Simulations
    that share a ``room`` wait for each other's locks; ``hear`` is called when one gets its locks
    while another plays.
    """

    def __init__(
        self,
        workflow: Body,
        *,
        library: Library | None = None,
        outcome: Script = succeed,
        now: datetime = EPOCH,
        room: LockRoom | None = None,
        hear: Callable[[], None] = lambda: None,
    ) -> None:
        self.now = now
        self.started: list[Work] = []
        self.stopped: list[StopContainer] = []
        self.transitions: list[Transition] = []
        self._outcome = outcome
        self._events: list[tuple[datetime, int, Event]] = []
        self._count = 0
        self._live: dict[str, Work] = {}
        first = submit(named(workflow), library or Library(), now)
        self.run = Run.start(first)
        self.room = room or LockRoom(now=now)
        self._hear = hear
        self.room.join(self.run.uid, self._told)
        self._follow(first)

    def send(self, event: Event) -> Transition:
        """Step one event now, commit it, and perform what it asks for."""
        transition = step(self.run, event, self.now)
        self.run.apply(transition)
        self._follow(transition)
        return transition

    def _follow(self, transition: Transition) -> None:
        self.transitions.append(transition)
        for command in transition.commands:
            self.perform(command)
        self.room.take(self.run.uid, transition, self.now)

    def _told(self, event: LockEvent) -> None:
        self._at(max(self.now, self.room.now), event)
        self._hear()

    def run_to_end(self, *, most: int = 1_000_000) -> Simulation:
        """Play until nothing more happens. Raises ``RuntimeError`` after ``most`` events."""
        for _ in range(most):
            if not self.advance():
                return self
        raise RuntimeError(f"the workflow goes on after {most} events")

    def run_until(self, at: datetime) -> Simulation:
        """Play all that comes at or before ``at``; then it is ``at``."""
        while self._events and self._events[0][0] <= at:
            self.advance()
        self.now = max(self.now, at)
        return self

    def advance(self) -> bool:
        """Play the next event; False where nothing is to come."""
        if not self._events:
            return False
        at, _, event = heapq.heappop(self._events)
        if isinstance(event, _ANSWERS) and self._live.pop(event.command_id, None) is None:
            return True  # it was stopped before
        self.now = max(self.now, at)
        self.send(event)
        return True

    @property
    def next_at(self) -> datetime | None:
        """When the next event comes; None where nothing is to come."""
        return self._events[0][0] if self._events else None

    def perform(self, command: Command) -> None:
        """Play what the machine asks for."""
        match command:
            case WakeAt(id, at):
                self._at(at, Woke(id, at))
            case StopContainer():
                self._stop(command)
            case StartContainer() | CallResource() | CallHttp() | CallPlugin() | ListArtifacts():
                self._start(command)

    def _start(self, command: Work) -> None:
        self.started.append(command)
        self._live[command.id] = command
        outcome = self._outcome(command)
        for at, event in played(command, outcome, self.now):
            self._at(at, event)

    def _stop(self, command: StopContainer) -> None:
        self.stopped.append(command)
        live = self._live.get(command.start_id)
        if isinstance(live, StartContainer):
            ended = ContainerEnded(command.start_id, command.node_id, 143, self.now)
            self._at(self.now, ended)
        elif live is not None:
            self._at(self.now, ContainerErrored(live.id, live.node_id, "stopped", self.now))

    def _at(self, at: datetime, event: Event) -> None:
        self._count += 1
        heapq.heappush(self._events, (at, self._count, event))

    # Looking at it

    def node(self, name: str) -> Node:
        """The node of that name, or of that display name. Raises ``KeyError``."""
        for node in self.run.nodes.values():
            if name in {node.name, str(node.status["displayName"])}:
                return node
        raise KeyError(name)

    def tree(self) -> str:
        """The nodes below their owners, one a line: name, type, phase, message."""
        lines = [f"{self.run.name} {self.run.phase}{_said(self.run.row['message'])}"]
        lines.extend(self._lines("", 1))
        return "\n".join(lines)

    def _lines(self, owner: str, depth: int) -> Iterator[str]:
        for id in self.run.children.get(owner, ()):
            node = self.run.nodes[id]
            yield f"{'  ' * depth}{node.name} {node.type} {node.phase}{_said(node.message)}"
            yield from self._lines(id, depth + 1)


def _said(message: str) -> str:
    return f": {message}" if message else ""


def named(workflow: Body) -> Body:
    """The workflow with a name, uid and namespace, where it has none."""
    metadata = workflow.get("metadata") or {}
    name = metadata.get("name") or f"{metadata.get('generateName', 'workflow-')}1".strip("-")
    known = {"name": name, "namespace": "default", "uid": f"uid-{name}"}
    return {**workflow, "metadata": {**known, **metadata, "name": name}}


def played(command: Work, outcome: Outcome, now: datetime) -> list[tuple[datetime, Event]]:
    """What is heard of a command that is performed now, in order; the answer is the last, and there
    is none where the outcome is stuck.
    """
    begin = now + outcome.delay
    end = begin + outcome.duration
    if not isinstance(command, StartContainer):
        return [] if outcome.is_stuck else [(end, _call_answer(command, outcome, end))]
    if command.containers and not outcome.error:
        return _played_pod(command, outcome, begin)
    heard: list[tuple[datetime, Event]] = []
    if not outcome.error:
        heard.append((begin, ContainerStarted(command.id, command.node_id, begin)))
    answer = _answer(command, outcome, end)
    return heard + _ended(command, None if outcome.is_stuck else end, answer)


def _played_pod(
    command: StartContainer, outcome: Outcome, begin: datetime
) -> list[tuple[datetime, Event]]:
    endings = endings_of(command, outcome.exit_code, outcome.duration) | outcome.containers
    if outcome.is_stuck:
        del endings[main_of(command).name]
    pod = SimulatedPod(command, endings, begin)
    heard: list[tuple[datetime, Event]] = [
        (at, event) for at, event in pod.events if command.deadline is None or at < command.deadline
    ]
    end = pod.ended or begin
    whole = _answer(command, replace(outcome, exit_code=pod.exit_code), end)
    if isinstance(whole, ContainerEnded):
        whole = replace(whole, containers=tuple(pod.states.values()))
    return heard + _ended(command, pod.ended, whole)


def _ended(
    command: StartContainer, end: datetime | None, answer: Event
) -> list[tuple[datetime, Event]]:
    """The answer at its time, None for never; or the deadline before it."""
    if command.deadline is not None and (end is None or end > command.deadline):
        late = ContainerErrored(
            command.id,
            command.node_id,
            "Pod was active on the node longer than the specified deadline",
            command.deadline,
            is_deadline=True,
        )
        return [(command.deadline, late)]
    return [] if end is None else [(end, answer)]


def _answer(command: StartContainer, outcome: Outcome, at: datetime) -> Event:
    if outcome.error:
        return ContainerErrored(
            command.id, command.node_id, outcome.error, at, is_transient=outcome.is_transient
        )
    outputs = {file.name: outcome.outputs.get(file.name) for file in command.output_files}
    result = outcome.result if command.captures_result else None
    saved = {artifact.name: artifact.key for artifact in command.output_artifacts}
    return ContainerEnded(
        command.id, command.node_id, outcome.exit_code, at, result, outputs, saved
    )


def _call_answer(command: Work, outcome: Outcome, at: datetime) -> Event:
    if outcome.error:
        return ContainerErrored(
            command.id, command.node_id, outcome.error, at, is_transient=outcome.is_transient
        )
    outputs = {name: text for name, text in outcome.outputs.items() if text is not None}
    succeeded = outcome.exit_code == 0
    if isinstance(command, CallResource):
        return ResourceAnswered(command.id, command.node_id, succeeded, outcome.result, at, outputs)
    phase = SUCCEEDED if succeeded else FAILED
    said = task_outputs(command, outcome.result, outputs)
    return TaskAnswered(command.id, command.node_id, phase, "", at, said)


def task_outputs(command: Work, result: str, parameters: dict[str, str]) -> Row | None:
    """What a call puts out: an http call its response's body, a plugin what it likes."""
    if isinstance(command, CallHttp | ListArtifacts):
        return {"result": result}
    outputs: Row = {}
    if result:
        outputs["result"] = result
    if parameters:
        outputs["parameters"] = [{"name": name, "value": v} for name, v in parameters.items()]
    return outputs or None


def slower(outcome: Outcome, seconds: float) -> Outcome:
    """The same outcome after another time."""
    return replace(outcome, duration=timedelta(seconds=seconds))
