"""Steps templates: groups one after the other, the steps of a group side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from toolkit.errors import ExpressionError
from toolkit.workflow.templates import hooks
from toolkit.workflow.outputs import outputs
from toolkit.workflow.step.call import Call
from toolkit.workflow.step.context import globals_scope, inner_scope, template_at
from toolkit.workflow.step.draft import Draft, Due, resolved_note
from toolkit.workflow.step.fail_fast import FAIL_FAST, note_failure
from toolkit.workflow.templates.invoke import create, invoke, unresolved
from toolkit.workflow.substitution.loops import EMPTY_MESSAGE, refuse_items, with_item
from toolkit.workflow.nodes import (
    ERROR,
    FAILED,
    RUNNING,
    SKIPPED,
    SKIPPED_TYPE,
    STEP_GROUP,
    SUCCEEDED,
    Node,
    Row,
)
from toolkit.workflow.substitution.parameters import input_values
from toolkit.workflow.templates.resolve import Planned, Resolved, from_row, plan, resolve, to_row
from toolkit.workflow.substitution.scope import NodeRefs, Scope, Values
from toolkit.workflow.substitution.when import should_execute, skip_message

_OPERATION_ERROR: Final = "Workflow operation error"
_Plan = tuple[tuple[Planned, ...], dict[str, Resolved]]


def begin(draft: Draft, node: Node) -> None:
    """A steps node was created: its first group starts."""
    _next_group(draft, node, 0)


def group_ended(draft: Draft, node: Node, group: Node) -> None:
    """A group of a steps node ended: the next one, or the end."""
    if group.is_unsuccessful and group.engine.get("aborts") and _is_bare_main(draft, node):
        draft.edit(node.id).engine["aborted"] = group.message
        draft.set_phase(node.id, ERROR, _OPERATION_ERROR)
        return
    if group.is_unsuccessful:
        draft.set_phase(node.id, FAILED, group.message)
        return
    _next_group(draft, node, int(group.engine["index"]) + 1)


def _is_bare_main(draft: Draft, node: Node) -> bool:
    """The main node of a workflow without an exit handler: an exit handler in it that cannot be
    evaluated ends the workflow then and there.
    """
    spec = draft.run.definition.spec
    has_exit = spec.get("onExit") or hooks.EXIT in (spec.get("hooks") or {})
    return node.id == draft.run.name and not has_exit


def _next_group(draft: Draft, node: Node, index: int) -> None:
    if index >= len(template_at(draft, node)["steps"]):
        _succeed(draft, node)
        return
    call = Call(
        name=f"{node.name}[{index}]",
        holder={},
        arguments={},
        scope=inner_scope(draft, node),
        owner=node.id,
        boundary=node.id,
        in_exit=node.is_exit_part,
        depth=int(node.engine["depth"]),
        engine={"index": index, "open": 0, "next": 0},
    )
    known = draft.find(call.name)
    if known is not None:  # kept by a retry of the run
        if known.has_ended:
            group_ended(draft, node, known)
        return
    group = create(draft, call, STEP_GROUP, RUNNING)
    draft.agenda.append(Due("begin", group.id))


def _steps(group: Any) -> list[Row]:
    """A group is a list; older workflows write a group of one step as that step."""
    return [group] if isinstance(group, dict) else list(group or ())


def _succeed(draft: Draft, node: Node) -> None:
    try:
        found = outputs.of_template(
            template_at(draft, node), scope_of(draft, node, len(template_at(draft, node)["steps"]))
        )
    except ExpressionError as error:
        draft.fault(node.id, error.message)
        return
    if found is not None:
        draft.edit(node.id).status["outputs"] = found
        outputs.export(draft, draft.node(node.id))
    draft.set_phase(node.id, SUCCEEDED)


# One group


def advance(draft: Draft, group: Node) -> None:
    """Start what is next in the group, as far as the limits let it."""
    if group.has_ended:
        return
    try:
        planned, resolved = _plan(draft, group)
        _start_planned(draft, group, planned, resolved)
        _keep_resolved(draft, draft.node(group.id), planned, resolved)
    except ExpressionError as error:
        draft.edit(group.id).engine["error"] = error.message
    _conclude(draft, draft.node(group.id))


def _start_planned(
    draft: Draft, group: Node, planned: tuple[Planned, ...], resolved: dict[str, Resolved]
) -> None:
    group = draft.edit(group.id)
    parent = draft.node(group.owner)
    scope = scope_of(draft, parent, int(group.engine["index"]))
    if not group.engine["next"]:
        _refuse_items(planned, resolved, scope)
    hooked: list[tuple[Node, Row]] = []
    while group.engine["next"] < len(planned) and not group.engine.get("error"):
        if parent.engine.get("fail"):
            break
        entry = planned[group.engine["next"]]
        if group.engine.get("again") and draft.find(f"{group.name}.{entry.name}") is not None:
            group.engine["next"] += 1
            continue
        if not _start(draft, group, parent, entry, resolved[entry.key], scope, hooked):
            break
        group.engine["next"] += 1
    for node, step in hooked:
        _fire_hooks(draft, group, node, step, scope)


def _refuse_items(
    planned: tuple[Planned, ...], resolved: dict[str, Resolved], scope: Scope
) -> None:
    """Raises ExpressionError before anything starts."""
    items: dict[str, list[Any]] = {}
    for entry in planned:
        if entry.index is not None and resolved[entry.key].proceeds:
            items.setdefault(entry.key, []).append(entry.item)
    for key, each in items.items():
        refuse_items(resolved[key].step, each, scope)


def _keep_resolved(
    draft: Draft, group: Node, planned: tuple[Planned, ...], resolved: dict[str, Resolved]
) -> None:
    """Note the steps down where they will be asked for again, and where they may come to be another
    then: a daemon's values change.
    """
    is_loop = any(entry.index is not None for entry in planned)
    is_passing = is_loop or bool(draft.node(group.owner).engine.get("daemons"))
    note = resolved_note(group.id)
    if (is_passing or group.engine["next"] < len(planned)) and draft.note(note) is None:
        draft.put_note(note, {key: to_row(step) for key, step in resolved.items()})


def _start(
    draft: Draft,
    group: Node,
    parent: Node,
    entry: Planned,
    resolved: Resolved,
    scope: Scope,
    hooked: list[tuple[Node, Row]],
) -> bool:
    """False where a limit holds the entry back. What has hooks is added to ``hooked``."""
    step = resolved.step
    if resolved.proceeds and entry.index is not None:
        step = with_item(step, entry.item, scope)
    call = _call(group, parent, entry, step)
    if entry.empty:
        create(draft, call, SKIPPED_TYPE, SKIPPED, message=EMPTY_MESSAGE)
        return True
    when = str(step.get("when") or "")
    try:
        proceeds = resolved.proceeds and should_execute(when)
    except ExpressionError as error:
        group.engine["error"] = error.message
        unresolved(draft, call, error.message)
        return True
    if not proceeds:
        create(draft, call, SKIPPED_TYPE, SKIPPED, message=skip_message(when))
        return True
    node = invoke(draft, call)
    if node is None:
        return False
    if not node.engine.get("invalid"):
        group.engine["open"] += 1
        if (known := draft.node(node.id)).is_faulty:  # what would come after it is not started
            group.engine["error"] = _errored(known)
        if hooks.has_running_hooks(step):
            node.engine["hooks"] = True
            hooked.append((node, step))
    else:
        group.engine["error"] = _errored(node)
    return True


def _errored(child: Node) -> str:
    return f"step group deemed errored due to child {child.name} error: {child.message}"


def _call(group: Node, parent: Node, entry: Planned, step: Row) -> Call:
    engine: Row = {} if entry.index is None else {"index": entry.index}
    return Call(
        name=f"{group.name}.{entry.name}",
        holder=step,
        arguments=step.get("arguments") or {},
        scope=str(group.status["templateScope"]),
        owner=group.id,
        boundary=parent.id,
        prefix="steps",
        key=entry.key,
        in_exit=group.is_exit_part,
        depth=int(parent.engine["depth"]) + 1,
        engine=engine,
    )


def _plan(draft: Draft, group: Node) -> _Plan:
    """The group's steps resolved and expanded. Raises SubstitutionError."""

    def compute() -> _Plan:
        parent = draft.node(group.owner)
        index = int(group.engine["index"])
        steps = _steps(template_at(draft, parent)["steps"][index])
        scope = scope_of(draft, parent, index)
        kept = draft.note(resolved_note(group.id)) or {}
        planned: list[Planned] = []
        resolved: dict[str, Resolved] = {}
        for step in steps:
            key = str(step.get("name") or "")
            try:
                resolved[key] = from_row(kept[key]) if key in kept else resolve(step, scope)
            except ExpressionError as error:
                text = f"failed to resolve references: {error.message}"
                raise ExpressionError(text) from error
            planned.extend(plan(key, resolved[key]))
        return tuple(planned), resolved

    return draft.remember((group.id, group.engine["seq"]), compute)


