"""The end of the main node: workflow hooks, the exit handler, and the run's own end."""

from __future__ import annotations

from typing import Any, Final

from toolkit.errors import ExpressionError
from toolkit.workflow.expressions import evaluate_bool, json_text, struct_list_text
from toolkit.workflow.nodes import (
    ERROR,
    EXECUTED,
    FAILED,
    OMITTED,
    PENDING,
    RUNNING,
    SKIPPED,
    SUCCEEDED,
    UNSUCCESSFUL,
    Node,
    Row,
    exact,
    pod_name,
    template_of,
)
from toolkit.workflow.step import broken_off, synchronization
from toolkit.workflow.step.call import Call
from toolkit.workflow.step.context import EXIT_NOTE, globals_scope
from toolkit.workflow.step.draft import Draft, Due
from toolkit.workflow.step.halted import halted
from toolkit.workflow.substitution.parameters import mark_absent_optionals
from toolkit.workflow.substitution.scope import Scope, Values
from toolkit.workflow.substitution.substitute import substitute
from toolkit.workflow.templates.hooks import EXIT
from toolkit.workflow.templates.invoke import invalid, invoke
from toolkit.workflow.templates.resolve import resolve_arguments

_WORKFLOW_PHASE: Final = {
    PENDING: PENDING, RUNNING: RUNNING, SUCCEEDED: SUCCEEDED, SKIPPED: SUCCEEDED,
    OMITTED: SUCCEEDED, FAILED: FAILED, ERROR: ERROR,
}  # fmt: skip


def root_moved(draft: Draft) -> None:
    """A node that nobody owns has a new phase, or ended: the main node, a hook, the exit node."""
    main = draft.get(draft.run.name)
    if main is not None and not main.is_faulty:
        if main.has_ended and draft.run.definition.spec.get("hooks"):
            _note_outcome(draft, main)
        fire_hooks(draft, _status(draft))
    proceed(draft)


def _status(draft: Draft) -> str:
    main = draft.get(draft.run.name)
    return _WORKFLOW_PHASE[main.phase] if main is not None else str(draft.row["phase"])


def fire_hooks(draft: Draft, status: str) -> None:
    """Start the workflow's hooks whose expression has become true."""
    declared = draft.run.definition.spec.get("hooks") or {}
    try:
        for name, hook in declared.items():
            if name != EXIT:
                _fire(draft, f"{draft.run.name}.hooks.{name}", hook, status)
    except ExpressionError as error:
        if any(due.kind != "root" for due in draft.agenda):  # what is about to start, starts
            draft.agenda.append(Due("root", draft.run.name))
        else:
            broken_off.break_off(draft, error.message)


def _fire(draft: Draft, name: str, hook: Row, status: str) -> None:
    """Raises ExpressionError."""
    if (known := draft.find(name)) is not None:
        if known.engine.get("invalid"):
            raise ExpressionError(known.message)
        return
    scope = globals_scope(draft)
    if draft.note(EXIT_NOTE) is None:  # nothing has failed that the hooks would hear of
        values = {"workflow.status": status, "workflow.failures": _quoted([])}
        scope = scope.over(Values(values))
    call = Call(
        name=name,
        holder=hook,
        arguments={},
        scope=draft.run.definition.row["scope"],
        flag={"hooked": True},
        engine={"role": "hook"},
    )
    if not hook.get("expression"):
        raise ExpressionError(f"Expression required for hook {name}")
    if not evaluate_bool(str(hook["expression"]), scope.environment()):
        return
    node = invoke(draft, _with_arguments(call, hook.get("arguments") or {}, scope))
    if node is not None and node.engine.get("invalid"):
        raise ExpressionError(node.message)


def _with_arguments(call: Call, arguments: Row, scope: Scope) -> Call:
    marked = mark_absent_optionals(arguments, scope)
    resolved = resolve_arguments(substitute(marked, scope), scope)
    return Call(
        name=call.name,
        holder=call.holder,
        arguments=resolved,
        scope=call.scope,
        in_exit=call.in_exit,
        flag=call.flag,
        engine=call.engine,
    )


def proceed(draft: Draft) -> None:
    """Go on to the exit handler or the end, once what comes before has ended."""
    main = draft.get(draft.run.name)
    if main is None or not main.has_ended or draft.row["stage"] == "done":
        return
    if _is_busy(draft):
        return
    if draft.row["stage"] == "main" and not main.is_faulty:
        draft.edit_run()["stage"] = "exit"
        if _start_exit_handler(draft, main):
            return
    handler = _exit_node(draft)
    if handler is None or handler.has_ended:
        if main.type not in EXECUTED and handler is not None:
            broken_off.put_error(draft, main)
        outcome = _outcome(draft, draft.node(main.id), handler)
        broken_off.put_error(draft, main)
        finish(draft, *outcome)


