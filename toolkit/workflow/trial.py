"""Trying a workflow: steps are mocked, time is virtual, everything else is the engine.

::

    trial = simulate(workflow, bodies=rendered, mocks=[Mock("load", attempt=0, exit_code=1)])
    assert trial.phase == "Succeeded"
    assert trial.steps["load"].attempts == 2
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from toolkit.resource.resource import Body
from toolkit.workflow.commands import CallHttp, CallResource, StartContainer, Work
from toolkit.workflow.events import NodesResumed
from toolkit.workflow.nodes import OMITTED, RETRY, SKIPPED, SUSPEND, Node, template_of
from toolkit.workflow.rehearsal.notices import NOTIFIER, Notice, notice_of
from toolkit.workflow.rehearsal.simulation import EPOCH, LockRoom, Outcome, Simulation
from toolkit.workflow.rehearsal.stock import Stock
from toolkit.workflow.run import Run
from toolkit.workflow.spec.step_names import attempt_of, step_of, without_attempt

_MOST_EVENTS: Final = 1_000_000
_GROUPS: Final = frozenset({"StepGroup", "TaskGroup"})


@dataclass(frozen=True, slots=True)
class Mock:
    """How a step ends. ``step`` is the name of a template, or of a step or task; ``attempt`` the
    one of a retried step that is meant, from 0, None all; ``error`` instead of an exit code: it
    could not be started. A suspended step is released so, after its duration.
    """

    step: str
    attempt: int | None = None
    exit_code: int = 0
    outputs: Mapping[str, str] = field(default_factory=dict)
    result: str | None = None
    duration_s: float = 1.0
    error: str = ""


@dataclass(frozen=True, slots=True)
class StepResult:
    """What became of the step: of a loop, of its last item; ``count`` of its items, ``attempts``
    of its last item's tries.
    """

    phase: str
    message: str
    attempts: int
    count: int
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Trial:
    """A run that was played to where nothing more happens. ``order``: steps as they first
    started; ``steps`` by name, and by template where no step has that name.
    """

    phase: str
    message: str
    duration_s: float
    steps: Mapping[str, StepResult]
    order: tuple[str, ...]
    notifications: tuple[Notice, ...]
    unused: tuple[Mock, ...]
    run: Run


def simulate(
    workflow: Body,
    *,
    bodies: Iterable[Mapping[str, Any]] = (),
    mocks: Sequence[Mock] = (),
    now: datetime = EPOCH,
    notifier: tuple[str, str] = NOTIFIER,
) -> Trial:
    """Play a Workflow. ``bodies`` are the templates and ConfigMaps it may refer to. Steps without
    a mock succeed after a second; one whose outputs are used needs a mock that gives them.
    """
    cast = _Cast(mocks)
    stock = Stock(bodies)
    library, room = stock.library_for(workflow), LockRoom(stock.limit_of, now)
    played = Simulation(workflow, library=library, outcome=cast.outcome, now=now, room=room)
    played.run_to_end(most=_MOST_EVENTS)
    while not played.run.is_finished and cast.release(played):
        played.run_to_end(most=_MOST_EVENTS)
    return _trial(played, now, cast, notifier)


class _Cast:
    """Plays the steps."""

    def __init__(self, mocks: Sequence[Mock]) -> None:
        self._mocks = mocks
        self._used: set[int] = set()

    @property
    def unused(self) -> tuple[Mock, ...]:
        return tuple(mock for n, mock in enumerate(self._mocks) if n not in self._used)

    def find(self, names: set[str], attempt: int) -> Mock | None:
        """The first that fits; one for this attempt goes before one for all."""
        fitting = [
            (mock.attempt is None, number)
            for number, mock in enumerate(self._mocks)
            if mock.step in names and mock.attempt in {None, attempt}
        ]
        if not fitting:
            return None
        number = min(fitting)[1]
        self._used.add(number)
        return self._mocks[number]

    def outcome(self, command: Work) -> Outcome:
        name = command.node_name
        mock = self.find({step_of(name), command.template}, attempt_of(name))
        missing = _missing(command, mock)
        if missing:
            return Outcome(error=f"the test does not say what it puts out: mock its {missing}")
        return Outcome() if mock is None else _outcome(mock)

    def release(self, played: Simulation) -> bool:
        """Release the suspended steps that have a mock; False where none has."""
        waiting = [
            node
            for node in played.run.nodes.values()
            if node.type == SUSPEND and not node.has_ended
        ]
        found = False
        for node in waiting:
            mock = self.find({step_of(node.name), template_of(node.status)}, 0)
            if mock is not None:
                found = True
                played.now += timedelta(seconds=mock.duration_s)
                values = {node.id: dict(mock.outputs)}
                event = NodesResumed(
                    (node.id,), values, mock.error, succeeded=not (mock.exit_code or mock.error)
                )
                played.send(event)
        return found


def _missing(command: Work, mock: Mock | None) -> str:
    if mock is not None and (mock.exit_code or mock.error):
        return ""
    if isinstance(command, CallResource):
        return next(
            (
                f"output {name!r}"
                for name, *_ in command.outputs
                if not name.startswith(".") and (mock is None or name not in mock.outputs)
            ),
            "",
        )
    if isinstance(command, CallHttp):
        return "result" if command.is_used and (mock is None or mock.result is None) else ""
    if not isinstance(command, StartContainer):
        return ""
    given = mock.outputs if mock is not None else {}
    for file in command.output_files:
        if file.default is None and file.name not in given:
            return f"output {file.name!r}"
    if command.captures_result and (mock is None or mock.result is None):
        return "result"
    return ""


def _outcome(mock: Mock) -> Outcome:
    return Outcome(
        exit_code=mock.exit_code,
        result=mock.result or "",
        outputs=dict(mock.outputs),
        duration=timedelta(seconds=mock.duration_s),
        error=mock.error,
    )


def _trial(played: Simulation, start: datetime, cast: _Cast, notifier: tuple[str, str]) -> Trial:
    run = played.run
    order: dict[str, None] = {}
    notices: dict[str, Notice] = {}
    for command in played.started:
        node = run.nodes[command.node_id]
        order.setdefault(step_of(node.name) if "." in node.name else template_of(node.status))
        notice = notice_of(node.status, datetime.fromisoformat(_started(node)), notifier)
        if notice is not None:
            notices.setdefault(without_attempt(node.name), notice)
    return Trial(
        phase=run.phase,
        message=str(run.row["message"]),
        duration_s=(played.now - start).total_seconds(),
        steps=_steps(run),
        order=tuple(order),
        notifications=tuple(notices.values()),
        unused=cast.unused,
        run=run,
    )


def _started(node: Node) -> str:
    return str(node.status.get("startedAt") or EPOCH.isoformat())


def _steps(run: Run) -> dict[str, StepResult]:
    found: dict[str, StepResult] = {}
    by_template: dict[str, StepResult] = {}
    for node in run.nodes.values():
        if node.type in _GROUPS or _is_attempt(run, node):
            continue
        name, template = step_of(node.name), template_of(node.status)
        if "." in node.name:
            found[name] = _result(run, node, found.get(name))
        if template:
            by_template[template] = _result(run, node, by_template.get(template))
    return {**by_template, **found}


def _is_attempt(run: Run, node: Node) -> bool:
    owner = run.nodes.get(node.owner)
    return owner is not None and owner.type == RETRY


def _result(run: Run, node: Node, before: StepResult | None) -> StepResult:
    tries = len(run.children.get(node.id, ())) if node.type == RETRY else 1
    count = 0 if before is None else before.count
    is_started = node.phase not in {SKIPPED, OMITTED}
    return StepResult(
        phase=node.phase,
        message=node.message,
        attempts=tries if is_started else 0,
        count=count + is_started,
        inputs=_values(node.status.get("inputs")),
        outputs=_values(node.status.get("outputs")),
    )


def _values(part: Mapping[str, Any] | None) -> dict[str, str]:
    values = {
        str(one["name"]): str(one.get("value", "")) for one in (part or {}).get("parameters") or ()
    }
    if (part or {}).get("result") is not None:
        values["result"] = str((part or {})["result"])
    return values
