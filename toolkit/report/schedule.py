"""Coming runs as text and JSON, piece by piece: a year of many crons is millions of lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from toolkit.report.durations import format_duration
from toolkit.report.table import printable
from toolkit.workflow.cron.clock_changes import ClockChange
from toolkit.workflow.cron.forecast import Coming, Planned
from toolkit.workflow.cron.instants import instant
from toolkit.workflow.cron.tally import Tally, counted

VERSION: Final = 1
_PIECE: Final = 1000
_NAMED: Final = 6
_UTC: Final = ZoneInfo("UTC")
_FATES: Final[Mapping[str, str]] = {
    "runs": "",
    "beside": "beside a run that still goes on",
    "skipped": "skipped: the run before still goes on",
    "replaces": "ends the run before",
}
_SUMMARY: Final[Mapping[str, str]] = {
    "Allow": "of them {n} beside an earlier one",
    "Forbid": "of them {n} skipped",
    "Replace": "of them {n} end an earlier one",
}


@dataclass(frozen=True, slots=True)
class Calendar:
    """What is to be shown: ``crons`` are those that fire, ``suspended`` the names of others."""

    environment: str
    start: datetime
    end: datetime
    crons: Sequence[Planned]
    changes: Sequence[ClockChange] = ()
    suspended: Sequence[str] = ()


class LocalTimes:
    """Wall-clock times of instants that come in order: those of one instant are made once."""

    def __init__(self, crons: Sequence[Planned], form: str) -> None:
        self._zones = [
            tuple(schedule.zone or _UTC for schedule in cron.schedules) for cron in crons
        ]
        self._form = form
        self._at = -1
        self._known: dict[ZoneInfo, str] = {}

    def text(self, at: int, cron: int, schedule: int) -> str:
        if at != self._at:
            self._at = at
            self._known = {}
        zone = self._zones[cron][schedule]
        text = self._known.get(zone)
        if text is None:
            text = self._known[zone] = datetime.fromtimestamp(at, zone).strftime(self._form)
        return text


def schedule_text(calendar: Calendar, coming: Iterator[Coming]) -> Iterator[str]:
    """A line a tick, then what there is to know about all of them."""
    tally = Tally()
    crons = calendar.crons
    width = max([len("LOCAL"), *(len(_local_form(cron)) for cron in crons)])
    yield f"{'UTC':16}   {'LOCAL':{width}}   CRON\n"
    yield from _pieces(_lines(crons, counted(coming, crons, tally), width))
    yield "".join(f"{line}\n" for line in _summary(calendar, tally))


def _local_form(cron: Planned) -> str:
    zone = max((str(schedule.zone or _UTC) for schedule in cron.schedules), key=len)
    return f"2026-01-01 00:00 +0000 {zone}"


def _lines(crons: Sequence[Planned], coming: Iterator[Coming], width: int) -> Iterator[str]:
    names = [printable(cron.name) for cron in crons]
    zones = [[str(one.zone or _UTC) for one in cron.schedules] for cron in crons]
    local = LocalTimes(crons, "%Y-%m-%d %H:%M %z")
    notes = {fate: f"   ({said})\n" if said else "\n" for fate, said in _FATES.items()}
    last, utc = -1, ""
    known: dict[str, str] = {}
    for at, cron, schedule, fate in coming:
        if at != last:
            last, utc = at, f"{instant(at).isoformat(' ', 'minutes')[:16]}   "
            known.clear()
        zone = zones[cron][schedule]
        times = known.get(zone)
        if times is None:  # made once for all the crons of a zone that run at an instant
            here = f"{local.text(at, cron, schedule)} {zone}"
            times = known[zone] = f"{utc}{here:{width}}   "
        yield f"{times}{names[cron]}{notes[fate]}"


def _pieces(lines: Iterator[str]) -> Iterator[str]:
    """Many lines in one text: writing each by itself costs more than making it."""
    piece: list[str] = []
    for line in lines:
        piece.append(line)
        if len(piece) == _PIECE:
            yield "".join(piece)
            piece.clear()
    yield "".join(piece)


def _summary(calendar: Calendar, tally: Tally) -> Iterator[str]:
    span = f"{_minute(calendar.start)} to {_minute(calendar.end)} UTC"
    yield f"\n{tally.total} {'run' if tally.total == 1 else 'runs'} from {span}"
    for index, cron in enumerate(calendar.crons):
        after = f", after {', '.join(map(printable, cron.after))}" if cron.after else ""
        runs = f"{tally.ticks[index]}{after}{_overlaps(cron, tally, index)}"
        yield f"  {printable(cron.name)}: {runs}"
    if calendar.suspended:
        names = ", ".join(printable(name) for name in calendar.suspended)
        yield f"suspended, and so without runs: {names}"
    if tally.busiest:
        yield "busiest minutes (UTC):"
        yield from (f"  {instant(at):%Y-%m-%d %H:%M}  {many} at once" for at, many in tally.busiest)
    if calendar.changes:
        yield "changes of clocks:"
        yield from (f"  {_change(calendar.crons, change)}" for change in calendar.changes)


def _overlaps(cron: Planned, tally: Tally, index: int) -> str:
    if cron.duration_s is None:
        return ""
    usual = f", each about {format_duration(cron.duration_s)}"
    first, many = tally.first_overlap[index], tally.overlaps[index]
    if first is None:
        return usual
    text = _SUMMARY.get(cron.policy, _SUMMARY["Allow"]).format(n=many)
    return f"{usual}; {text}, the first at {instant(first):%Y-%m-%d %H:%M}"


def _change(crons: Sequence[Planned], change: ClockChange) -> str:
    day = datetime.fromtimestamp(change.at, ZoneInfo(change.zone))
    named = ", ".join(change.times[:_NAMED])
    more = len(change.times) - _NAMED
    times = f"{named} and {more} more" if more > 0 else named
    what = "skipped: {} not there" if change.is_gap else "doubled: {} twice"
    verb = ("is" if len(change.times) == 1 else "are") if change.is_gap else "come"
    verb = "comes" if verb == "come" and len(change.times) == 1 else verb
    said = what.format(f"{times} {verb}")
    return f"{day:%Y-%m-%d} {change.zone}  {printable(crons[change.cron].name)}  {said}"


def _minute(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def schedule_json(calendar: Calendar, coming: Iterator[Coming]) -> Iterator[str]:
    """One object; the runs first, because what is added up is known after them."""
    tally = Tally()
    head = {
        "version": VERSION,
        "environment": calendar.environment,
        "from": _rfc3339(calendar.start),
        "to": _rfc3339(calendar.end),
        "suspended": list(calendar.suspended),
    }
    yield json.dumps(head)[:-1] + ', "runs": [\n'
    yield from _pieces(_objects(calendar.crons, counted(coming, calendar.crons, tally)))
    tail = {
        "total": tally.total,
        "crons": [_cron(cron, tally, index) for index, cron in enumerate(calendar.crons)],
        "busiestMinutes": [{"at": _rfc3339(instant(at)), "runs": n} for at, n in tally.busiest],
        "clockChanges": [_change_object(calendar.crons, change) for change in calendar.changes],
    }
    yield "\n], " + json.dumps(tail)[1:] + "\n"


def _objects(crons: Sequence[Planned], coming: Iterator[Coming]) -> Iterator[str]:
    names = [json.dumps(cron.name) for cron in crons]
    zones = [[json.dumps(str(one.zone or _UTC)) for one in cron.schedules] for cron in crons]
    local = LocalTimes(crons, "%Y-%m-%dT%H:%M:%S%z")
    utc_at, utc, comma = -1, "", ""
    for at, cron, schedule, fate in coming:
        if at != utc_at:
            utc_at, utc = at, _rfc3339(instant(at))
        here, zone = local.text(at, cron, schedule), zones[cron][schedule]
        yield (
            f'{comma}{{"cron": {names[cron]}, "at": "{utc}", "local": "{here}", '
            f'"zone": {zone}, "expected": "{fate}"}}'
        )
        comma = ",\n"


def _cron(cron: Planned, tally: Tally, index: int) -> dict[str, Any]:
    first = tally.first_overlap[index]
    return {
        "name": cron.name,
        "schedules": [schedule.text for schedule in cron.schedules],
        "concurrencyPolicy": cron.policy,
        "after": list(cron.after),
        "durationSeconds": cron.duration_s,
        "runs": tally.ticks[index],
        "overlaps": tally.overlaps[index],
        "firstOverlap": None if first is None else _rfc3339(instant(first)),
    }


def _change_object(crons: Sequence[Planned], change: ClockChange) -> dict[str, Any]:
    return {
        "cron": crons[change.cron].name,
        "zone": change.zone,
        "at": _rfc3339(instant(change.at)),
        "effect": "skipped" if change.is_gap else "doubled",
        "times": list(change.times),
    }


def _rfc3339(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
