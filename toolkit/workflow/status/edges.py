"""Argo's graph of a run: ``children`` and ``outboundNodes``, derived from who owns whom.

They are not kept in rows: a group of ten thousand would write its list anew at each of its ten
thousand ends.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from toolkit.errors import ExpressionError
from toolkit.workflow.nodes import DAG, STEPS, Node
from toolkit.workflow.run import Run
from toolkit.workflow.step.draft import Draft
from toolkit.workflow.templates.dag_scope import graph_at, task_name

_GRAPHS: Final = frozenset({STEPS, DAG})


class Edges:
    """``children`` and ``outbound`` by node id. Cost: linear in nodes and edges."""

    def __init__(self, run: Run) -> None:
        self.children: dict[str, list[str]] = {id: [] for id in run.nodes}
        self._draft = Draft(run, datetime.fromtimestamp(0, UTC))
        self._run = run
        self._outbound: dict[str, list[str]] = {}
        self._hooks: dict[str, list[Node]] = {}
        self._find_hooks()
        for node in run.nodes.values():
            self._connect(node)
        for id, children in self.children.items():
            children.extend(hook.id for hook in self._hooks.get(id, ()))
            if id in self._hooks:
                children.sort(key=lambda child: int(run.nodes[child].engine["seq"]))

    def outbound(self, id: str) -> list[str]:
        """The nodes at which a node's work ends, at least one: what comes next is their child."""
        known = self._outbound.get(id)
        if known is None:
            known = self._outbound[id] = self._compute_outbound(self._run.nodes[id])
        return known

    def shown_outbound(self, id: str) -> list[str]:
        """Argo's ``outboundNodes`` of a steps or dag node: none where nothing was there at the
        end.
        """
        node = self._run.nodes[id]
        owned = self._owned(node)
        if node.type == "DAG":
            last = self._targets(node)
        else:
            last = self._owned(owned[-1]) if owned else []
        return [
            out
            for each in last
            for out in (
                self.shown_outbound(each.id) if each.type in _GRAPHS else self.outbound(each.id)
            )
        ]

    def _compute_outbound(self, node: Node) -> list[str]:
        owned = self._owned(node)
        match node.type:
            case "Steps":
                return self._after_groups(owned[-1]) if owned else [node.id]
            case "DAG":
                targets = self._targets(node)
                return [out for task in targets for out in self.outbound(task.id)] or [node.id]
            case "TaskGroup" if owned:
                items = [*owned, *self._hooks.get(node.id, ())]
                return [out for item in items for out in self.outbound(item.id)]
            case "Retry" if owned:
                return [[*owned, *self._hooks.get(node.id, ())][-1].id]
            case "Pod" if owned:
                before = {name for each in owned for name in each.engine.get("after", ())}
                return [each.id for each in owned if each.status["displayName"] not in before]
            case _:
                return [node.id]

    def _owned(self, node: Node) -> list[Node]:
        owned = self._run.children.get(node.id)
        if owned is None:
            return []
        nodes = self._run.nodes
        return [child for id in owned if not (child := nodes[id]).engine.get("of")]

    def _targets(self, node: Node) -> list[Node]:
        try:
            graph = graph_at(self._draft, node)
        except ExpressionError:
            return []
        found = [self._draft.find(task_name(node, name)) for name in graph.targets]
        return [task for task in found if task is not None]

    def _connect(self, node: Node) -> None:
        owned = self._owned(node)
        if not owned:  # as most
            return
        match node.type:
            case "Steps":
                self._connect_groups(node, owned)
            case "DAG":
                self._connect_tasks(node, owned)
            case "StepGroup" | "TaskGroup" | "Retry":
                self.children[node.id].extend(child.id for child in owned)
            case "Pod":
                self._connect_containers(node, owned)

    def _connect_containers(self, pod: Node, containers: list[Node]) -> None:
        by_name = {str(each.status["displayName"]): each.id for each in containers}
        for each in containers:
            for id in [by_name[name] for name in each.engine.get("after", ())] or [pod.id]:
                self.children[id].append(each.id)

    def _connect_groups(self, node: Node, groups: list[Node]) -> None:
        before: list[str] = [node.id]
        for group in groups:
            for id in before:
                self.children[id].append(group.id)
            before = self._after_groups(group)

    def _after_groups(self, last: Node) -> list[str]:
        """Where the steps of a group end; a group that started none ends where it is."""
        steps = self._owned(last)
        return [out for step in steps for out in self.outbound(step.id)] or [last.id]

    def _connect_tasks(self, node: Node, tasks: list[Node]) -> None:
        try:
            graph = graph_at(self._draft, node)
        except ExpressionError:
            return
        for task in tasks:
            dependencies = graph.dependencies[task.engine["key"]]
            if not dependencies:
                self.children[node.id].append(task.id)
            for name in dependencies:
                before = self._draft.find(task_name(node, name))
                for id in self.outbound(before.id) if before is not None else ():
                    self.children[id].append(task.id)

    def _find_hooks(self) -> None:
        """What could not be started hangs on its node only where it is an exit handler."""
        for node in self._run.nodes.values():
            of = node.engine.get("of") or (
                self._run.name if node.engine.get("role") == "hook" else ""
            )
            is_hung = not node.engine.get("invalid") or node.name.endswith(".onExit")
            if of in self.children and is_hung:
                self._hooks.setdefault(of, []).append(node)
