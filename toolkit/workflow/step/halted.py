"""Whether a run is being stopped, or past its deadline, and what that means for what starts now."""

from __future__ import annotations

from typing import Final

from toolkit.workflow.nodes import POD, Node
from toolkit.workflow.step.draft import Draft

DEADLINE_MESSAGE: Final = "Step exceeded its deadline"


def halted(draft: Draft, *, in_exit: bool) -> str:
    """Why nothing more may run ("" where it may): after Terminate nothing, after Stop and after
    the deadline only exit handlers.
    """
    shutdown = draft.row["shutdown"]
    if shutdown == "Terminate" or (shutdown and not in_exit):
        return f"Stopped with strategy '{shutdown}'"
    if draft.row.get("expired") and not in_exit:
        return DEADLINE_MESSAGE
    return ""


def refusal(draft: Draft, node: Node) -> str:
    """Why a leaf that was just created does not run ("" where it does). What follows upon what was
    stopped gets its nodes all the same, as in Argo; they fail at once.
    """
    message = halted(draft, in_exit=node.is_exit_part)
    if message and node.type == POD and draft.row["shutdown"]:
        return f"workflow shutdown with strategy: {draft.row['shutdown']}"
    return message
