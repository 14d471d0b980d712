"""Coming runs as a calendar that calendar programs read (RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from toolkit.report.schedule import Calendar, LocalTimes
from toolkit.workflow.cron.forecast import Coming
from toolkit.workflow.cron.instants import instant

_WIDEST: Final = 75
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_ESCAPES: Final = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


def schedule_icalendar(
    calendar: Calendar, coming: Iterator[Coming], made_at: datetime
) -> Iterator[str]:
    """An event a run; it lasts as long as its run is expected to. A tick that will be skipped
    stands as cancelled.
    """
    yield from _folded("BEGIN:VCALENDAR")
    yield from _folded("VERSION:2.0")
    yield from _folded("PRODID:-//gitops-toolkit//schedule//EN")
    yield from _folded(f"NAME:{_text(calendar.environment)}")
    yield from _folded(f"X-WR-CALNAME:{_text(calendar.environment)}")
    local = LocalTimes(calendar.crons, "%Y-%m-%d %H:%M %z")
    stamp = made_at.astimezone(UTC).strftime(_STAMP)
    for one in coming:
        for line in _event(calendar, one, local, stamp):
            yield from _folded(line)
    yield from _folded("END:VCALENDAR")


def _event(calendar: Calendar, one: Coming, local: LocalTimes, stamp: str) -> Iterator[str]:
    cron = calendar.crons[one.cron]
    schedule = cron.schedules[one.schedule]
    zone = schedule.zone or "UTC"
    yield "BEGIN:VEVENT"
    yield f"UID:{cron.name}-{one.at}@{calendar.environment}.gitops"
    yield f"DTSTAMP:{stamp}"
    yield f"DTSTART:{instant(one.at).strftime(_STAMP)}"
    if cron.duration_s:
        yield f"DURATION:PT{max(1, round(cron.duration_s))}S"
    yield f"SUMMARY:{_text(cron.name)}"
    said = f"{schedule.text} in {zone}: {local.text(one.at, one.cron, one.schedule)}"
    yield f"DESCRIPTION:{_text(said)}"
    yield f"STATUS:{'CANCELLED' if one.fate == 'skipped' else 'CONFIRMED'}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _text(value: str) -> str:
    return value.translate(_ESCAPES)


def _folded(line: str) -> Iterator[str]:
    """Lines of at most 75 octets, continued after CRLF and a space; no character is cut."""
    piece, size = "", 0
    for char in line:
        octets = len(char.encode())
        if size + octets > _WIDEST:
            yield f"{piece}\r\n"
            piece, size = " ", 1
        piece += char
        size += octets
    yield f"{piece}\r\n"
