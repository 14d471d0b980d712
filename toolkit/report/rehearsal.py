"""A rehearsal as text and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from toolkit.report.durations import format_duration
from toolkit.report.table import format_table, printable
from toolkit.workflow.rehearsal.rehearsal import Incident, RehearsedRun

VERSION: Final = 1
_HEADS: Final = (
    "CRON", "RUNS", "SUCCEEDED", "FAILED", "UNFINISHED", "SKIPPED", "BESIDE", "REPLACED",
    "RETRIES", "LONGEST", "WAITED",
)  # fmt: skip
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What is shown. ``runs`` ended, in order; ``unfinished`` go on at the end."""

    environment: str
    start: datetime
    end: datetime
    crons: Sequence[str]
    runs: Sequence[RehearsedRun]
    unfinished: Sequence[RehearsedRun]
    incidents: Sequence[Incident]
    suspended: Sequence[str] = ()


def rehearsal_text(rehearsed: Rehearsed) -> str:
    """A line a cron; what failed; what did not run; what would be sent."""
    return "\n".join(_lines(rehearsed)) + "\n"


def _lines(rehearsed: Rehearsed) -> Iterator[str]:
    yield format_table([_HEADS, *(_row(rehearsed, name) for name in rehearsed.crons)])
    if rehearsed.suspended:
        names = ", ".join(printable(name) for name in rehearsed.suspended)
        yield f"\nsuspended, and so without runs: {names}"
    bad = [run for run in rehearsed.runs if run.phase != "Succeeded"]
    yield from _listed("not succeeded:", [_bad(run) for run in bad])
    yield from _listed("still going on at the end:", [_open(run) for run in rehearsed.unfinished])
    yield from _listed("said of ticks:", [_incident(one) for one in rehearsed.incidents])
    yield from _listed("notifications that would be sent:", _notices(rehearsed))
    total = len(rehearsed.runs) + len(rehearsed.unfinished)
    span = f"{_minute(rehearsed.start)} to {_minute(rehearsed.end)} UTC"
    yield f"\n{total} {'run' if total == 1 else 'runs'} rehearsed, from {span}"


def _row(rehearsed: Rehearsed, name: str) -> tuple[str, ...]:
    runs = [run for run in rehearsed.runs if run.cron == name]
    going = sum(1 for run in rehearsed.unfinished if run.cron == name)
    said = Counter(one.reason for one in rehearsed.incidents if one.cron == name)
    good = sum(1 for run in runs if run.phase == "Succeeded")
    longest = max((_took_s(run) for run in runs), default=None)
    waited = sum(run.waited_s + run.held_s + run.locked_s for run in runs)
    counts = (
        *(len(runs) + going, good, len(runs) - good, going),
        *(said["Skipped"], said["Overlap"], said["Replaced"]),
        sum(run.retries for run in runs),
    )
    return (
        name,
        *(str(count) for count in counts),
        "-" if longest is None else format_duration(longest),
        format_duration(waited) if waited else "-",
    )


def _took_s(run: RehearsedRun) -> float:
    return 0.0 if run.finished is None else (run.finished - run.started).total_seconds()


def _listed(heading: str, lines: Sequence[str]) -> Iterator[str]:
    """The first lines, each with control characters made visible."""
    if lines:
        yield f"\n{heading}"
        yield from (f"  {printable(line)}" for line in lines[:_SHOWN])
        if len(lines) > _SHOWN:
            yield f"  and {len(lines) - _SHOWN} more (-o json holds all)"


def _bad(run: RehearsedRun) -> str:
    return f"{_minute(run.started)}  {run.name}  {run.phase}: {run.message}"


def _open(run: RehearsedRun) -> str:
    why = f": {run.message}" if run.message else ""
    return f"{run.name}, since {_minute(run.started)}{why}"


def _incident(one: Incident) -> str:
    return f"{_minute(one.at)}  {one.cron}  {one.reason}: {one.message}"


def _notices(rehearsed: Rehearsed) -> list[str]:
    lines = []
    for run in (*rehearsed.runs, *rehearsed.unfinished):
        for notice in run.notices:
            given = notice.parameters
            status = f" [{given['wf-status']}]" if given.get("wf-status") else ""
            lines.append(
                f"{_minute(notice.at)}  {run.cron} to {given.get('channel', '?')}: "
                f"{given.get('title', '')}{status}"
            )
    return sorted(lines)


def rehearsal_document(rehearsed: Rehearsed) -> dict[str, Any]:
    """The JSON shape, version 1."""
    return {
        "version": VERSION,
        "environment": rehearsed.environment,
        "from": _rfc3339(rehearsed.start),
        "to": _rfc3339(rehearsed.end),
        "suspended": list(rehearsed.suspended),
        "runs": [_run(run) for run in (*rehearsed.runs, *rehearsed.unfinished)],
        "incidents": [
            {
                "at": _rfc3339(one.at),
                "cron": one.cron,
                "reason": one.reason,
                "message": one.message,
            }
            for one in rehearsed.incidents
        ],
    }


def _run(run: RehearsedRun) -> dict[str, Any]:
    return {
        "name": run.name,
        "cron": run.cron,
        "scheduled": run.scheduled,
        "started": _rfc3339(run.started),
        "finished": None if run.finished is None else _rfc3339(run.finished),
        "phase": run.phase,
        "message": run.message,
        "steps": run.steps,
        "retries": run.retries,
        "waitedForSlotsSeconds": run.waited_s,
        "waitedForParallelismSeconds": run.held_s,
        "waitedForLocksSeconds": run.locked_s,
        "notifications": [
            {"at": _rfc3339(notice.at), "parameters": dict(notice.parameters)}
            for notice in run.notices
        ],
    }


def _minute(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def _rfc3339(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