def child_moved(draft: Draft, group: Node, child: Node, *, ended: bool) -> None:
    """A step's node has a new phase, or ended: its hooks, then perhaps the group's end."""
    parent = draft.node(group.owner)
    group = draft.edit(group.id)
    if ended:
        group.engine["open"] -= 1
        if child.is_faulty:
            said = child.message if child.is_hook else _errored(child)
            group.engine.setdefault("error", said)
        elif child.is_unsuccessful and not child.is_hook:
            note_failure(draft, parent)
    if not child.is_hook and hooks.has_hooks(_plan(draft, group)[1][child.engine["key"]].step):
        step = _step_of(draft, group, child)
        scope = scope_of(draft, parent, int(group.engine["index"]))
        _fire_hooks(draft, group, child, step, scope)
    _conclude(draft, group)


def _fire_hooks(draft: Draft, group: Node, child: Node, step: Row, scope: Scope) -> None:
    """A hook that cannot be evaluated is the group's error."""
    if group.engine.get("error") or draft.node(group.owner).engine.get("fail"):
        return
    fired = hooks.fire(draft, draft.node(group.owner), child, step, scope)
    group.engine["open"] += fired.started
    if fired.error or fired.exit_error:
        group.engine["error"] = fired.error or fired.exit_error
        group.engine["aborts"] = bool(fired.exit_error) and not group.engine["open"]


