"""A run whose own hook cannot be evaluated or started: its main node ends in Error at once, nothing
in it goes on, and what works in pods is waited for.
"""

from __future__ import annotations

from typing import Final

from toolkit.workflow.nodes import ERROR, EXECUTED, Node
from toolkit.workflow.run import Run
from toolkit.workflow.step.draft import Draft

HOOK_ERROR: Final = "hook_error"
"""Field of a node's engine part: why a hook of it could not be evaluated or started."""
_MARK: Final = "broken"


def break_off(draft: Draft, message: str) -> None:
    """End the main node, for ``message``. One that is a pod of its own goes on until its end."""
    main = draft.get(draft.run.name)
    if main is None or HOOK_ERROR in main.engine:
        return
    draft.edit(main.id).engine[HOOK_ERROR] = message
    if main.type not in EXECUTED and not main.has_ended:
        draft.edit_run()[_MARK] = True
        draft.set_phase(main.id, ERROR, message)


def put_error(draft: Draft, main: Node) -> None:
    """The main node says in the end what is wrong with its hook."""
    if message := main.engine.get(HOOK_ERROR):
        draft.edit(main.id).status.update(phase=ERROR, message=message)


def is_broken_off(run: Draft | Run) -> bool:
    """From now on only the exit handler goes on."""
    return bool(run.row.get(_MARK))


def is_at_rest(draft: Draft, node: Node | None) -> bool:
    """Whether a node is one of those that do not go on."""
    if not is_broken_off(draft):
        return False
    is_inside = node is None or bool(node.owner) or node.name == draft.run.name
    return is_inside and not (node is not None and node.is_exit_part)


def is_at_work(draft: Draft) -> bool:
    """Something that was started has not answered yet. Cost: linear in the nodes of the run."""
    nodes = (draft.get(id) for id in draft.run.nodes)
    known = [*(node for node in nodes if node is not None), *draft.new_nodes()]
    return any(
        node.type in EXECUTED and node.engine.get("start") and not node.has_ended for node in known
    )
