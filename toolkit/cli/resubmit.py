"""``gitops resubmit``: run workflows again, from the start, under a new name."""

from __future__ import annotations

import click

from toolkit.cli.submitting import Following, follow_options, submit_all
from toolkit.cli.workflows import Place, env_option, find, output_option
from toolkit.resource.resource import Body


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@env_option
@click.option("-p", "--parameter", multiple=True, metavar="NAME=VALUE", help="A new value.")
@follow_options
@click.option("--dry-run", is_flag=True, help="Print the workflow; start nothing.")
@output_option
def resubmit(
    *,
    names: tuple[str, ...],
    env: str | None,
    parameter: tuple[str, ...],
    following: Following,
    dry_run: bool,
    output: str,
) -> int:
    """Run workflows again: new runs with the same spec.

    \b
    Example:
      gitops resubmit @latest --wait
      gitops resubmit daily-sales-1700000000 -p day=2024-05-02
    """
    from toolkit.workflow import verbs
    from toolkit.workflow.submission import WORKFLOW, Wishes, fit, parse_pairs

    wishes = Wishes(parse_pairs(parameter))

    def make(place: Place) -> list[Body]:
        bodies = [verbs.resubmit(find(place, WORKFLOW, name)) for name in names]
        return [fit(body, place.namespace, wishes) for body in bodies]

    return submit_all(make, env, following, output, dry_run=dry_run)
