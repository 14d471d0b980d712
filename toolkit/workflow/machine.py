"""The step machine: a workflow is submitted, then takes one event at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, assert_never

from toolkit.errors import ExpressionError
from toolkit.resource.resource import Body
from toolkit.workflow import (
    dag,
    exit_handler,
    granting,
    halting,
    limits,
    memoize,
    pods,
    retry,
    steps,
    suspend,
    synchronization,
    task_groups,
    tasks,
)
from toolkit.workflow.call import Call
from toolkit.workflow.check import check
from toolkit.workflow.definition import DEFINITION, DefinitionError, define
from toolkit.workflow.draft import TIMER, Draft, Due
from toolkit.workflow.estimate import Estimate, put_estimate
from toolkit.workflow.events import (
    ContainerEnded,
    ContainerErrored,
    ContainerMoved,
    ContainerProgressed,
    ContainerStarted,
    Event,
    LocksGranted,
    LocksRefused,
    NodesResumed,
    ResourceAnswered,
    RetryRequested,
    SpecChanged,
    TaskAnswered,
    Woke,
)
from toolkit.workflow.invoke import forget_memoized, invoke
from toolkit.workflow.library import Library
from toolkit.workflow.memoized import NOTE as MEMOIZED
from toolkit.workflow.memoized import memoized_nodes
from toolkit.workflow.metrics import measures_of
from toolkit.workflow.new_run import empty_definition, new_row
from toolkit.workflow.nodes import (
    DAG,
    EXECUTED,
    PENDING,
    POD,
    RETRY,
    RUNNING,
    STEP_GROUP,
    STEPS,
    SUSPEND,
    TASK_GROUP,
    Node,
    Row,
    exact,
)
from toolkit.workflow.reparametrize import renew_inputs, with_parameters
from toolkit.workflow.restart import restart
from toolkit.workflow.run import Run, Transition
from toolkit.workflow.totals import sums_of

_NOT_LOCKED: Final = "Failed to acquire the synchronization lock."


def submit(
    workflow: Body, library: Library, now: datetime, estimate: Estimate | None = None
) -> Transition:
    """Begin a run of a Workflow with metadata.uid, name and namespace. A broken spec is a run
    that ends at once, with a message; never an exception. ``estimate``: what the runs before it
    let expect (:mod:`toolkit.workflow.estimate`).
    """
    row = new_row(workflow, now)
    run = Run({**row, "phase": "", "seq": -1})
    draft = Draft(run, now)
    draft.edit_run().update(row)
    try:
        definition = define(workflow, library, now)
    except DefinitionError as error:
        draft.put_note(DEFINITION, empty_definition(workflow))
        exit_handler.finish(draft, error.phase, error.message)
        return draft.transition()
    run.notes[DEFINITION] = definition
    draft.put_note(DEFINITION, definition)
    if estimate is not None:
        put_estimate(draft, estimate)
    if memoized := memoized_nodes(workflow):
        draft.put_note(MEMOIZED, memoized)
    problem = check(run.definition, workflow)
    if problem is not None:
        exit_handler.finish(draft, problem.phase, problem.message)
        return draft.transition()
    _begin(draft)
    return _transition(draft)


def _begin(draft: Draft) -> None:
    spec = draft.run.definition.spec
    row = draft.edit_run()
    row["suspend"] = bool(spec.get("suspend"))
    row["shutdown"] = str(spec.get("shutdown") or "")
    if spec.get("parallelism") is not None:
        row["parallelism"] = int(spec["parallelism"])
    if not spec.get("synchronization") or row["shutdown"]:
        _set_out(draft)
        if row["suspend"] and not row["shutdown"]:
            row["deferred"] = [["start", "", ""]]
            return
        _start(draft)
        _settle(draft)
        return
    try:
        locks = synchronization.locks_of(spec, draft.run.namespace)
    except ExpressionError as error:
        exit_handler.finish(draft, "Failed", f"{_NOT_LOCKED} {error.message}")
        return
    row |= {"phase": PENDING, "deferred": [["start", "", ""]]}
    row["locks"] = [list(lock) for lock in locks]
    synchronization.ask_for_run(draft)
    if row["suspend"]:
        synchronization.rest(draft)


def _set_out(draft: Draft) -> None:
    """It is Running: its time counts."""
    spec = draft.run.definition.spec
    row = draft.edit_run()
    if spec.get("activeDeadlineSeconds") is not None:
        deadline = draft.now + timedelta(seconds=int(spec["activeDeadlineSeconds"]))
        row["deadline"] = exact(deadline)
        draft.wake(deadline, "deadline")
    draft.audit("Normal", "WorkflowRunning", "Workflow Running")


def _start(draft: Draft) -> None:
    definition = draft.run.definition
    call = Call(
        name=draft.run.name,
        holder={"template": definition.spec.get("entrypoint")},
        arguments=definition.spec.get("arguments") or {},
        scope=definition.row["scope"],
        engine={"role": "main"},
    )
    main = invoke(draft, call)
    draft.agenda.append(Due("root", draft.run.name if main is None else main.id))


def step(run: Run, event: Event, now: datetime) -> Transition:
    """What an event changes. Pure: ``run`` stays as it is. A late, doubled or foreign event
    changes nothing. Cost: in proportion to what changes, but for a stop, a retry and the end.
    """
    draft = Draft(run, now)
    if run.is_finished and not isinstance(event, RetryRequested):
        return draft.transition()
    if isinstance(event, RetryRequested) and event.parameters and _is_to_retry(draft, event):
        try:
            draft = with_parameters(run, event.parameters, now)
        except DefinitionError as error:
            draft.edit_run()["retried"] = event.request
            exit_handler.finish(draft, error.phase, error.message)
            return draft.transition()
    _take(draft, event)
    _settle(draft)
    return _transition(draft)


def _transition(draft: Draft) -> Transition:
    """Of an ended run the row says what it came to: lists show it without the nodes."""
    if draft.row["stage"] == "done" and not draft.run.is_finished:
        kept = (draft.get(id) for id in draft.run.nodes)
        nodes = (node for node in (*kept, *draft.new_nodes()) if node is not None)
        draft.edit_run().update(sums_of(nodes))
    return draft.transition(measures_of(draft))


def _take(draft: Draft, event: Event) -> None:
    match event:
        case ContainerErrored() | ResourceAnswered() if memoize.is_answer(draft, event):
            memoize.answered(draft, event)
        case (
            ContainerStarted()
            | ContainerMoved()
            | ContainerProgressed()
            | ContainerEnded()
            | ContainerErrored()
            | ResourceAnswered()
            | TaskAnswered()
        ):
            pods.answer(draft, event)
        case Woke():
            _woke(draft, event)
        case SpecChanged():
            _spec_changed(draft, event)
        case NodesResumed():
            _resumed(draft, event)
        case RetryRequested():
            _retry(draft, event)
        case LocksGranted() if event.node_id:
            granting.granted(draft, event)
        case LocksRefused() if event.node_id:
            granting.refused(draft, event)
        case LocksGranted() | LocksRefused():
            _locks_of_run(draft, event)
        case _:
            assert_never(event)


def _woke(draft: Draft, event: Woke) -> None:
    id = f"{TIMER}{event.command_id}"
    timer = draft.note(id)
    if timer is None:
        return
    draft.remove(id)
    if timer["kind"] == "deadline":
        if draft.row["stage"] == "main":
            was_resting = synchronization.is_resting(draft)
            draft.edit_run()["expired"] = True
            halting.halt(draft)
            if was_resting:
                synchronization.ask_again(draft)
            _reassess(draft)
        return
    node = draft.get(timer["node"])
    if node is not None and node.engine["seq"] == timer["seq"]:
        _TIMERS[timer["kind"]](draft, node)


def _spec_changed(draft: Draft, event: SpecChanged) -> None:
    was_resting = synchronization.is_resting(draft)
    if event.suspend != draft.row["suspend"]:
        draft.edit_run()["suspend"] = event.suspend
    is_new = event.shutdown not in {"", draft.row["shutdown"]}
    is_new = is_new and draft.row["shutdown"] != "Terminate"
    if is_new:
        draft.edit_run()["shutdown"] = event.shutdown
        halting.halt(draft)
    if was_resting and not synchronization.is_resting(draft):
        synchronization.ask_again(draft)
    elif synchronization.is_resting(draft) and not was_resting:
        synchronization.rest(draft)
    if is_new:
        _reassess(draft)


def _reassess(draft: Draft) -> None:
    """After a halt, look again at everything that waits for what will never start."""
    if draft.get(draft.run.name) is None:
        exit_handler.finish(
            draft, "Failed", halting.halted(draft, in_exit=False) or "Workflow was not started"
        )
        return
    for id in [*draft.run.nodes]:
        node = draft.get(id)
        if node is not None and not node.has_ended and node.type in _RESUME:
            draft.agenda.append(Due("resume", id))


def _resumed(draft: Draft, event: NodesResumed) -> None:
    for id in event.node_ids:
        node = draft.get(id)
        if node is not None and node.type == SUSPEND:
            suspend.release(
                draft, node, event.parameters.get(id), event.message, succeeded=event.succeeded
            )


def _is_to_retry(draft: Draft, event: RetryRequested) -> bool:
    if not draft.run.is_finished or draft.run.definition.is_empty:
        return False
    return not event.request or event.request != draft.row.get("retried")


def _retry(draft: Draft, event: RetryRequested) -> None:
    if not _is_to_retry(draft, event):
        return
    restart(draft, event.keep)
    forget_memoized(draft)
    if event.parameters:
        renew_inputs(draft)
    draft.edit_run().update(retried=event.request, suspend=event.suspend)
    if event.suspend:
        synchronization.rest(draft)
    if draft.row.get("deadline"):
        seconds = int(draft.run.definition.spec["activeDeadlineSeconds"])
        draft.edit_run()["deadline"] = exact(draft.now + timedelta(seconds=seconds))
        draft.wake(draft.now + timedelta(seconds=seconds), "deadline")
    if draft.get(draft.run.name) is not None:
        draft.agenda.append(Due("root", draft.run.name))
    elif _is_held(draft.row):
        draft.edit_run()["deferred"] = [["start", "", ""]]
    else:
        _start(draft)


def _locks_of_run(draft: Draft, event: LocksGranted | LocksRefused) -> None:
    """What the whole run waited for."""
    if not draft.row.get(synchronization.WAITS) or draft.row.get("request") != event.request_id:
        return
    if isinstance(event, LocksRefused):
        draft.edit_run()["deferred"] = []  # nothing is started any more
        exit_handler.finish(draft, "Failed", f"{_NOT_LOCKED} {event.message}")
    elif synchronization.is_resting(draft):
        synchronization.give_back_of_run(draft)
    else:
        row = draft.edit_run()
        row.pop(synchronization.WAITS)
        draft.request("", synchronization.request_of(draft, row, "").held())
        if row["phase"] == PENDING:
            row |= {"phase": RUNNING, "started": exact(draft.now)}
            _set_out(draft)


# The agenda


def _settle(draft: Draft) -> None:
    """Work off the agenda. While the run is suspended, nothing new starts: what is due waits."""
    row = draft.row
    if not _is_held(row) or row["shutdown"] or row.get("expired"):
        _restore_deferred(draft)
        while draft.agenda:
            _work(draft, draft.agenda.popleft())
    elif draft.agenda:
        due = [[entry.kind, entry.node_id, entry.child] for entry in draft.agenda]
        draft.agenda.clear()
        draft.edit_run()["deferred"] = [*row["deferred"], *due]


def _is_held(row: Row) -> bool:
    return bool(row["suspend"] or row.get(synchronization.WAITS))


def _restore_deferred(draft: Draft) -> None:
    deferred = draft.row["deferred"]
    if not deferred:
        return
    draft.edit_run()["deferred"] = []
    waiting = [Due(kind, id, child) for kind, id, child in deferred if kind != "start"]
    draft.agenda.extendleft(reversed(waiting))
    draft.untold.update(due.child for due in waiting if due.kind == "ended")
    if len(waiting) < len(deferred) and draft.row["stage"] != "done":
        _start(draft)


def _work(draft: Draft, due: Due) -> None:
    if due.kind in _AFTERMATH:
        _AFTERMATH[due.kind](draft, draft.node(due.node_id))
        return
    if draft.row["stage"] == "done":
        return
    if due.kind == "resume":
        _resume(draft, due.node_id)
        return
    node = draft.get(due.node_id)
    if node is None:
        return
    match due.kind:
        case "root":
            exit_handler.root_moved(draft)
        case "begin":
            if not node.has_ended:
                _BEGIN[node.type](draft, node)
        case "ended" | "moved":
            child = draft.get(due.child)
            if child is not None and not node.has_ended:
                _child(draft, node, child, ended=due.kind == "ended")


def _child(draft: Draft, node: Node, child: Node, *, ended: bool) -> None:
    if ended:
        draft.untold.discard(child.id)
    if child.engine.get("unheard") and _is_held_up(draft, node):
        return  # told again when the lock is there
    match node.type:
        case "Steps":
            steps.group_ended(draft, node, child)
        case "StepGroup":
            steps.child_moved(draft, node, child, ended=ended)
        case "DAG":
            dag.child_moved(draft, node, child, ended=ended)
        case "TaskGroup":
            task_groups.item_moved(draft, node, child, ended=ended)
        case "Retry":
            retry.attempt_moved(draft, node, child)


def _resume(draft: Draft, id: str) -> None:
    """Let those go on that wait for a limit of the run (""), or of a steps or dag node, or let
    an owner itself look again.
    """
    node = draft.get(id) if id else None
    if node is not None and node.type in _RESUME and _is_under_way(draft, node):
        _RESUME[node.type](draft, node)
    while (waiting := limits.next_waiting(draft, id)) is not None:
        owner = draft.get(waiting)
        if owner is not None and not owner.has_ended:
            _STARVED[owner.type](draft, owner)


def _is_under_way(draft: Draft, node: Node) -> bool:
    """Begun and not ended: a node that still looks into a cache has not begun, nor has one that
    waits for locks. After a retry of the run, what is in one that waits, waits with it.
    """
    waits = node.engine.get("memo") == "looks" or node.engine.get(synchronization.WAITS)
    if node.has_ended or waits:
        return False
    return not (node.engine.get("again") and _is_held_up(draft, node))


def _is_held_up(draft: Draft, node: Node) -> bool:
    inner: Node | None = node
    while inner is not None and not (
        inner.engine.get(synchronization.WAITS) and not inner.has_ended
    ):
        inner = draft.get(inner.owner) if inner.owner else None
    return inner is not None


_AFTERMATH: Final[Mapping[str, Callable[[Draft, Node], None]]] = {
    "daemons": pods.end_daemons,
    "keep": memoize.keep,
}
_BEGIN: Final[Mapping[str, Callable[[Draft, Node], None]]] = {
    STEPS: steps.begin,
    STEP_GROUP: steps.advance,
    DAG: dag.begin,
    TASK_GROUP: task_groups.advance,
    RETRY: retry.begin,
    SUSPEND: suspend.begin,
    **dict.fromkeys(EXECUTED, memoize.start),
}
_RESUME: Final[Mapping[str, Callable[[Draft, Node], None]]] = {
    STEPS: steps.resume,
    STEP_GROUP: steps.advance,
    DAG: dag.resume,
    TASK_GROUP: task_groups.advance,
    RETRY: retry.resume,
}
_STARVED: Final[Mapping[str, Callable[[Draft, Node], None]]] = {**_RESUME, POD: granting.start}
_TIMERS: Final[Mapping[str, Callable[[Draft, Node], None]]] = {
    "retry": retry.woke,
    "suspend": suspend.woke,
    "lock": granting.timed_out,
    "requeue": tasks.call_again,
    "timeout": pods.timed_out,
    "pending": pods.pending_too_long,
}
