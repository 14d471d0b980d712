"""``gitops resubmit``: run workflows again, from the start, under a new name."""

from __future__ import annotations

import click

from toolkit.cli.choosing import Choice, choice_options
from toolkit.cli.submitting import Following, follow_options, submit_all
from toolkit.cli.workflows import Place, env_option, now, output_option
from toolkit.resource.resource import Body
from toolkit.workflow.submission.submission import Wishes


@click.command()
@choice_options
@env_option
@click.option("-p", "--parameter", multiple=True, metavar="NAME=VALUE", help="A new value.")
@click.option("--memoized", is_flag=True, help="Take over the steps that succeeded.")
@click.option("--name", default="", help="The new run's name; else made up.")
@click.option("--priority", type=int, help="Higher ones get locks first.")
@follow_options
@click.option("--dry-run", is_flag=True, help="Print the workflow; start nothing.")
@output_option
def resubmit(  # noqa: PLR0913 - one argument for each option
    *,
    choice: Choice,
    env: str | None,
    parameter: tuple[str, ...],
    memoized: bool,
    name: str,
    priority: int | None,
    following: Following,
    dry_run: bool,
    output: str,
) -> int:
    """Run workflows again: new runs with the same spec.

    With --memoized the steps that succeeded are not run again: the new run has their outputs.

    \b
    Example:
      gitops resubmit @latest --wait
      gitops resubmit daily-sales-1700000000 -p day=2024-05-02
      gitops resubmit daily-sales-1700000000 --memoized
      gitops resubmit -l workflows.argoproj.io/phase=Failed
    """
    from toolkit.errors import UsageError
    from toolkit.workflow.submission.submission import parse_pairs

    wishes = Wishes(parse_pairs(parameter), name=name, priority=priority)

    def make(place: Place) -> list[Body]:
        chosen = choice.of(place)
        if name and len(chosen) > 1:
            raise UsageError("--name is for one workflow", hints=("leave it out: names are made",))
        return [fresh(body, place.namespace, wishes, memoized=memoized) for body in chosen]

    return submit_all(make, env, following, output, dry_run=dry_run)


def fresh(old: Body, namespace: str, wishes: Wishes, *, memoized: bool) -> Body:
    """The new workflow for one that has run. Raises UsageError, RefusedError."""
    from toolkit.workflow import verbs
    from toolkit.workflow.submission.submission import fit

    body = fit(verbs.resubmit(old), namespace, wishes)
    if not memoized:
        return body
    from toolkit.adapters.embedded import new_suffix
    from toolkit.workflow.templates.memoized import with_nodes_of

    return with_nodes_of(old, body, new_suffix(), now())
