"""A template about to run: under which name, with which arguments, for whom."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from toolkit.workflow.nodes import Node, Row


@dataclass(frozen=True, slots=True)
class Call:
    """``holder`` is the step, task or hook (template, templateRef or inline); ``scope`` is where
    its names are looked up. ``owner`` hears of the end; ``boundary`` is the steps or dag node.
    ``prefix`` is "steps" or "tasks", ``key`` the step's or task's name. ``engine`` goes into the
    node as it is.
    """

    name: str
    holder: Row
    arguments: Row
    scope: str
    owner: str = ""
    boundary: str = ""
    prefix: str = ""
    key: str = ""
    in_exit: bool = False
    flag: Row | None = None
    depth: int = 0
    engine: Row = field(default_factory=dict)

    def attempt(self, number: int, owner: Node) -> Call:
        """The call of a retry's attempt."""
        return replace(
            self,
            name=f"{self.name}({number})",
            owner=owner.id,
            flag={**(self.flag or {}), "retried": True},
            engine={"attempt": number},
        )


def call_of(node: Node) -> Call:
    """The call that created a node."""
    engine, status = node.engine, node.status
    return Call(
        name=node.name,
        holder=engine["holder"],
        arguments={},
        scope=str(status["templateScope"]),
        owner=node.owner,
        boundary=node.boundary,
        prefix=str(engine.get("prefix", "")),
        key=str(engine.get("key", "")),
        in_exit=node.is_exit_part,
        flag=status.get("nodeFlag"),
        depth=int(engine.get("depth", 0)),
    )
