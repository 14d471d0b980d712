"""What a retry with other parameters runs again beside what failed: Argo's rule that a loop or a
step group which goes on starts anew (argo-workflows#15802), since it may come to other members.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from toolkit.resource.resource import Body
from toolkit.workflow.nodes import FINISHED, POD, STEP_GROUP, TASK_GROUP, Row, pod_name, template_of

_EXPANDING: Final = frozenset({STEP_GROUP, TASK_GROUP})


def without_group_members(
    workflow: Body, kept: Mapping[str, Row]
) -> tuple[dict[str, Row], tuple[str, ...]]:
    """``kept`` as a retry plans it, less all that comes below groups which go on; and the pods that
    are obsolete by it.
    """
    nodes: dict[str, Row] = (workflow.get("status") or {}).get("nodes") or {}
    gone: set[str] = set()
    for id, node in kept.items():
        goes_on = nodes[id].get("phase") in FINISHED and node.get("phase") not in FINISHED
        if goes_on and node.get("type") in _EXPANDING:
            gone.update(_below(nodes, id, gone))
    name = str(workflow["metadata"]["name"])
    pods = tuple(
        pod_name(name, str(nodes[id]["name"]), template_of(nodes[id]))
        for id in kept
        if id in gone and nodes[id].get("type") == POD
    )
    return {id: _without(node, gone) for id, node in kept.items() if id not in gone}, pods


def _below(nodes: Mapping[str, Row], id: str, known: set[str]) -> Iterator[str]:
    seen: set[str] = set()
    pending = list(nodes[id].get("children") or ())
    while pending:
        child = pending.pop()
        if child in nodes and child not in seen and child not in known:
            seen.add(child)
            pending += nodes[child].get("children") or ()
    yield from seen


def _without(node: Row, gone: set[str]) -> Row:
    changed = dict(node)
    for field in ("children", "outboundNodes"):
        if field in changed:
            changed[field] = [id for id in changed[field] if id not in gone]
    return changed
