"""``gitops affected``: the environments and objects that a change touches."""

from __future__ import annotations

import click


@click.command("affected")
@click.option("--from", "revision", required=True, help="The revision before.")
@click.option("--to", default=None, help="The revision after; the work tree where not given.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json", "yaml"]),
    default="text",
    help="How to print.",
)
def affected(revision: str, to: str | None, output: str) -> int:
    """List the environments that a change touches, their objects, and the files that did it.

    What changes a file but no object (a comment, say) touches nothing. For CI: which environments
    must be validated, shown or published again.

    \b
    Example:
      gitops affected --from origin/main
      gitops affected --from v1.3.0 --to v1.4.0 -o json
    """
    from toolkit.cli.documents import print_document
    from toolkit.report.affected import affected_document, format_affected
    from toolkit.wiring.affected import affected_by
    from toolkit.wiring.workspace import find_workspace

    found = affected_by(find_workspace(), revision, to)
    if output == "text":
        print(format_affected(found.environments))
    else:
        print_document(affected_document(found.start, found.end, found.environments), output)
    return 0
