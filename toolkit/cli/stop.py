"""``gitops stop``: end workflows; their exit handlers still run."""

from __future__ import annotations

import click

from toolkit.cli.workflows import dry_run_option, env_option
from toolkit.resource.resource import Body


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@env_option
@click.option("--message", default="", help="Why; it is kept with the workflow.")
@dry_run_option
def stop(names: tuple[str, ...], env: str | None, message: str, dry_run: bool) -> None:
    """Stop workflows: running steps end, exit handlers still run.

    \b
    Example:
      gitops stop daily-sales-1700000000 --message 'wrong day'
    """
    from toolkit.cli.steering import refuse_finished, steer
    from toolkit.workflow import verbs

    def edit(body: Body) -> Body:
        return verbs.stop(refuse_finished(body, "stop"), message=message)

    steer(names, env, edit, "stopped", dry_run=dry_run)
