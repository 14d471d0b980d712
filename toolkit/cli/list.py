"""``gitops list``: workflows and how they stand."""

from __future__ import annotations

from typing import Any

import click

from toolkit.cli.workflows import AS_TEXT, env_option, opened, print_objects, wide_output_option

_PHASES = ["Pending", "Running", "Suspended", "Succeeded", "Failed", "Error"]


@click.command(name="list")
@env_option
@click.option("-l", "--selector", default="", help="Only those with these labels (a=b,c!=d).")
@click.option(
    "--status", multiple=True, type=click.Choice(_PHASES, case_sensitive=False), help="Only these."
)
@click.option("--cron", default="", metavar="NAME", help="Only runs of this CronWorkflow.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the newest N.")
@click.option("--archived", is_flag=True, help="What has ended, also where it was deleted since.")
@wide_output_option
def list_workflows(
    env: str | None,
    selector: str,
    status: tuple[str, ...],
    cron: str,
    limit: int | None,
    archived: bool,
    output: str,
) -> None:
    """List the workflows of an environment, the newest first.

    \b
    Example:
      gitops list
      gitops list --env production --status Failed --status Error
      gitops list --cron hello-cron -o name
      gitops list --archived --limit 20
      gitops list -o wide             with priorities, counts of pods, and parameters
    """
    from toolkit.report.workflow_table import format_workflows, newest_first
    from toolkit.report.workflow_tree import phase_of
    from toolkit.workflow.submission.submission import WORKFLOW

    labels = [selector] if selector else []
    if cron:
        labels.append(f"workflows.argoproj.io/cron-workflow={cron}")
    if archived:
        from toolkit.cli.archive import print_archived

        print_archived(env, ",".join(labels), status, limit, output)
        return
    with opened(env) as place:
        found = place.cluster.list(WORKFLOW, place.namespace, label_selector=",".join(labels)).items
    chosen: list[Any] = [
        one for one in newest_first(found) if not status or phase_of(one) in status
    ]
    if output in AS_TEXT:
        from toolkit.cli.workflows import now

        print(format_workflows(chosen[:limit], now=now(), is_wide=output == "wide"))
    else:
        print_objects(chosen[:limit], output)
