"""``gitops resume``: let suspended workflows, and steps that wait for approval, go on."""

from __future__ import annotations

import click

from toolkit.cli.workflows import dry_run_option, env_option, now
from toolkit.resource.resource import Body


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@env_option
@click.option("--node", default="", metavar="SELECTOR", help="Only nodes like displayName=approve.")
@click.option(
    "-p", "--parameter", multiple=True, metavar="NAME=VALUE", help="What the step asks for."
)
@click.option("--message", default="", help="Why; it stands in the steps.")
@click.option("--reject", is_flag=True, help="Let the waiting steps fail instead.")
@dry_run_option
def resume(
    names: tuple[str, ...],
    env: str | None,
    node: str,
    parameter: tuple[str, ...],
    message: str,
    reject: bool,
    dry_run: bool,
) -> None:
    """Resume workflows: approve the steps that wait, lift the suspension.

    \b
    Example:
      gitops resume weekly-close-1700000000
      gitops resume @latest --node displayName=approve -p approved=yes
      gitops resume weekly-close-1700000000 --reject --message 'numbers are wrong'
    """
    from toolkit.cli.steering import refuse_finished, steer
    from toolkit.workflow import verbs
    from toolkit.workflow.submission.submission import parse_pairs

    supplied = parse_pairs(parameter)

    def edit(body: Body) -> Body:
        refuse_finished(body, "resume")
        if reject:
            return verbs.reject(body, node_field_selector=node, now=now(), message=message)
        return verbs.resume(
            body, node_field_selector=node, now=now(), parameters=supplied, message=message
        )

    steer(names, env, edit, "rejected" if reject else "resumed", dry_run=dry_run)
