"""``gitops history``: what was published, and what came of it."""

from __future__ import annotations

import click


@click.command("history")
@click.argument("environment", required=False)
@click.option("--limit", default=10, show_default=True, help="How many revisions.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json", "yaml"]),
    default="text",
    help="How to print.",
)
def history(environment: str | None, limit: int, output: str) -> None:
    """List the revisions published to ENVIRONMENT, newest first, with their source and sync.

    \b
    Example:
      gitops history staging
      gitops rollback staging 1a2b3c4d
    """
    from toolkit.cli.documents import print_document
    from toolkit.report.history import format_history, history_document
    from toolkit.wiring.delivery import history_of
    from toolkit.wiring.workspace import find_workspace

    workspace = find_workspace()
    chosen = workspace.settings().environment(environment)
    commits, syncs = history_of(workspace, chosen, limit=limit)
    if output == "text":
        print(format_history(commits, syncs))
    else:
        print_document(history_document(chosen.name, commits, syncs), output)
