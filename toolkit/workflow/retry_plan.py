"""Which nodes of a failed workflow are run again: what ``argo retry`` decides, on status.nodes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from toolkit.resource.resource import Body
from toolkit.workflow.nodes import (
    CONTAINER,
    RUNNING,
    SKIPPED,
    SUCCEEDED,
    SUSPEND,
    UNSUCCESSFUL,
    Row,
    pod_name,
    template_of,
)
from toolkit.workflow.selector import matches

_EXECUTED: Final = frozenset({"Pod", "HTTP", "Plugin", "Skipped", "Suspend"})
_GROUPS: Final = frozenset({"DAG", "TaskGroup", "StepGroup", "Steps"})


def plan_retry(
    workflow: Body, selector: str, started: str
) -> tuple[dict[str, Row], tuple[str, ...]]:
    """The nodes as they are to be after the retry, and the pods that are obsolete."""
    name = str(workflow["metadata"]["name"])
    nodes: dict[str, Row] = (workflow.get("status") or {}).get("nodes") or {}
    graph = _Graph(nodes, name)
    gone: set[str] = set()
    reset: set[str] = set()
    history = _history(nodes)
    resting = _resting(nodes, graph)
    for id in graph.in_order(_start_points(nodes, selector) - history - resting):
        if id in gone:
            continue
        gone |= {id, *graph.below(id)}
        reset |= graph.above(id)
    reset |= {
        id
        for id, node in nodes.items()
        if node.get("type") in _GROUPS
        and id not in history
        and all(nodes[each].get("phase") in UNSUCCESSFUL for each in (id, *graph.above(id)))
    }
    exits = _exit_nodes(nodes, name)
    kept = {
        id: _kept(node, gone, started if id in reset else None, is_reset=id in reset)
        for id, node in nodes.items()
        if id not in gone and id not in exits
    }
    pods = tuple(
        dict.fromkeys(
            pod_name(name, str(nodes[id]["name"]), template_of(nodes[id]))
            for id in nodes
            if (id in gone or id in exits) and nodes[id].get("type") == "Pod"
        )
    )
    return kept, pods


def _start_points(nodes: Mapping[str, Row], selector: str) -> set[str]:
    """Failed leaves, unless something after them went well all the same (continueOn); and the
    nodes that the selector chooses.
    """
    chosen = {
        _pod_of(node, id) for id, node in nodes.items() if selector and matches(selector, node)
    }
    attempts = {
        child: id
        for id, node in nodes.items()
        if node.get("type") == "Retry"
        for child in node.get("children") or ()
    }
    failed = set()
    for id, node in nodes.items():
        if node.get("phase") not in UNSUCCESSFUL or node.get("type") not in _EXECUTED:
            continue
        is_attempt = bool((node.get("nodeFlag") or {}).get("retried"))
        looked_at = attempts.get(id, id) if is_attempt else id
        if not _has_succeeded_below(nodes, looked_at, chosen):
            failed.add(id)
    return chosen | failed


def _pod_of(node: Row, id: str) -> str:
    """A container is run again with its pod."""
    return str(node.get("boundaryID")) if node.get("type") == CONTAINER else id


def _is_hook(node: Row) -> bool:
    """An attempt of a hook carries its mark, but is not started by a step."""
    flag: Row = node.get("nodeFlag") or {}
    return bool(flag.get("hooked") and not flag.get("retried"))


def _history(nodes: Mapping[str, Row]) -> set[str]:
    """Steps and dags that a retryStrategy has tried again since, and all that is in them: only the
    last attempt goes on.
    """
    earlier: set[str] = set()
    for node in nodes.values():
        if node.get("type") == "Retry":
            attempts = [nodes[id] for id in node.get("children") or () if id in nodes]
            attempts = [one for one in attempts if (one.get("nodeFlag") or {}).get("retried")]
            earlier |= {str(one["name"]) for one in attempts[:-1] if one.get("type") in _GROUPS}
    return {id for id, node in nodes.items() if earlier & _around(str(node["name"]))}


def _resting(nodes: Mapping[str, Row], graph: _Graph) -> set[str]:
    """Hooks, and all in them, where a group around them ended well: nothing there is to be done
    again.
    """
    roots = {
        str(node["name"])
        for id, node in nodes.items()
        if _is_hook(node)
        and not all(nodes[each].get("phase") in UNSUCCESSFUL for each in graph.above(id))
    }
    return {id for id, node in nodes.items() if roots & _around(str(node["name"]))}


def _around(name: str) -> set[str]:
    """The name, and those of what may be around it."""
    return {name, *(name[:at] for at, char in enumerate(name) if char in ".[")}


def _has_succeeded_below(nodes: Mapping[str, Row], id: str, chosen: set[str]) -> bool:
    """DEVIATION: in Argo a step's exit handler counts, and a step that failed is not retried where
    its exit handler went well.
    """
    seen: set[str] = set()
    pending = list(nodes[id].get("children") or ())
    while pending:
        child = pending.pop()
        if child in seen or child not in nodes or _is_hook(nodes[child]):
            continue
        seen.add(child)
        is_part = nodes[child].get("type") == CONTAINER  # of the pod, whatever became of that
        if child not in chosen and nodes[child].get("phase") == SUCCEEDED and not is_part:
            return True
        pending.extend(nodes[child].get("children") or ())
    return False


def _exit_nodes(nodes: Mapping[str, Row], name: str) -> set[str]:
    return {
        id for id, node in nodes.items() if str(node.get("name", "")).startswith(f"{name}.onExit")
    }


def _kept(node: Row, gone: set[str], started: str | None, *, is_reset: bool) -> Row:
    kept = dict(node)
    for field in ("children", "outboundNodes"):
        if field in kept:
            kept[field] = [id for id in kept[field] if id not in gone]
    if not is_reset:
        return kept
    if kept.get("phase") != SKIPPED:
        kept["phase"] = RUNNING
    kept.pop("message", None)
    kept["startedAt"] = started or kept.get("startedAt")
    kept["finishedAt"] = None
    if kept.get("type") == SUSPEND and kept.get("outputs"):
        kept["outputs"] = {
            "parameters": [
                {"name": entry["name"], "valueFrom": {"supplied": {}}}
                for entry in kept["outputs"].get("parameters") or ()
            ]
        }
    return kept


class _Graph:
    """The nodes of a run, by ``children`` and by name."""

    def __init__(self, nodes: Mapping[str, Row], root: str) -> None:
        self._nodes = nodes
        self._root = root
        self._around = {
            str(node.get("name")): id
            for id, node in nodes.items()
            if node.get("type") in _GROUPS or node.get("type") == "Retry"
        }

    def in_order(self, ids: Iterable[str]) -> list[str]:
        """Those of ``ids`` that the root reaches, breadth first."""
        wanted, found = set(ids), []
        seen = {self._root}
        queue = [self._root] if self._root in self._nodes else []
        while queue:
            following = []
            for id in queue:
                if id in wanted:
                    found.append(id)
                for child in self._children(id):
                    if child not in seen:
                        seen.add(child)
                        following.append(child)
            queue = following
        return found

    def below(self, id: str) -> set[str]:
        """All that comes after a node."""
        seen: set[str] = set()
        pending = self._children(id)
        while pending:
            child = pending.pop()
            if child not in seen:
                seen.add(child)
                pending.extend(self._children(child))
        return seen

    def above(self, id: str) -> set[str]:
        """The groups and retries around a node, out to the root: its name begins with theirs. A
        hook is beside the node whose name it carries.
        """
        name = str(self._nodes[id].get("name"))
        found: set[str] = set()
        for at, char in enumerate(name):
            is_hook = name.startswith((".onExit", ".hooks."), at)
            if char in ".[(" and not is_hook and name[:at] in self._around:
                found.add(self._around[name[:at]])
        return found

    def _children(self, id: str) -> list[str]:
        return [child for child in self._nodes[id].get("children") or () if child in self._nodes]
