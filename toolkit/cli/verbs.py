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
    "diff": Verb(
        RENDER, "Show what a change does to the rendered objects", "toolkit.cli.diff:diff"
    ),
    "publish": Verb(
        DELIVER,
        "Render, validate, commit and push to the deploy branch",
        "toolkit.cli.publish:publish",
    ),
    "plan": Verb(DELIVER, "Show what would change in the cluster", "toolkit.cli.plan:plan"),
    "sync": Verb(DELIVER, "Bring a cluster to what is published", "toolkit.cli.sync:sync"),
    "status": Verb(DELIVER, "Show where each environment stands", "toolkit.cli.status:status"),
    "history": Verb(DELIVER, "List what was published", "toolkit.cli.history:history"),
    "rollback": Verb(
        DELIVER, "Put an earlier revision back, and hold it", "toolkit.cli.rollback:rollback"
    ),
    "notify": Verb(OPERATE, "Tell Slack how a workflow ended", "toolkit.cli.notify:notify"),
    "init": Verb(KEEP, "Write a new repository like the one shipped", "toolkit.cli.init:init"),
    "set": Verb(KEEP, "Change one thing in a file, keeping all else", "toolkit.cli.set:set"),
    "completion": Verb(
        KEEP, "Print a shell's completion script", "toolkit.cli.completion:completion"
    ),
}
