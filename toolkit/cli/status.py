"""``gitops status``: where each environment stands."""

from __future__ import annotations

import sys

import click

_EXIT_DRIFT = 4


@click.command("status")
@click.argument("environments", nargs=-1)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json", "yaml"]),
    default="text",
    help="How to print.",
)
def status(environments: tuple[str, ...], output: str) -> int:
    """Show what is published and synced, whether the cluster differs, and how it is doing.

    Exits 4 where an environment is out of sync: something published is not applied, or the
    cluster was changed by hand; 1 where that cannot be found out.

    \b
    Example:
      gitops status
      gitops status production -o json
    """
    from toolkit.cli.documents import print_document
    from toolkit.cli.output import is_coloured
    from toolkit.report.status import format_status, status_document
    from toolkit.wiring.delivery import status_of
    from toolkit.wiring.workspace import find_workspace

    workspace = find_workspace()
    settings = workspace.settings()
    names = environments or tuple(settings.environments)
    chosen = [settings.environment(name) for name in names]
    statuses = [status_of(workspace, environment) for environment in chosen]
    if output == "text":
        print(format_status(statuses, coloured=is_coloured(sys.stdout)))
    else:
        print_document(status_document(statuses), output)
    if any(each.problem for each in statuses):
        return 1
    return _EXIT_DRIFT if any(each.is_out_of_sync for each in statuses) else 0
