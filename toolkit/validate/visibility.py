"""Which steps and tasks have ended when another one starts, and why one has not.

A :data:`Hidden` answers for one node; nothing is computed before a tag asks, because most nodes of
a large workflow name few others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from toolkit.validate.dag import Ancestry
from toolkit.validate.scope import Hidden, Problem
from toolkit.validate.spec import Node, Template


def hidden_from(template: Template) -> Callable[[Node], Hidden]:
    """For each step or task of a template: what it cannot see."""
    by_name: dict[str, Node] = {}
    for node in template.nodes:
        by_name.setdefault(node.name, node)
    if template.type == "dag":
        ancestry = Ancestry(template.nodes)
        return lambda node: lambda name: _of_task(node, name, by_name, ancestry)
    return lambda node: lambda name: _of_step(node, name, by_name)


def _of_step(node: Node, name: str, by_name: Mapping[str, Node]) -> Problem | None:
    other = by_name.get(name)
    if other is None or other.group < node.group:
        return None
    return Problem(
        f"step {name!r} runs {_when(other, node)} step {node.name!r}",
        "move it to an earlier group of steps: begin one with '- - name:'",
    )


def _when(other: Node, node: Node) -> str:
    if other is node:
        return "as"
    return "after" if other.group > node.group else "beside"


def _of_task(
    node: Node, name: str, by_name: Mapping[str, Node], ancestry: Ancestry
) -> Problem | None:
    if name not in by_name or ancestry.is_before(name, node.name):
        return None
    return Problem(
        f"task {node.name!r} does not depend on task {name!r}",
        f"add {name!r} to its depends or dependencies",
        "missing-dependency",
    )
