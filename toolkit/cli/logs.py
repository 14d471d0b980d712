"""``gitops logs``: what the steps of workflows printed."""

from __future__ import annotations

import click

from toolkit.cli.workflows import LATEST, env_option, find, now, opened


@click.command()
@click.argument("name", default="")
@click.argument("step", default="")
@env_option
@click.option("-f", "--follow", is_flag=True, help="Go on until the workflow ends.")
@click.option("--tail", type=click.IntRange(min=0), help="Only the last N lines of each step.")
@click.option("--timestamps", is_flag=True, help="Put the time before each line.")
@click.option("-c", "--container", default="", metavar="NAME", help="Of this container.")
@click.option("--grep", metavar="PATTERN", help="Lines of all runs that match, also of past ones.")
@click.option("-i", "--ignore-case", is_flag=True, help="With --grep: case does not count.")
@click.option("--since", default="", metavar="TIME", help="With --grep: as 2h, 7d, 2026-03-01.")
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="With --grep: how to print.",
)  # fmt: skip
def logs(  # noqa: PLR0913 - one argument for each option
    *,
    name: str,
    step: str,
    env: str | None,
    follow: bool,
    tail: int | None,
    timestamps: bool,
    container: str,
    grep: str | None,
    ignore_case: bool,
    since: str,
    output: str,
) -> int:
    """Print the logs of a workflow's steps, in the order they began; without NAME, of the newest.

    STEP is a pod, or the name of a step; without it, all steps are printed, each line with its
    step's name before it.

    With --grep, search the logs of all runs that are kept, whether the runs themselves are or not:
    NAME and STEP then choose some of them (* matches anything). Ends with 1 where nothing matches.

    \b
    Example:
      gitops logs @latest
      gitops logs daily-sales-1700000000 load --tail 20
      gitops logs @latest -f
      gitops logs --grep 'rows: 0$' --since 7d
      gitops logs 'daily-sales-*' load --grep ERROR -o json
    """
    from toolkit.cli.streaming import LogRequest, print_logs, stream_logs
    from toolkit.workflow.submission.submission import WORKFLOW

    if grep is not None:
        from toolkit.adapters.logs.search import LogQuery
        from toolkit.cli.grepping import grep_logs, parse_pattern, parse_since

        pattern = parse_pattern(grep, ignore_case=ignore_case)
        after = parse_since(since, now()) if since else None
        return grep_logs(env, LogQuery(pattern, name or "*", step, container, after), output)
    _refuse_grep_options(ignore_case=ignore_case, since=since, output=output)
    wanted = LogRequest(step, container, tail, timestamps=timestamps)
    with opened(env) as place:
        body = find(place, WORKFLOW, name or LATEST)
        if follow:
            stream_logs(place.cluster, place.ref(WORKFLOW, body["metadata"]["name"]), wanted)
        else:
            print_logs(place.cluster, body, wanted)
    return 0


def _refuse_grep_options(*, ignore_case: bool, since: str, output: str) -> None:
    from toolkit.errors import UsageError

    if ignore_case or since or output != "text":
        raise UsageError("--ignore-case, --since and --output go with --grep")
