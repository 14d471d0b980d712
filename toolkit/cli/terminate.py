"""``gitops terminate``: end workflows at once, without exit handlers."""

from __future__ import annotations

import click

from toolkit.cli.workflows import dry_run_option, env_option
from toolkit.resource.resource import Body


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@env_option
@dry_run_option
def terminate(names: tuple[str, ...], env: str | None, dry_run: bool) -> None:
    """Terminate workflows: running steps end at once, and no exit handler runs.

    \b
    Example:
      gitops terminate @latest
    """
    from toolkit.cli.steering import refuse_finished, steer
    from toolkit.workflow import verbs

    def edit(body: Body) -> Body:
        return verbs.terminate(refuse_finished(body, "terminate"))

    steer(names, env, edit, "terminated", dry_run=dry_run)
