"""Times in which a cron does not fire, from an annotation of ours on the CronWorkflow.

::

    gitops.toolkit/blackout: "0 18 * * FRI for 62h; 0 0 24 12 * for 72h"

Each window opens as its cron expression says, in the cron's own zone, and lasts so long.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from toolkit.errors import ExpressionError
from toolkit.workflow.cron.schedule import Schedule
from toolkit.workflow.spans import parse_span

BLACKOUT: Final = "gitops.toolkit/blackout"
_FORM: Final = 'expected "SCHEDULE for DURATION", as "0 18 * * FRI for 62h"'


def blackout_at(text: str, zone: ZoneInfo | None, at: datetime) -> str:
    """The window of ``text`` that ``at`` falls into, "" where none does. Raises ExpressionError."""
    for window in filter(None, (part.strip() for part in text.split(";"))):
        schedule, span = _parsed(window, zone)
        opened = schedule.next_after(at - span)
        if opened is not None and opened <= at:
            return window
    return ""


def _parsed(window: str, zone: ZoneInfo | None) -> tuple[Schedule, timedelta]:
    opening, word, length = window.rpartition(" for ")
    try:
        span = parse_span(length.strip())
        if not word or span <= timedelta():
            raise ExpressionError(f"{BLACKOUT}: {window!r}: {_FORM}")
        return Schedule.parse(opening, zone), span
    except ValueError as error:
        raise ExpressionError(f"{BLACKOUT}: {window!r}: {_FORM}") from error
