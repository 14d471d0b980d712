"""``gitops watch``: a workflow's tree as it changes."""

from __future__ import annotations

import click

from toolkit.cli.workflows import env_option, find, name_of, opened


@click.command()
@click.argument("name", default="@latest")
@env_option
def watch(name: str, env: str | None) -> int:
    """Follow a workflow until it ends; exit 0 where it Succeeded, else 1.

    \b
    Example:
      gitops watch @latest
    """
    from toolkit.cli.showing import follow, show_until_ended
    from toolkit.workflow.submission.submission import WORKFLOW

    with opened(env) as place:
        ref = place.ref(WORKFLOW, name_of(find(place, WORKFLOW, name)))
        end = show_until_ended(follow(place.cluster, ref))
    return 0 if (end.get("status") or {}).get("phase") == "Succeeded" else 1
