"""``gitops logs``: what the steps of a workflow printed."""

from __future__ import annotations

import click

from toolkit.cli.workflows import env_option, find, opened


@click.command()
@click.argument("name", default="@latest")
@click.argument("step", default="")
@env_option
@click.option("-c", "--container", default="", help="The log of this container of each step.")
@click.option("-f", "--follow", is_flag=True, help="Go on until the workflow ends.")
@click.option("--tail", type=click.IntRange(min=0), help="Only the last N lines of each step.")
@click.option("--timestamps", is_flag=True, help="Put the time before each line.")
def logs(
    name: str,
    step: str,
    env: str | None,
    container: str,
    follow: bool,
    tail: int | None,
    timestamps: bool,
) -> None:
    """Print the logs of a workflow's steps, in the order they began.

    STEP is a pod, or the name of a step; without it, all steps are printed, each line with its
    step's name before it. Of a step with several containers that is the log of main, or of each
    container of its container set; init containers and sidecars are asked for by --container.

    \b
    Example:
      gitops logs @latest
      gitops logs daily-sales-1700000000 load --tail 20
      gitops logs @latest load -c proxy
      gitops logs @latest -f
    """
    from toolkit.cli.streaming import LogRequest, print_logs, stream_logs
    from toolkit.workflow.submission import WORKFLOW

    wanted = LogRequest(step, container, tail, timestamps=timestamps)
    with opened(env) as place:
        body = find(place, WORKFLOW, name)
        if follow:
            stream_logs(place.cluster, place.ref(WORKFLOW, body["metadata"]["name"]), wanted)
        else:
            print_logs(place.cluster, body, wanted)
