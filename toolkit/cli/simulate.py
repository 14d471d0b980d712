"""``gitops simulate``: an environment's schedule under a virtual clock."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from toolkit.report.rehearsal import Rehearsed
    from toolkit.wiring.rehearsal import Staged


@click.command()
@click.argument("env", metavar="[ENV]", required=False)
@click.option("--days", type=click.IntRange(1, 3660), default=1, show_default=True)
@click.option("--from", "start", metavar="TIME", help="Begin here instead of now.")
@click.option(
    "--durations",
    metavar="history|FILE",
    default="history",
    show_default=True,
    help="How long steps take and what they put out: from the runs that ended, or a file.",
)
@click.option(
    "--fail",
    "fail",
    multiple=True,
    metavar="CRON.STEP=k",
    help="The step's first k attempts fail, in every run; =always: all.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Draws the durations.")
@click.option(
    "--slots", type=click.IntRange(1), help="So many steps run at once; else as many as want to."
)
@click.option("--suspended", is_flag=True, help="Suspended crons run, too.")
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def simulate(  # noqa: PLR0913 - one argument for each option
    *,
    env: str | None,
    days: int,
    start: str | None,
    durations: str,
    fail: tuple[str, ...],
    seed: int,
    slots: int | None,
    suspended: bool,
    output: str,
) -> None:
    """Play an environment's crons under a virtual clock: nothing runs, nothing is sent.

    Crons decide and workflows step as in the engine. Shown are overlaps, skips, retries, queueing,
    failures, and the notifications that would be sent. docs/time.md tells more.

    \b
    Example:
      gitops simulate production --days 7
      gitops simulate production --from 2026-03-28 --days 2 --durations durations.yaml
      gitops simulate staging --suspended --fail daily-sales.load=2
    """
    from toolkit.wiring.rehearsal import open_stage
    from toolkit.workflow.rehearsal.steps import Failure

    failures = [Failure.parse(text) for text in fail]
    staged = open_stage(
        env,
        durations=durations,
        failures=failures,
        seed=seed,
        slots=slots,
        with_suspended=suspended,
    )
    begin = _begin(start)
    _print(_played(staged, begin, begin + timedelta(days=days)), output)
    for failure in failures:
        if failure not in staged.stage.actors.met:
            print(f"--fail {failure}: no such step was started", file=sys.stderr)


def _begin(start: str | None) -> datetime:
    from toolkit.cli.instants import parse_instant
    from toolkit.cli.workflows import now

    return parse_instant(start) if start else now().replace(second=0, microsecond=0)


def _played(staged: Staged, start: datetime, end: datetime) -> Rehearsed:
    from toolkit.cli.progress import Bar
    from toolkit.report.rehearsal import Rehearsed
    from toolkit.workflow.rehearsal.rehearsal import Rehearsal

    rehearsal = Rehearsal(staged.stage, start, end)
    bar, runs = Bar("simulating"), []
    for run in rehearsal.play():
        runs.append(run)
        bar.show((rehearsal.now - start) / (end - start))
    bar.close()
    return Rehearsed(
        staged.environment.name,
        start,
        end,
        [str(cron["metadata"]["name"]) for cron in staged.stage.crons],
        runs,
        rehearsal.unfinished,
        rehearsal.incidents,
        staged.suspended,
    )


def _print(rehearsed: Rehearsed, output: str) -> None:
    import json

    from toolkit.report.rehearsal import rehearsal_document, rehearsal_text

    if output == "json":
        print(json.dumps(rehearsal_document(rehearsed), indent=2, ensure_ascii=False))
    else:
        sys.stdout.write(rehearsal_text(rehearsed))
