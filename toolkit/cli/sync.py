"""``gitops sync``: bring a cluster to what is published."""

from __future__ import annotations

import sys

import click


@click.command("sync")
@click.argument("environment", required=False)
@click.option("--approve", metavar="HASH", default="", help="Let the plan with this hash pass.")
@click.option("--dry-run", is_flag=True, help="Show the plan; write nothing.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json", "yaml"]),
    default="text",
    help="How to print.",
)
def sync(environment: str | None, approve: str, dry_run: bool, output: str) -> None:
    """Bring ENVIRONMENT's cluster to what is published for it.

    A plan that looks like an accident is refused: an empty render, many deletions, another
    cluster than before, a rewritten branch, another owner. The refusal names the plan's hash;
    --approve HASH lets exactly that plan pass.

    \b
    Example:
      gitops sync staging
      gitops sync production --approve 3f2a91c04b7d5e68
    """
    from toolkit.cli.documents import print_document
    from toolkit.report.history import format_sync, sync_document
    from toolkit.wiring.delivery import open_reconciler, sync_now
    from toolkit.wiring.workspace import find_workspace

    workspace = find_workspace()
    chosen = workspace.settings().environment(environment)
    if dry_run:
        from toolkit.cli.plan import print_plan

        with open_reconciler(workspace, chosen) as reconciler:
            print_plan(reconciler.plan(), output)
        return
    print(f"syncing {chosen.name}…", file=sys.stderr)
    record = sync_now(workspace, chosen, approve)
    if output == "text":
        print(format_sync(record))
    else:
        print_document({"version": 1, **sync_document(record)}, output)
