"""``gitops suspend``: let workflows start no further step."""

from __future__ import annotations

import click

from toolkit.cli.workflows import dry_run_option, env_option
from toolkit.resource.resource import Body


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@env_option
@dry_run_option
def suspend(names: tuple[str, ...], env: str | None, dry_run: bool) -> None:
    """Suspend workflows: running steps go on, no further step starts until `gitops resume`.

    To suspend a cron: gitops cron suspend NAME.

    \b
    Example:
      gitops suspend daily-sales-1700000000
    """
    from toolkit.cli.steering import refuse_finished, steer
    from toolkit.workflow import verbs

    def edit(body: Body) -> Body:
        return verbs.suspend(refuse_finished(body, "suspend"))

    steer(names, env, edit, "suspended", dry_run=dry_run)
