"""``gitops plan``: what would change in the cluster."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from toolkit.sync.plan import SyncPlan

_EXIT_CHANGES = 4


@click.command("plan")
@click.argument("environment", required=False)
@click.option(
    "--from",
    "start",
    type=click.Choice(["working", "head", "deploy"]),
    default="working",
    show_default=True,
    help="What to plan: the work tree, the last commit, or what is published.",
)
@click.option("--exit-code", is_flag=True, help="Exit 4 where something would change.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json", "yaml"]),
    default="text",
    help="How to print.",
)
def plan(environment: str | None, start: str, exit_code: bool, output: str) -> int:
    """Show what publishing and syncing ENVIRONMENT would change in its cluster.

    Each object with every field's old and new value, found by asking the cluster (a server-side
    dry run), and what the guards hold against it. Nothing is written. Secret values are masked.

    \b
    Example:
      gitops plan staging
      gitops plan production --from deploy -o json --exit-code
    """
    from toolkit.wiring.publishing import preview
    from toolkit.wiring.workspace import find_workspace

    workspace = find_workspace()
    chosen = workspace.settings().environment(environment)
    sync_plan = preview(workspace, chosen, start=start)
    print_plan(sync_plan, output)
    return _EXIT_CHANGES if exit_code and sync_plan.changes else 0


def print_plan(sync_plan: SyncPlan, output: str) -> None:
    """On stdout, as ``output`` says."""
    from toolkit.cli.documents import print_document
    from toolkit.cli.output import is_coloured
    from toolkit.report.plan import format_plan, plan_document

    if output == "text":
        print(format_plan(sync_plan, coloured=is_coloured(sys.stdout)))
    else:
        print_document(plan_document(sync_plan), output)
