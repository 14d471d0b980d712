"""``gitops publish``: render, validate, commit, push."""

from __future__ import annotations

import sys

import click


@click.command("publish")
@click.argument("environments", nargs=-1)
@click.option("--commit", "revision", default="HEAD", help="The source commit to render.")
@click.option("--allow-dirty", is_flag=True, help="Render the work tree as it is, marked so.")
@click.option("--clear-hold", is_flag=True, help="Go on after a rollback.")
@click.option("--dry-run", is_flag=True, help="Render and validate; commit nothing.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json", "yaml"]),
    default="text",
    help="How to print.",
)
def publish(
    environments: tuple[str, ...],
    revision: str,
    allow_dirty: bool,
    clear_hold: bool,
    dry_run: bool,
    output: str,
) -> None:
    """Render ENVIRONMENTS, validate them, and commit them to their deploy branches.

    Where any has findings, none is published (exit 4). Where nothing changed, no commit is made.
    Without ENVIRONMENTS, the default one is published.

    \b
    Example:
      gitops publish staging production
      gitops publish production --commit v1.4.0 --dry-run
    """
    from toolkit.cli.documents import print_document
    from toolkit.report.publication import format_publication, publications_document
    from toolkit.wiring.publishing import open_origin, publish_all
    from toolkit.wiring.workspace import find_workspace

    workspace = find_workspace()
    settings = workspace.settings()
    chosen = [settings.environment(name) for name in environments or (None,)]
    with open_origin(workspace, revision=revision, allow_dirty=allow_dirty) as origin:
        publications = publish_all(
            workspace,
            chosen,
            origin,
            clear_hold=clear_hold,
            dry_run=dry_run,
            told=lambda line: print(line, file=sys.stderr),
        )
    if output != "text":
        print_document(publications_document(publications), output)
        return
    for publication in publications:
        print(format_publication(publication))
