"""Lifecycle hooks and exit handlers of steps and tasks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from toolkit.errors import ExpressionError
from toolkit.workflow.step.call import Call
from toolkit.workflow.step.context import inner_scope
from toolkit.workflow.step.draft import Draft
from toolkit.workflow.expressions import evaluate_bool
from toolkit.workflow.templates.invoke import invoke
from toolkit.workflow.nodes import COMPLETED, Node, Row
from toolkit.workflow.outputs.outputs import node_values
from toolkit.workflow.substitution.parameters import mark_absent_optionals
from toolkit.workflow.templates.resolve import resolve_arguments
from toolkit.workflow.substitution.scope import Scope, Values
from toolkit.workflow.substitution.substitute import substitute

EXIT = "exit"


@dataclass(frozen=True, slots=True)
class Fired:
    """What became of a node's hooks: how many nodes are to be waited for, and why a hook, or the
    exit handler, could not be evaluated or started ("": all could).
    """

    started: int = 0
    error: str = ""
    exit_error: str = ""


def exit_hook(step: Row, workflow_arguments: Row) -> Row | None:
    """The step's exit handler as a hook: ``hooks.exit``, or ``onExit`` with the workflow's
    arguments.
    """
    hook = (step.get("hooks") or {}).get(EXIT)
    if hook:
        return hook  # type: ignore[no-any-return]
    if step.get("onExit"):
        return {"template": step["onExit"], "arguments": workflow_arguments}
    return None


def has_hooks(step: Row) -> bool:
    """Anything that may start when the step's node moves."""
    return bool(step.get("hooks") or step.get("onExit"))


def has_running_hooks(step: Row) -> bool:
    """Hooks that look at phases before the end."""
    return any(name != EXIT for name in step.get("hooks") or {})


def fire(draft: Draft, boundary: Node, node: Node, step: Row, scope: Scope) -> Fired:
    """Start the hooks of a step's or task's node whose time has come; its exit handler only where
    nothing is wrong with the others. ``scope`` is that of the step, without its own variables. An
    item of a task's loop has an exit handler only: the other hooks are the loop's.
    """
    prefix, is_item = str(node.engine["prefix"]), "index" in node.engine
    inner = scope.over(Values(_own_values(draft, node, prefix, is_item=is_item)))
    started = 0
    try:
        for name, hook in (step.get("hooks") or {}).items():
            if name != EXIT and not (is_item and prefix == "tasks"):
                started += _fire(draft, boundary, node, f"{node.name}.hooks.{name}", hook, inner)
    except ExpressionError as error:
        return Fired(started, error=error.message)
    last = exit_hook(step, draft.run.definition.spec.get("arguments") or {})
    if last is None or node.phase not in COMPLETED or draft.row["shutdown"] == "Terminate":
        return Fired(started)
    try:
        name = f"{node.name}.onExit"
        return Fired(started + _fire(draft, boundary, node, name, last, inner, is_exit=True))
    except ExpressionError as error:
        return Fired(started, exit_error=error.message)


def _own_values(draft: Draft, node: Node, prefix: str, *, is_item: bool) -> dict[str, Any]:
    """What a hook sees of its own step or task. In a loop of steps that goes by the name of the
    item, ``name(0:item)``: the name of the step stands for nothing there, as in Argo.
    """
    key = str(node.engine["key"])
    if is_item and prefix == "steps":
        key = node.name.removeprefix(f"{draft.node(node.owner).name}.")
    own = {f"{prefix}.{key}.{name}": value for name, value in node_values(draft, node).items()}
    own[f"{prefix}.{key}.status"] = node.phase
    return own


def _fire(
    draft: Draft,
    boundary: Node,
    node: Node,
    name: str,
    hook: Row,
    scope: Scope,
    *,
    is_exit: bool = False,
) -> int:
    """How many nodes are to be waited for. Raises ExpressionError."""
    if draft.find(name) is not None:
        return 0
    call = Call(
        name=name,
        holder=hook,
        arguments={},
        scope=inner_scope(draft, boundary),
        owner=node.owner,
        boundary=boundary.id,
        in_exit=is_exit or boundary.is_exit_part,
        flag={"hooked": True},
        depth=int(boundary.engine.get("depth", 0)) + 1,
        engine={"of": node.id},
    )
    if not _is_due(name, hook, scope, needs_expression=not is_exit):
        return 0
    hook_node = invoke(draft, _with_arguments(call, hook, scope))
    if hook_node is not None and hook_node.engine.get("invalid"):
        raise ExpressionError(hook_node.message)
    return 0 if hook_node is None else 1


def _is_due(name: str, hook: Row, scope: Scope, *, needs_expression: bool) -> bool:
    expression: Any = hook.get("expression")
    if not expression:
        if needs_expression:
            raise ExpressionError(f"Expression required for hook {name}")
        return True
    return evaluate_bool(str(expression), scope.environment())


def _with_arguments(call: Call, hook: Row, scope: Scope) -> Call:
    arguments = hook.get("arguments") or {}
    if arguments:
        marked = mark_absent_optionals(arguments, scope)
        arguments = resolve_arguments(substitute(marked, scope), scope)
    return replace(call, arguments=arguments)
