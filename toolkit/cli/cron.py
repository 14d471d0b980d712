"""``gitops cron``: the CronWorkflows of an environment."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from toolkit.cli.workflows import (
    Place,
    dry_run_option,
    env_option,
    find,
    now,
    opened,
    output_option,
)

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from toolkit.resource.resource import Body

_FILES = click.argument("files", nargs=-1, required=True, metavar="FILE...")
_NAMES = click.argument("names", nargs=-1, required=True, metavar="NAME...")


@click.group()
def cron() -> None:
    """Create, list, show, suspend, resume, backfill and delete CronWorkflows.

    \b
    Example:
      gitops cron list
      gitops cron suspend hello-cron
      gitops run cron/hello-cron --wait
    """


@cron.command("create")
@_FILES
@env_option
@dry_run_option
def create(files: tuple[str, ...], env: str | None, dry_run: bool) -> None:
    """Create CronWorkflows from files. What is created so is not in git, and stays.

    \b
    Example:
      gitops cron create my-cron.yaml
    """
    from toolkit.cli import objects
    from toolkit.workflow.submission.submission import CRON_WORKFLOW

    objects.create(CRON_WORKFLOW, files, env, dry_run=dry_run)


@cron.command("list")
@env_option
@output_option
def list_crons(env: str | None, output: str) -> None:
    """List CronWorkflows: schedule, zone, suspended, last and next run.

    \b
    Example:
      gitops cron list --env production
    """
    from toolkit.cli.workflows import print_objects
    from toolkit.report.workflow_table import format_crons
    from toolkit.workflow.submission.submission import CRON_WORKFLOW

    with opened(env) as place:
        found = place.cluster.list(CRON_WORKFLOW, place.namespace).items
    if output == "text":
        instant = now()
        runs = {body["metadata"]["name"]: _next_run(body, instant) for body in found}
        print(format_crons(found, now=instant, next_runs=runs))
    else:
        print_objects(list(found), output)


@cron.command("get")
@_NAMES
@env_option
@output_option
def get(names: tuple[str, ...], env: str | None, output: str) -> None:
    """Print CronWorkflows, as they are in the cluster.

    \b
    Example:
      gitops cron get hello-cron
    """
    from toolkit.cli import objects
    from toolkit.workflow.submission.submission import CRON_WORKFLOW

    objects.show(CRON_WORKFLOW, names, env, output)


@cron.command("suspend")
@_NAMES
@env_option
@dry_run_option
def suspend(names: tuple[str, ...], env: str | None, dry_run: bool) -> None:
    """Suspend CronWorkflows: they start no further run.

    \b
    Example:
      gitops cron suspend hello-cron
    """
    _set_suspended(names, env, suspended=True, dry_run=dry_run)


@cron.command("resume")
@_NAMES
@env_option
@dry_run_option
def resume(names: tuple[str, ...], env: str | None, dry_run: bool) -> None:
    """Let suspended CronWorkflows run again.

    \b
    Example:
      gitops cron resume hello-cron
    """
    _set_suspended(names, env, suspended=False, dry_run=dry_run)


@cron.command("backfill")
@click.argument("name", metavar="NAME")
@click.option("--from", "start", required=True, metavar="TIME", help="The first scheduled time.")
@click.option("--to", "end", required=True, metavar="TIME", help="Up to here, not included.")
@click.option("--parallel", type=click.IntRange(1), default=1, show_default=True)
@env_option
@dry_run_option
def backfill(
    *, name: str, start: str, end: str, parallel: int, env: str | None, dry_run: bool
) -> int:
    """Run a CronWorkflow for each scheduled time of a span, and wait for the ends.

    A run gets its time as {{workflow.scheduledTime}}, and the name that it has or would have had.
    Runs that are there already are left alone: call it again to go on. Ends with 1 where a run
    does not succeed.

    \b
    Example:
      gitops cron backfill daily-sales --from 2026-03-01 --to 2026-04-01 --parallel 4
    """
    from toolkit.cli import backfill as filling
    from toolkit.cli.instants import parse_instant
    from toolkit.errors import UsageError

    first, last = parse_instant(start), parse_instant(end)
    if first >= last:
        raise UsageError(f"--from {start} is not before --to {end}")
    return filling.backfill(name, env, first, last, parallel=parallel, dry_run=dry_run)


@cron.command("delete")
@_NAMES
@env_option
@dry_run_option
def delete(names: tuple[str, ...], env: str | None, dry_run: bool) -> None:
    """Delete CronWorkflows. Their runs stay.

    \b
    Example:
      gitops cron delete my-cron
    """
    from toolkit.cli import objects
    from toolkit.workflow.submission.submission import CRON_WORKFLOW

    objects.delete(CRON_WORKFLOW, names, env, dry_run=dry_run)


def _set_suspended(
    names: tuple[str, ...], env: str | None, *, suspended: bool, dry_run: bool
) -> None:
    from toolkit.workflow.submission.submission import CRON_WORKFLOW

    done = "suspended" if suspended else "resumed"
    with opened(env, write=not dry_run) as place:
        bodies = [find(place, CRON_WORKFLOW, name) for name in names]
        for body in bodies:
            if not dry_run:
                _patch(place, body, suspended=suspended)
            name = body["metadata"]["name"]
            print(f"cronworkflow/{name} {'would be ' if dry_run else ''}{done}")


def _patch(place: Place, body: Body, *, suspended: bool) -> None:
    from toolkit.cli.objects import warn_of_git
    from toolkit.resource.cluster import PatchType
    from toolkit.workflow.submission.submission import CRON_WORKFLOW

    ref = place.ref(CRON_WORKFLOW, body["metadata"]["name"])
    place.cluster.patch(ref, {"spec": {"suspend": suspended}}, PatchType.MERGE)
    warn_of_git(body, "comes from git: the next sync puts back what git says (gitops set suspend)")


def _next_run(body: Body, instant: datetime) -> datetime | None:
    """The earliest next tick; None where it is suspended or its schedule cannot be read."""
    from toolkit.errors import ToolkitError
    from toolkit.report.workflow_table import schedules_of
    from toolkit.workflow.cron.schedule import Schedule

    spec = body.get("spec") or {}
    if spec.get("suspend"):
        return None
    try:
        zone = _zone(str(spec.get("timezone") or ""))
        schedules = [Schedule.parse(text, zone) for text in schedules_of(body)]
    except (ToolkitError, ValueError, KeyError):
        return None
    ticks = [tick for one in schedules if (tick := one.next_after(instant)) is not None]
    return min(ticks, default=None)


def _zone(name: str) -> ZoneInfo | None:
    from zoneinfo import ZoneInfo

    return ZoneInfo(name) if name else None
