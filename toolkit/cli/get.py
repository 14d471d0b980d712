"""``gitops get``: one workflow, with its tree."""

from __future__ import annotations

import click

from toolkit.cli.workflows import env_option, find, opened, output_option, print_object


@click.command()
@click.argument("name", default="@latest")
@env_option
@output_option
def get(name: str, env: str | None, output: str) -> None:
    """Show a workflow: state, parameters, tree of steps, messages.

    NAME may be @latest, the newest one; that is also the default.

    \b
    Example:
      gitops get hello-cron-1700000000
      gitops get @latest -o yaml
    """
    from toolkit.workflow.submission import WORKFLOW

    with opened(env) as place:
        body = find(place, WORKFLOW, name)
    if output == "text":
        from toolkit.cli.showing import print_workflow

        print_workflow(body)
    else:
        print_object(body, output)
