"""DAG templates: a task starts when what it depends on has ended as it wants it."""

from __future__ import annotations

from collections.abc import Mapping

from toolkit.errors import ExpressionError
from toolkit.workflow.templates import dag_hooks
from toolkit.workflow.templates import hooks
from toolkit.workflow.outputs import outputs
from toolkit.workflow.templates import task_groups
from toolkit.workflow.step.call import Call
from toolkit.workflow.step.context import inner_scope, template_at
from toolkit.workflow.templates.dag_scope import graph_at, scope_of, task_name
from toolkit.workflow.spec.depends import Graph, evaluate, needed
from toolkit.workflow.step.draft import Draft
from toolkit.workflow.templates.ends import failures_at_end
from toolkit.workflow.step.fail_fast import FAIL_FAST, note_failure
from toolkit.workflow.templates.invoke import create, invoke, unresolved
from toolkit.workflow.substitution.loops import is_loop
from toolkit.workflow.nodes import (
    COMPLETED,
    ERROR,
    FAILED,
    OMITTED,
    PENDING,
    RUNNING,
    SKIPPED,
    SKIPPED_TYPE,
    SUCCEEDED,
    TASK_GROUP,
    UNSUCCESSFUL,
    Node,
    Row,
)
from toolkit.workflow.templates.resolve import resolve
from toolkit.workflow.substitution.scope import Scope
from toolkit.workflow.substitution.when import should_execute, skip_message

OMITTED_MESSAGE = "omitted: depends condition not met"


def begin(draft: Draft, node: Node) -> None:
    """A dag node was created: its root tasks start."""
    draft.edit(node.id).engine["open"] = 0
    try:
        graph = graph_at(draft, node)
    except ExpressionError as error:
        draft.fault(node.id, error.message)
        return
    wanted = _wanted(draft, node, graph)
    roots = [name for name in graph.tasks if not graph.dependencies[name] and name in wanted]
    _start_ready(draft, node, graph, roots)
    _assess(draft, draft.node(node.id))


def _wanted(draft: Draft, node: Node, graph: Graph) -> frozenset[str]:
    return draft.remember(("wanted", node.id, node.engine["seq"]), lambda: needed(graph))


def child_moved(draft: Draft, node: Node, child: Node, *, ended: bool) -> None:
    """A task's node has a new phase, or ended: its hooks, then what waits for it."""
    node = draft.edit(node.id)
    if ended:
        node.engine["open"] -= 1
        if child.is_unsuccessful and not child.is_hook:
            note_failure(draft, node)
    graph = graph_at(draft, node)
    task = child
    if child.is_hook:
        task = draft.node(child.engine["of"])
    elif hooks.has_hooks(graph.tasks[child.engine["key"]]):
        scope = scope_of(draft, node, str(child.engine["key"]))
        step = graph.tasks[child.engine["key"]]
        dag_hooks.fire(draft, node, graph, child, step, scope)
    if ended and not child.is_hook:
        dag_hooks.settle(draft, draft.node(child.id))
    if child.is_hook and ended:
        task = draft.edit(task.id)
        task.engine["hooks_open"] -= 1
    if node.engine.get("fail"):
        _assess(draft, node)
        return
    if not (child.is_hook and _is_shut_down(draft, node)):
        _tell_dependents(draft, node, graph, draft.node(task.id))
    _assess(draft, draft.node(node.id))


def _is_shut_down(draft: Draft, node: Node) -> bool:
    """Then hooks are waited for, but what would come after them does not come any more."""
    return bool(draft.row["shutdown"]) and not node.is_exit_part


def is_settled(node: Node | None) -> bool:
    """Ended, its hooks too: what depends on it may be looked at."""
    return node is not None and node.is_finished and not node.engine.get("hooks_open")


def _tell_dependents(draft: Draft, node: Node, graph: Graph, task: Node) -> None:
    if not is_settled(task):
        return
    wanted = _wanted(draft, node, graph)
    after = graph.dependents[task.engine["key"]]
    _start_ready(draft, node, graph, [name for name in after if name in wanted])


