"""A template's own ``failFast``: after the first failure in it nothing more starts, whatever
``continueOn`` and ``depends`` say, and it fails once what is under way has ended.
"""

from __future__ import annotations

from typing import Final

from toolkit.workflow.nodes import Node, Row
from toolkit.workflow.step.context import template_at
from toolkit.workflow.step.draft import Draft

FAIL_FAST: Final = "template has failed or errored children and failFast enabled"


def mark(node: Node, template: Row) -> None:
    """Let a new steps or dag node know how it takes failures."""
    if template.get("failFast"):
        node.engine["fast"] = True


def note_failure(draft: Draft, boundary: Node) -> None:
    """Something in a steps or dag node failed."""
    if template_at(draft, boundary).get("failFast"):
        draft.edit(boundary.id).engine["fail"] = True
