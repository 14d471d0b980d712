"""What may start in a random workflow: nothing before what it waits for has ended, after a retry of
the run too.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from toolkit.errors import ExpressionError
from toolkit.workflow.commands import StartContainer
from toolkit.workflow.lifecycle.halting import halted
from toolkit.workflow.nodes import DAG, STEP_GROUP, Node
from toolkit.workflow.run import Run, Transition
from toolkit.workflow.step.draft import Draft
from toolkit.workflow.step.synchronization import WAITS, is_resting
from toolkit.workflow.templates.dag import is_settled
from toolkit.workflow.templates.dag_scope import graph_at, task_name


def check_order(run: Run, changes: Transition, before: Run | None, now: datetime) -> None:
    """Nodes that a commit created, and commands that it gave, did not come before their time.
    ``run`` is as it was left: what had not ended then had not ended when they started.
    """
    draft = Draft(run, now)
    known = before.nodes if before is not None else {}
    created = [
        id
        for id, row in changes.nodes
        if id in run.nodes and (id not in known or _is_another(known[id], run.nodes[id]))
    ]
    started = [
        node_id
        for command in changes.commands
        if (node_id := getattr(command, "node_id", "")) and hasattr(command, "node_name")
    ]
    for id in dict.fromkeys([*created, *started]):
        if id in run.nodes:
            for waited_for, other in _waited_for(draft, run.nodes[id]):
                assert _may_be_followed(other), (
                    f"{run.nodes[id].name} started while {waited_for} "
                    + (f"is {other.phase}" if other else "is not there")
                )


def _may_be_followed(node: Node | None) -> bool:
    """Settled, or a daemon that came up: what follows it goes on when that fails in the end."""
    return is_settled(node) or bool(node and node.engine.get("settled"))


def _is_another(old: Node, new: Node) -> bool:
    return bool(old.engine["seq"] != new.engine["seq"])


def _waited_for(draft: Draft, node: Node) -> Iterator[tuple[str, Node | None]]:
    """What had to end before a node, or what it is in, could start: by name, with the node."""
    inner: Node | None = node
    while inner is not None:
        if inner.is_hook:
            inner = draft.node(inner.engine["of"])
        owner = draft.get(inner.owner) if inner.owner else None
        if owner is not None and owner.type == DAG:
            yield from _dependencies(draft, owner, inner)
        elif inner.type == STEP_GROUP and owner is not None:
            for at in range(int(inner.engine["index"])):
                name = f"{owner.name}[{at}]"
                yield name, draft.find(name)
        inner = owner


def _dependencies(draft: Draft, dag: Node, task: Node) -> Iterator[tuple[str, Node | None]]:
    try:
        graph = graph_at(draft, dag)
    except ExpressionError:
        return
    for dependency in graph.dependencies[task.engine["key"]]:
        name = task_name(dag, dependency)
        yield name, draft.find(name)


def check_permission(run: Run, changes: Transition, now: datetime) -> None:
    """No pod starts in a run that is suspended or being ended, nor below what waits for a lock."""
    draft = Draft(run, now)
    for command in changes.commands:
        if not isinstance(command, StartContainer):
            continue
        node = draft.node(command.node_id)
        said = halted(draft, in_exit=node.is_exit_part)
        assert not said, f"{node.name} started: {said}"
        assert not is_resting(draft), f"{node.name} started while the run is suspended"
        inner: Node | None = node
        while inner is not None:
            assert inner.has_ended or not inner.engine.get(WAITS), (
                f"{node.name} started, and {inner.name} waits for a lock"
            )
            inner = draft.get(inner.owner) if inner.owner else None
