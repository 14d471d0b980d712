"""The step machine: a workflow is submitted, then takes one event at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, assert_never

from toolkit.errors import ExpressionError
from toolkit.resource.resource import Body
from toolkit.workflow.admission.check import check
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
from toolkit.workflow.lifecycle import exit_handler, granting, halting
from toolkit.workflow.lifecycle.agenda import RESUME, is_held, settle, start
from toolkit.workflow.lifecycle.new_run import empty_definition, new_row
from toolkit.workflow.measures.estimate import Estimate, put_estimate
from toolkit.workflow.measures.metrics import measures_of
from toolkit.workflow.measures.totals import sums_of
from toolkit.workflow.nodes import (
    PENDING,
    RUNNING,
    SUSPEND,
    Node,
    exact,
)
from toolkit.workflow.retry import retry
from toolkit.workflow.retry.reparametrize import renew_inputs, with_parameters
from toolkit.workflow.retry.restart import restart
from toolkit.workflow.run import Run, Transition
from toolkit.workflow.spec.definition import DEFINITION, DefinitionError, define
from toolkit.workflow.spec.library import Library
from toolkit.workflow.step import synchronization
from toolkit.workflow.step.draft import TIMER, Draft, Due
from toolkit.workflow.step.halted import halted
from toolkit.workflow.templates import memoize, pod_answers, pods, suspend, tasks
from toolkit.workflow.templates.invoke import forget_memoized
from toolkit.workflow.templates.memoized import NOTE as MEMOIZED
from toolkit.workflow.templates.memoized import memoized_nodes

_NOT_LOCKED: Final = "Failed to acquire the synchronization lock."


def submit(
    workflow: Body, library: Library, now: datetime, estimate: Estimate | None = None
) -> Transition:
    """Begin a run of a Workflow with metadata.uid, name and namespace. A broken spec is a run
    that ends at once, with a message; never an exception. ``estimate``: what the runs before it
    let expect (:mod:`toolkit.workflow.measures.estimate`).
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
        start(draft)
        settle(draft)
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
    settle(draft)
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
            pod_answers.answer(draft, event)
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
            draft, "Failed", halted(draft, in_exit=False) or "Workflow was not started"
        )
        return
    for id in [*draft.run.nodes]:
        node = draft.get(id)
        if node is not None and not node.has_ended and node.type in RESUME:
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
    elif is_held(draft.row):
        draft.edit_run()["deferred"] = [["start", "", ""]]
    else:
        start(draft)


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


_TIMERS: Final[Mapping[str, Callable[[Draft, Node], None]]] = {
    "retry": retry.woke,
    "suspend": suspend.woke,
    "lock": granting.timed_out,
    "requeue": tasks.call_again,
    "timeout": pods.timed_out,
    "pending": pods.pending_too_long,
}
