"""The table of verbs. A module stands here once it exists; nothing is listed before."""

from __future__ import annotations

from typing import NamedTuple


class Verb(NamedTuple):
    """``target`` is ``module:attribute`` of a click command."""

    section: str
    summary: str
    target: str


RENDER = "Render and check"
DELIVER = "Deliver"
OPERATE = "Run and operate"
KEEP = "Edit and keep"
SECTIONS = (RENDER, DELIVER, OPERATE, KEEP)

VERBS: dict[str, Verb] = {
    "validate": Verb(
        RENDER,
        "Find everything wrong with environments and manifests",
        "toolkit.cli.validate:validate",
    ),
    "notify": Verb(OPERATE, "Tell Slack how a workflow ended", "toolkit.cli.notify:notify"),
    "init": Verb(KEEP, "Write a new repository like the one shipped", "toolkit.cli.init:init"),
    "set": Verb(KEEP, "Change one thing in a file, keeping all else", "toolkit.cli.set:set"),
    "completion": Verb(
        KEEP, "Print a shell's completion script", "toolkit.cli.completion:completion"
    ),
}
