"""Which steps' standard output is wanted: only those whose parent template refers to it."""

from __future__ import annotations

import re

from toolkit.workflow.expressions import json_text
from toolkit.workflow.nodes import Node
from toolkit.workflow.step.draft import Draft

_REFERENCES = re.compile(
    r"(?:steps|tasks)(?:\.([A-Za-z0-9_-]+)|\[\\?['\"]([^'\"\\]+)\\?['\"]\])\.outputs\.result"
)


def captures_result(draft: Draft, node: Node) -> bool:
    """Whether the template around this node refers to ``outputs.result`` of its step."""
    key, boundary = node.engine.get("key"), draft.get(node.boundary)
    if not key or boundary is None:
        return False
    holder, scope = boundary.engine["holder"], str(boundary.status["templateScope"])
    if holder.get("inline"):
        return key in _referred(json_text(holder["inline"]))
    template, inner = draft.run.definition.resolve(holder, scope)
    return key in draft.remember(
        ("results", inner, template.get("name")), lambda: _referred(json_text(template))
    )


def _referred(text: str) -> frozenset[str]:
    return frozenset(dotted or quoted for dotted, quoted in _REFERENCES.findall(text))