def _start_ready(draft: Draft, node: Node, graph: Graph, names: list[str]) -> None:
    """Start or omit the tasks whose dependencies have settled; omitted ones settle at once, and
    so their dependents follow.
    """
    wanted = _wanted(draft, node, graph)
    pending = list(reversed(names))
    while pending:
        name = pending.pop()
        if draft.node(node.id).engine.keys() & {"error", "fail"}:
            return
        if draft.find(task_name(node, name)) is not None or not _is_ready(draft, node, graph, name):
            continue
        task = _start_task(draft, draft.edit(node.id), graph, name)
        if is_settled(task):
            following = [after for after in graph.dependents[name] if after in wanted]
            pending.extend(reversed(following))


def _is_ready(draft: Draft, node: Node, graph: Graph, name: str) -> bool:
    """The last dependency is asked first: it is the likeliest to be missing still. The hooks of one
    that has just ended start when the dag hears of it.
    """
    for dependency in reversed(graph.dependencies[name]):
        task = draft.find(task_name(node, dependency))
        if task is None or not is_settled(task) or task.id in draft.untold:
            return False
    return True


def _start_task(draft: Draft, node: Node, graph: Graph, name: str) -> Node | None:
    task = graph.tasks[name]
    call = _call(node, draft, task, name)
    try:
        logic = graph.logic[name]
        if logic and not evaluate(logic, _results(draft, node, graph, name)):
            return create(draft, call, SKIPPED_TYPE, OMITTED, message=OMITTED_MESSAGE)
        scope = scope_of(draft, node, name)
        resolved = resolve(task, scope)
        if is_loop(task):
            group = task_groups.start(draft, node, call, resolved)
            if group.type == TASK_GROUP:
                _watch_hooks(draft, node, group, task, scope)
            return group
        if not resolved.proceeds:
            message = skip_message(str(resolved.step["when"]))
            return create(draft, call, SKIPPED_TYPE, SKIPPED, message=message)
        return _start_single(draft, node, resolved.step, scope, name)
    except ExpressionError as error:
        return unresolved(draft, call, error.message)


def _call(node: Node, draft: Draft, task: Row, name: str) -> Call:
    return Call(
        name=task_name(node, name),
        holder=task,
        arguments=task.get("arguments") or {},
        scope=inner_scope(draft, node),
        owner=node.id,
        boundary=node.id,
        prefix="tasks",
        key=name,
        in_exit=node.is_exit_part,
        depth=int(node.engine["depth"]) + 1,
    )


def _start_single(draft: Draft, node: Node, step: Row, scope: Scope, name: str) -> Node | None:
    call = _call(node, draft, step, name)
    when = str(step.get("when") or "")
    if not should_execute(when):
        return create(draft, call, SKIPPED_TYPE, SKIPPED, message=skip_message(when))
    task = invoke(draft, call)
    if task is None:
        waiting = node.engine.get("held", [])
        node.engine["held"] = [*waiting, name]
        return None
    _watch(draft, node, task, step, scope)
    return task


def _watch(draft: Draft, node: Node, task: Node, step: Row, scope: Scope) -> None:
    """Count a started task; its hooks may fire at once."""
    if task.engine.get("invalid"):
        dag_hooks.settle(draft, task)
        return
    draft.edit(node.id).engine["open"] += 1
    _watch_hooks(draft, draft.node(node.id), task, step, scope)


def _watch_hooks(draft: Draft, node: Node, task: Node, step: Row, scope: Scope) -> None:
    if hooks.has_running_hooks(step):
        task.engine["hooks"] = True
        dag_hooks.fire(draft, node, graph_at(draft, node), task, step, scope)


def resume(draft: Draft, node: Node) -> None:
    """A limit has room: start what was held back; after a retry of the run, all that is ready."""
    if node.has_ended:
        return
    if "open" not in node.engine:  # it had ended before it began
        begin(draft, node)
        return
    graph = graph_at(draft, node)
    held = node.engine.get("held", [])
    if node.engine.get("again"):
        held = sorted(_wanted(draft, node, graph), key=list(graph.tasks).index)
    engine = draft.edit(node.id).engine
    engine["held"] = []
    engine.pop("again", None)
    _start_ready(draft, draft.node(node.id), graph, list(held))
    _assess(draft, draft.node(node.id))


def _results(
    draft: Draft, node: Node, graph: Graph, name: str
) -> list[tuple[str, Mapping[str, bool]]]:
    found = []
    for dependency in graph.dependencies[name]:
        task = draft.find(task_name(node, dependency))
        if task is not None:
            found.append((dependency, _truths(draft, task, graph.logic[name])))
    return found


