"""The step machine: a workflow is submitted, then takes one event at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, assert_never

from toolkit.resource.resource import Body
from toolkit.workflow import (
    dag,
    exit_handler,
    halting,
    limits,
    memoize,
    pods,
    retry,
    steps,
    suspend,
    task_groups,
)
from toolkit.workflow.call import Call
from toolkit.workflow.check import check
from toolkit.workflow.definition import DEFINITION, DefinitionError, define
from toolkit.workflow.draft import Draft, Due
from toolkit.workflow.events import (
    ContainerEnded,
    ContainerErrored,
    ContainerStarted,
    Event,
    NodesResumed,
    ResourceAnswered,
    RetryRequested,
    SpecChanged,
    Woke,
)
from toolkit.workflow.invoke import invoke
from toolkit.workflow.library import Library
from toolkit.workflow.nodes import (
    DAG,
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
from toolkit.workflow.restart import restart
from toolkit.workflow.run import Run, Transition

ROW_VERSION: Final = 1


def submit(workflow: Body, library: Library, now: datetime) -> Transition:
    """Begin a run of a Workflow with metadata.uid, name and namespace. A broken spec is a run
    that ends at once, with a message; never an exception.
    """
    row = _new_row(workflow, now)
    run = Run({**row, "phase": "", "seq": -1})
    draft = Draft(run, now)
    draft.edit_run().update(row)
    try:
        definition = define(workflow, library, now)
    except DefinitionError as error:
        draft.put_note(DEFINITION, _empty_definition(workflow))
        exit_handler.finish(draft, error.phase, error.message)
        return draft.transition()
    run.notes[DEFINITION] = definition
    draft.put_note(DEFINITION, definition)
    problem = check(run.definition, workflow)
    if problem is not None:
        exit_handler.finish(draft, problem.phase, problem.message)
        return draft.transition()
    _begin(draft)
    return draft.transition()


def _new_row(workflow: Body, now: datetime) -> Row:
    metadata: Mapping[str, Any] = workflow.get("metadata") or {}
    return {
        "version": ROW_VERSION,
        "uid": str(metadata.get("uid") or ""),
        "name": str(metadata.get("name") or ""),
        "namespace": str(metadata.get("namespace") or ""),
        "phase": RUNNING,
        "message": "",
        "stage": "main",
        "started": exact(now),
        "finished": None,
        "seq": 0,
        "commands": 0,
        "active": 0,
        "pods": 0,
        "pods_done": 0,
        "starved": [],
        "waiting": [],
        "deferred": [],
        "suspend": False,
        "shutdown": "",
        "outputs": None,
    }


def _empty_definition(workflow: Body) -> Row:
    spec = workflow.get("spec")
    return {
        "spec": spec if isinstance(spec, dict) else {},
        "scope": "",
        "templates": {},
        "configMaps": {},
        "globals": {},
        "metadata": {"labels": {}, "annotations": {}},
    }


def _begin(draft: Draft) -> None:
    spec = draft.run.definition.spec
    row = draft.edit_run()
    row["suspend"] = bool(spec.get("suspend"))
    row["shutdown"] = str(spec.get("shutdown") or "")
    if spec.get("parallelism") is not None:
        row["parallelism"] = int(spec["parallelism"])
    if spec.get("activeDeadlineSeconds") is not None:
        deadline = draft.now + timedelta(seconds=int(spec["activeDeadlineSeconds"]))
        row["deadline"] = exact(deadline)
        draft.wake(deadline, "deadline")
    draft.audit("Normal", "WorkflowRunning", "Workflow Running")
    if row["suspend"]:
        row["deferred"] = [["start", "", ""]]
        return
    _start(draft)
    _settle(draft)


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
    _take(draft, event)
    _settle(draft)
    return draft.transition()


def _take(draft: Draft, event: Event) -> None:
    match event:
        case ContainerErrored() | ResourceAnswered() if memoize.is_answer(draft, event):
            memoize.answered(draft, event)
        case ContainerStarted() | ContainerEnded() | ContainerErrored() | ResourceAnswered():
            pods.answer(draft, event)
        case Woke():
            _woke(draft, event)
        case SpecChanged():
            _spec_changed(draft, event)
        case NodesResumed():
            _resumed(draft, event)
        case RetryRequested():
            _retry(draft, event)
        case _:
            assert_never(event)


def _woke(draft: Draft, event: Woke) -> None:
    id = f"@timer/{event.command_id}"
    timer = draft.note(id)
    if timer is None:
        return
    draft.remove(id)
    if timer["kind"] == "deadline":
        if draft.row["stage"] == "main":
            draft.edit_run()["expired"] = True
            halting.halt(draft)
            _reassess(draft)
        return
    node = draft.get(timer["node"])
    if node is not None and node.engine["seq"] == timer["seq"]:
        _TIMERS[timer["kind"]](draft, node)


def _spec_changed(draft: Draft, event: SpecChanged) -> None:
    if event.suspend != draft.row["suspend"]:
        draft.edit_run()["suspend"] = event.suspend
    if event.shutdown and event.shutdown != draft.row["shutdown"]:
        if draft.row["shutdown"] == "Terminate":
            return
        draft.edit_run()["shutdown"] = event.shutdown
        halting.halt(draft)
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


def _retry(draft: Draft, event: RetryRequested) -> None:
    if not draft.run.is_finished or draft.run.definition.is_empty:
        return
    if event.request and event.request == draft.row.get("retried"):
        return
    restart(draft, event.keep)
    draft.edit_run()["retried"] = event.request
    if draft.row.get("deadline"):
        seconds = int(draft.run.definition.spec["activeDeadlineSeconds"])
        draft.edit_run()["deadline"] = exact(draft.now + timedelta(seconds=seconds))
        draft.wake(draft.now + timedelta(seconds=seconds), "deadline")
    if draft.get(draft.run.name) is None:
        _start(draft)
    else:
        draft.agenda.append(Due("root", draft.run.name))


# The agenda


def _settle(draft: Draft) -> None:
    """Work off the agenda. While the run is suspended, nothing new starts: what is due waits."""
    row = draft.row
    if not row["suspend"] or row["shutdown"] or row.get("expired"):
        _restore_deferred(draft)
        while draft.agenda:
            _work(draft, draft.agenda.popleft())
    elif draft.agenda:
        due = [[entry.kind, entry.node_id, entry.child] for entry in draft.agenda]
        draft.agenda.clear()
        draft.edit_run()["deferred"] = [*row["deferred"], *due]


def _restore_deferred(draft: Draft) -> None:
    deferred = draft.row["deferred"]
    if not deferred:
        return
    draft.edit_run()["deferred"] = []
    waiting = [Due(kind, id, child) for kind, id, child in deferred if kind != "start"]
    draft.agenda.extendleft(reversed(waiting))
    if len(waiting) < len(deferred) and not draft.row["shutdown"]:
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
    if node is not None and node.type in _RESUME and _is_under_way(node):
        _RESUME[node.type](draft, node)
    while (waiting := limits.next_waiting(draft, id)) is not None:
        owner = draft.get(waiting)
        if owner is not None and not owner.has_ended:
            _RESUME[owner.type](draft, owner)


def _is_under_way(node: Node) -> bool:
    """Begun and not ended: a node that still looks into a cache has not begun."""
    return not node.has_ended and node.engine.get("memo") != "looks"


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
}
_RESUME: Final[Mapping[str, Callable[[Draft, Node], None]]] = {
    STEPS: steps.resume,
    STEP_GROUP: steps.advance,
    DAG: dag.resume,
    TASK_GROUP: task_groups.advance,
    RETRY: retry.resume,
}
_TIMERS: Final[Mapping[str, Callable[[Draft, Node], None]]] = {
    "retry": retry.woke,
    "suspend": suspend.woke,
}
