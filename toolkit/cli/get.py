"""``gitops get``: one workflow, with its tree."""

from __future__ import annotations

import click

from toolkit.cli.workflows import (
    AS_TEXT,
    env_option,
    find,
    opened,
    print_object,
    wide_output_option,
)


@click.command()
@click.argument("name", default="@latest")
@env_option
@wide_output_option
def get(name: str, env: str | None, output: str) -> None:
    """Show a workflow: state, parameters, tree of steps, messages.

    NAME may be @latest, the newest one; that is also the default.

    \b
    Example:
      gitops get hello-cron-1700000000
      gitops get @latest -o yaml
      gitops get @latest -o wide      with artifacts, what pods used, and where they ran
    """
    from toolkit.workflow.submission.submission import WORKFLOW

    with opened(env) as place:
        body = find(place, WORKFLOW, name)
    if output in AS_TEXT:
        from toolkit.cli.showing import print_workflow

        print_workflow(body, is_wide=output == "wide")
    else:
        print_object(body, output)