def _is_busy(draft: Draft) -> bool:
    """Hooks are under way, or what a broken hook has left behind."""
    if broken_off.is_broken_off(draft):
        return draft.row["stage"] == "main" and broken_off.is_at_work(draft)
    return any(
        not (node := draft.node(id)).has_ended and node.engine.get("role") == "hook"
        for id in draft.children("")
    )


def _exit_node(draft: Draft) -> Node | None:
    return draft.find(f"{draft.run.name}.onExit")


def _start_exit_handler(draft: Draft, main: Node) -> bool:
    """True where the handler was started and is to be waited for."""
    spec = draft.run.definition.spec
    hook = _exit_hook(spec)
    if hook is None or halted(draft, in_exit=True):
        return False
    _note_outcome(draft, main)
    call = Call(
        name=f"{draft.run.name}.onExit",
        holder=hook,
        arguments={},
        scope=draft.run.definition.row["scope"],
        in_exit=True,
        flag={"hooked": True},
        engine={"role": "exit"},
    )
    scope = globals_scope(draft)
    try:
        call = _with_arguments(call, hook.get("arguments") or {}, scope)
    except ExpressionError as error:
        invalid(draft, call, error.message)
        return False
    node = invoke(draft, call)
    return node is not None and not node.has_ended


def _exit_hook(spec: Row) -> Row | None:
    """``hooks.exit`` or ``onExit``; without arguments of its own it has the workflow's."""
    hook = (spec.get("hooks") or {}).get(EXIT)
    if hook is None and spec.get("onExit"):
        hook = {"template": spec["onExit"]}
    if hook is None:
        return None
    return {**hook, "arguments": hook.get("arguments") or spec.get("arguments") or {}}


def _note_outcome(draft: Draft, main: Node) -> None:
    """From now on ``workflow.status`` is that of the main node, and ``workflow.failures`` is there:
    for hooks, the exit handler and all that they start.
    """
    status = _WORKFLOW_PHASE[main.phase]
    draft.put_note(EXIT_NOTE, {"status": status, "failures": _failures(draft)})


def _failures(draft: Draft) -> str:
    """``workflow.failures``: the failed nodes."""
    failed: list[dict[str, Any]] = []
    for id in draft.run.nodes:
        node = draft.get(id)
        if node is not None and node.phase in UNSUCCESSFUL:
            failed.append(_failure(draft, node))
    failed.extend(_failure(draft, node) for node in draft.new_nodes() if node.phase in UNSUCCESSFUL)
    return _quoted(failed)


def _quoted(failed: list[dict[str, Any]]) -> str:
    """As JSON, quoted as a JSON string as Argo does it."""
    return json_text(struct_list_text(failed))


def _failure(draft: Draft, node: Node) -> dict[str, Any]:
    template = template_of(node.status)
    return {
        "displayName": node.status["displayName"],
        "message": node.message,
        "templateName": template,
        "phase": node.phase,
        "podName": pod_name(draft.run.name, node.name, template),
        "finishedAt": node.status["finishedAt"],
    }


def _outcome(draft: Draft, main: Node, handler: Node | None) -> tuple[str, str]:
    if main.is_faulty:
        return ERROR, f"error in entry template execution: {main.message}"
    if handler is not None and handler.is_faulty:
        return ERROR, f"error in exit template execution : {handler.message}"
    phase = _WORKFLOW_PHASE[main.phase]
    if "aborted" in main.engine:
        return phase, str(main.engine["aborted"])
    if phase == SUCCEEDED and handler is not None and handler.is_unsuccessful:
        return handler.phase, handler.message
    if main.is_unsuccessful and draft.row["shutdown"]:
        return phase, f"Stopped with strategy '{draft.row['shutdown']}'"
    return phase, main.message


def finish(draft: Draft, phase: str, message: str) -> None:
    """The run's end."""
    row = draft.edit_run()
    row["stage"] = "done"
    row["phase"] = phase
    row["message"] = message
    row["finished"] = exact(draft.now)
    row.pop(synchronization.WAITS, None)
    synchronization.give_back_of_run(draft)
    kind, reason = ("Normal", "WorkflowSucceeded")
    if phase != SUCCEEDED:
        kind, reason = "Warning", f"Workflow{phase}"
    text = "Workflow completed" if phase == SUCCEEDED else message
    draft.audit("Normal" if kind == "Normal" else "Warning", reason, text)
