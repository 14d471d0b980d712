"""``gitops schedule``: when the crons of an environment will run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from toolkit.report.schedule import Calendar
    from toolkit.workflow.cron.forecast import Coming


@click.command()
@click.argument("env", metavar="[ENV]", required=False)
@click.option("--days", type=click.IntRange(1, 3660), default=1, show_default=True)
@click.option("--from", "start", metavar="TIME", help="Begin here instead of now.")
@click.option(
    "--durations",
    metavar="history|FILE",
    default="history",
    show_default=True,
    help="How long runs take: from the runs that ended, or a file.",
)
@click.option("--suspended", is_flag=True, help="Suspended crons count, too.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json", "ical"]),
    default="text",
    show_default=True,
)
def schedule(
    *,
    env: str | None,
    days: int,
    start: str | None,
    durations: str,
    suspended: bool,
    output: str,
) -> None:
    """Show every coming run of an environment, as its files say: no cluster is needed.

    Each run stands in its zone and in UTC. Times that a change of clocks skips or doubles are
    named; so are runs that would meet an earlier one, and the busiest minutes. docs/time.md tells
    more.

    \b
    Example:
      gitops schedule production --days 7
      gitops schedule production --days 365 --from 2026-01-01 -o json > year.json
      gitops schedule production --days 30 -o ical > runs.ics
    """
    from toolkit.wiring.forecast import open_calendar
    from toolkit.workflow.cron.forecast import forecast

    begin = _begin(start)
    calendar = open_calendar(
        env,
        begin,
        begin + timedelta(days=days),
        durations=durations,
        with_suspended=suspended,
    )
    coming = forecast(calendar.crons, calendar.start, calendar.end)
    sys.stdout.writelines(_written(output, calendar, coming))


def _begin(start: str | None) -> datetime:
    from toolkit.cli.instants import parse_instant
    from toolkit.cli.workflows import now

    return parse_instant(start) if start else now().replace(second=0, microsecond=0)


def _written(output: str, calendar: Calendar, coming: Iterator[Coming]) -> Iterator[str]:
    from toolkit.cli.workflows import now
    from toolkit.report.icalendar import schedule_icalendar
    from toolkit.report.schedule import schedule_json, schedule_text

    if output == "ical":
        return schedule_icalendar(calendar, coming, now())
    return (schedule_json if output == "json" else schedule_text)(calendar, coming)
