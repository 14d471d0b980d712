"""Which nodes of a failed workflow are run again: what ``argo retry`` decides, on status.nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from toolkit.resource.resource import Body
from toolkit.workflow.nodes import (
    CONTAINER,
    RUNNING,
    SKIPPED,
    UNSUCCESSFUL,
    Row,
    pod_name,
    template_of,
)
from toolkit.workflow.retry.order import Order, is_attempt, is_hook, successes
from toolkit.workflow.status.selector import matches

_EXECUTED: Final = frozenset({"Pod", "HTTP", "Plugin", "Skipped", "Suspend"})
_GROUPS: Final = frozenset({"DAG", "TaskGroup", "StepGroup", "Steps"})
_GROUPS_AND_RETRIES: Final = _GROUPS | {"Retry"}


def plan_retry(
    workflow: Body, selector: str, started: str
) -> tuple[dict[str, Row], tuple[str, ...]]:
    """The nodes as they are to be after the retry, and the pods that are obsolete."""
    name = str(workflow["metadata"]["name"])
    nodes: dict[str, Row] = (workflow.get("status") or {}).get("nodes") or {}
    order = Order(nodes)
    chosen = {
        _pod_of(node, id) for id, node in nodes.items() if selector and matches(selector, node)
    }
    gone, reset = _extent(nodes, order, chosen)
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


def _extent(
    nodes: Mapping[str, Row], order: Order, chosen: set[str]
) -> tuple[Mapping[str, None], set[str]]:
    """The nodes that run again, and the groups and retries that go on around them."""
    history = _history(nodes, order)
    left_alone = history | order.before(successes(nodes, order, nodes.keys() - chosen))
    failed = {id for id, node in nodes.items() if _has_failed(node) and id not in left_alone}
    groups = {
        id
        for id, node in nodes.items()
        if node.get("type") in _GROUPS
        and id not in left_alone
        and all(nodes[each].get("phase") in UNSUCCESSFUL for each in (id, *order.around(id)))
    }
    gone = order.closure((chosen - history | failed) - _resting(nodes, order))
    order.closure(order.after(groups - gone.keys()), gone)
    around = {outer for id in gone for outer in order.around(id)}
    return gone, groups | {id for id in around if nodes[id].get("type") in _GROUPS_AND_RETRIES}


def _has_failed(node: Row) -> bool:
    return node.get("phase") in UNSUCCESSFUL and node.get("type") in _EXECUTED


def _pod_of(node: Row, id: str) -> str:
    """A container is run again with its pod."""
    return str(node.get("boundaryID")) if node.get("type") == CONTAINER else id


def _history(nodes: Mapping[str, Row], order: Order) -> set[str]:
    """Steps and dags that a retryStrategy has tried again since, and all that is in them: only the
    last attempt goes on.
    """
    earlier: set[str] = set()
    for node in nodes.values():
        if node.get("type") == "Retry":
            attempts = [id for id in node.get("children") or () if id in nodes]
            attempts = [id for id in attempts if is_attempt(nodes[id])]
            earlier |= {id for id in attempts[:-1] if nodes[id].get("type") in _GROUPS}
    return order.within(earlier)


def _resting(nodes: Mapping[str, Row], order: Order) -> set[str]:
    """Hooks, and all in them, where a group around them ended well: nothing there is to be done
    again.
    """
    return order.within(
        id
        for id, node in nodes.items()
        if is_hook(node)
        and not all(nodes[each].get("phase") in UNSUCCESSFUL for each in order.around(id))
    )


def _exit_nodes(nodes: Mapping[str, Row], name: str) -> set[str]:
    return {
        id for id, node in nodes.items() if str(node.get("name", "")).startswith(f"{name}.onExit")
    }


def _kept(node: Row, gone: Mapping[str, None], started: str | None, *, is_reset: bool) -> Row:
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
    return kept
