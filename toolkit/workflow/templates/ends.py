"""Where a node's work ended: the leaves after which something else could have come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from toolkit.workflow.step.draft import Draft
from toolkit.workflow.nodes import (
    DAG,
    RETRY,
    STEP_GROUP,
    STEPS,
    TASK_GROUP,
    UNSUCCESSFUL,
    Node,
)

_ALL: Final = frozenset({DAG, STEP_GROUP, TASK_GROUP})
_LAST: Final = frozenset({RETRY, STEPS})


def failures_at_end(draft: Draft, node: Node) -> Iterator[str]:
    """The phases of the leaves at the end of a node that failed, of those that failed too."""
    if node.type not in _ALL | _LAST:
        if node.phase in UNSUCCESSFUL:
            yield node.phase
        return
    inside = [child for id in draft.children(node.id) if not (child := draft.node(id)).is_hook]
    for child in inside[-1:] if node.type in _LAST else inside:
        yield from failures_at_end(draft, child)
