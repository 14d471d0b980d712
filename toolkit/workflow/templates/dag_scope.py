"""A dag node's graph, and what its tasks see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.workflow.outputs import outputs
from toolkit.workflow.step.context import globals_scope, template_at
from toolkit.workflow.spec.depends import Graph, graph_of
from toolkit.workflow.step.draft import Draft
from toolkit.workflow.nodes import TASK_GROUP, Node
from toolkit.workflow.substitution.parameters import input_values
from toolkit.workflow.substitution.scope import NodeRefs, Scope, Values


def graph_at(draft: Draft, node: Node) -> Graph:
    """The graph of a dag node. Raises ExpressionError."""
    return draft.remember(
        ("graph", node.id, node.engine["seq"]), lambda: graph_of(template_at(draft, node)["dag"])
    )


def task_name(node: Node, task: str) -> str:
    """The name of a task's node."""
    return f"{node.name}.{task}"


def scope_of(draft: Draft, node: Node, task: str) -> Scope:
    """What a task sees: inputs, globals, and the tasks before it; "" sees all of them."""
    graph = graph_at(draft, node)

    def visible() -> frozenset[str]:
        return graph.ancestors(task) if task else frozenset(graph.tasks)

    def lookup(name: str) -> Mapping[str, Any] | None:
        if name not in graph.tasks or (task and not _stands_before(name)):
            return None
        found = draft.find(task_name(node, name))
        return None if found is None else _task_values(draft, found)

    def _stands_before(name: str) -> bool:
        return name in graph.dependencies[task] or name in visible()

    template = template_at(draft, node)
    inputs = node.status.get("inputs") or {}
    artifacts = inputs.get("artifacts") or ()
    own = Values({f"inputs.artifacts.{entry['name']}": entry for entry in artifacts})
    return globals_scope(draft).over(
        NodeRefs("tasks", lookup, visible), own, input_values(inputs, template)
    )


def _task_values(draft: Draft, task: Node) -> Mapping[str, Any]:
    if task.type != TASK_GROUP:
        return outputs.node_values(draft, task)
    items = [item for id in draft.children(task.id) if not (item := draft.node(id)).is_hook]
    return draft.remember(
        ("loop", task.id, task.engine["seq"]),
        lambda: outputs.loop_values(items, outputs.node_values(draft, task)),
    )