def _step_of(draft: Draft, group: Node, child: Node) -> Row:
    planned, resolved = _plan(draft, group)
    step = resolved[child.engine["key"]].step
    index = child.engine.get("index")
    if index is None:
        return step
    item = next(
        entry.item
        for entry in _entries(planned, child.engine["key"], index)
        if entry.index == index
    )
    parent = draft.node(group.owner)
    return with_item(step, item, scope_of(draft, parent, int(group.engine["index"])))


def _entries(planned: tuple[Planned, ...], key: str, index: int) -> tuple[Planned, ...]:
    """The entry of an item, without a search where the group is one loop."""
    if index < len(planned) and planned[index].key == key and planned[index].index == index:
        return (planned[index],)
    return tuple(entry for entry in planned if entry.key == key)


def _conclude(draft: Draft, group: Node) -> None:
    if group.has_ended or group.engine["open"] > 0:
        return
    error = group.engine.get("error")
    if error:
        draft.set_phase(group.id, ERROR, error)
        return
    planned, resolved = _plan(draft, group)
    parent = draft.node(group.owner)
    if parent.engine.get("fail"):
        draft.set_phase(group.id, FAILED, FAIL_FAST)
        return
    if group.engine["next"] < len(planned):
        return  # a limit holds the rest back
    for id in draft.children(group.id):
        child = draft.node(id)
        if child.is_hook or not child.is_unsuccessful:
            continue
        if not _continues(resolved[child.engine["key"]].step, child.phase):
            draft.set_phase(group.id, FAILED, f"child '{id}' failed")
            return
    draft.set_phase(group.id, SUCCEEDED)


def _continues(step: Row, phase: str) -> bool:
    rule = step.get("continueOn") or {}
    return bool(rule.get("error") if phase == ERROR else rule.get("failed"))


def resume(draft: Draft, node: Node) -> None:
    """After a retry or a shutdown of the run: on from the last group that is there."""
    groups = [draft.node(id) for id in draft.children(node.id)]
    if not groups:
        _next_group(draft, node, 0)
    elif all(group.has_ended for group in groups):
        group_ended(draft, node, max(groups, key=lambda group: int(group.engine["index"])))


# Variables


def scope_of(draft: Draft, node: Node, index: int) -> Scope:
    """What the steps of group ``index`` see: inputs, globals, and all earlier groups' steps."""

    def places() -> Mapping[str, int]:
        return {
            str(step.get("name") or ""): at
            for at, group in enumerate(template_at(draft, node)["steps"])
            for step in _steps(group)
        }

    where = draft.remember(("places", node.id, node.engine["seq"]), places)

    def lookup(name: str) -> Mapping[str, Any] | None:
        at = where.get(name)
        return None if at is None or at >= index else _step_values(draft, node, at, name)

    def names() -> frozenset[str]:
        return frozenset(name for name, at in where.items() if at < index)

    template = template_at(draft, node)
    inputs = node.status.get("inputs") or {}
    artifacts = inputs.get("artifacts") or ()
    own = Values({f"inputs.artifacts.{entry['name']}": entry for entry in artifacts})
    return globals_scope(draft).over(
        NodeRefs("steps", lookup, names), own, input_values(inputs, template)
    )


def _step_values(draft: Draft, node: Node, at: int, name: str) -> Mapping[str, Any] | None:
    single = draft.find(f"{node.name}[{at}].{name}")
    if single is not None:
        return outputs.node_values(draft, single)
    group = draft.find(f"{node.name}[{at}]")
    if group is None:
        return None
    items = [
        child
        for id in draft.children(group.id)
        if (child := draft.node(id)).engine.get("key") == name and not child.is_hook
    ]
    if not items:
        return None
    return draft.remember(
        ("loop", group.id, group.engine["seq"], name),
        lambda: outputs.loop_values(items, outputs.node_values(draft, group)),
    )
