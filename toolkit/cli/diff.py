"""``gitops diff``: the rendered difference between two revisions, or to the cluster."""

from __future__ import annotations

import sys

import click

_EXIT_CHANGES = 4


@click.command("diff")
@click.argument("target", required=False)
@click.option("--from", "revision", default="HEAD", show_default=True, help="The revision before.")
@click.option("--to", default=None, help="The revision after; the work tree where not given.")
@click.option("--live", is_flag=True, help="Compare with the cluster instead.")
@click.option("--exit-code", is_flag=True, help="Exit 4 where something differs.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json", "yaml"]),
    default="text",
    help="How to print.",
)
def diff(
    target: str | None, revision: str, to: str | None, live: bool, exit_code: bool, output: str
) -> int:
    """Show what a change does to the rendered objects of TARGET, an environment or a folder.

    \b
    Example:
      gitops diff staging                   the work tree against HEAD
      gitops diff production --from v1.3.0 --to v1.4.0
      gitops diff staging --live            the work tree against the cluster
    """
    from toolkit.cli.documents import print_document
    from toolkit.cli.output import is_coloured
    from toolkit.report.difference import difference_document, format_difference
    from toolkit.sync.difference import difference
    from toolkit.wiring.publishing import preview
    from toolkit.wiring.remote import open_remote
    from toolkit.wiring.render import render
    from toolkit.wiring.workspace import find_workspace

    workspace = find_workspace()
    settings = workspace.settings()
    name = target or settings.default_environment
    if live:
        from toolkit.cli.plan import print_plan

        sync_plan = preview(workspace, settings.environment(name), start="working")
        print_plan(sync_plan, output)
        return _EXIT_CHANGES if exit_code and sync_plan.changes else 0
    with open_remote(workspace.root) as remote:
        before = render(workspace, name, revision=revision, remote=remote)
        after = render(workspace, name, revision=to, remote=remote)
    found = difference(before.result.resources, after.result.resources)
    if output == "text":
        print(format_difference(found, coloured=is_coloured(sys.stdout)))
    else:
        print_document(difference_document(name, found), output)
    return _EXIT_CHANGES if exit_code and found else 0