def _truths(draft: Draft, task: Node, logic: str) -> Mapping[str, bool]:
    any_succeeded = all_failed = False
    if task.type == TASK_GROUP and ("AnySucceeded" in logic or "AllFailed" in logic):
        items = [draft.node(id) for id in draft.children(task.id)]
        phases = [item.phase for item in items if not item.is_hook]
        any_succeeded = SUCCEEDED in phases
        all_failed = bool(phases) and all(phase == FAILED for phase in phases)
    phase = dag_hooks.phase_of(task)
    return {
        "Succeeded": phase == SUCCEEDED,
        "Failed": phase == FAILED,
        "Errored": phase == ERROR,
        "Skipped": phase == SKIPPED,
        "Omitted": phase == OMITTED,
        "Daemoned": bool(task.status.get("daemoned")) and phase != PENDING,
        "AnySucceeded": any_succeeded,
        "AllFailed": all_failed,
    }


# The end


def _assess(draft: Draft, node: Node) -> None:
    """The DAG's end, once nothing that was created is unfinished."""
    if node.has_ended or node.engine["open"] > 0:
        return
    if node.engine.get("error"):
        draft.fault(node.id, node.engine["error"])
        return
    if node.engine.get("fail"):
        draft.set_phase(node.id, FAILED, FAIL_FAST)
        return
    graph = graph_at(draft, node)
    phase = _phase(draft, node, graph)
    if phase == RUNNING:
        return
    if phase != SUCCEEDED:
        draft.set_phase(node.id, phase)
    else:
        _succeed(draft, node, graph)


def _phase(draft: Draft, node: Node, graph: Graph) -> str:
    if _is_shut_down(draft, node):
        return FAILED
    fail_fast = template_at(draft, node)["dag"].get("failFast") is not False
    result, branches = SUCCEEDED, _Branches(draft, node, graph)
    for target in sorted(graph.targets):
        phase = branches.phase(target)
        if phase is None:
            result = RUNNING
            if not fail_fast:
                break
        elif phase in UNSUCCESSFUL and not _continues(graph.tasks[target], phase):
            result = phase
            if fail_fast:
                break
    return result


def _continues(task: Row, phase: str) -> bool:
    rule = task.get("continueOn") or {}
    return bool(rule.get("error") if phase == ERROR else rule.get("failed"))


class _Branches:
    """The phase that a branch has at a task: its own where it completed; an omitted or skipped
    task has that of the branches before it, a failure first.
    """

    def __init__(self, draft: Draft, node: Node, graph: Graph) -> None:
        self._draft = draft
        self._node = node
        self._graph = graph
        self._known: dict[str, str] = {}

    def phase(self, target: str) -> str | None:
        """None where the task was not created."""
        stack = [target]
        while stack:
            name = stack[-1]
            task = self._draft.find(task_name(self._node, name))
            if task is None:
                return None
            unknown = [
                before
                for before in self._graph.dependencies[name]
                if before not in self._known and task.phase not in COMPLETED
            ]
            if unknown:
                stack.extend(unknown)
                continue
            self._known[name] = self._of(task, name)
            stack.pop()
        return self._known[target]

    def _of(self, task: Node, name: str) -> str:
        phase = dag_hooks.phase_of(task)
        if phase in COMPLETED or task.status.get("daemoned"):
            return phase if phase in COMPLETED else SUCCEEDED
        before = [self._handed_on(other) for other in self._graph.dependencies[name]]
        return next((phase for phase in before if phase in UNSUCCESSFUL), SUCCEEDED)

    def _handed_on(self, name: str) -> str:
        """To what comes after a task: the phase of what failed in it, as Argo follows its edges."""
        phase = self._known[name]
        task = self._draft.find(task_name(self._node, name))
        if task is None or phase not in UNSUCCESSFUL or task.phase not in UNSUCCESSFUL:
            return phase
        return next(failures_at_end(self._draft, task), phase)


def _succeed(draft: Draft, node: Node, graph: Graph) -> None:
    try:
        found = outputs.of_template(template_at(draft, node), scope_of(draft, node, ""))
    except ExpressionError as error:
        draft.fault(node.id, error.message)
        return
    for name in graph.tasks:
        task = draft.find(task_name(node, name))
        if task is not None:
            outputs.export(draft, task)
    if found is not None:  # its own are the workflow's only where it is a task itself, as in Argo
        draft.edit(node.id).status["outputs"] = found
    draft.set_phase(node.id, SUCCEEDED)
