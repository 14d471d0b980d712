"""Sprig's functions of times and of spans."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from toolkit.workflow.expressions.functions import to_zone
from toolkit.workflow.expressions.locate import EvaluationError
from toolkit.workflow.expressions.sprig_values import to_instant
from toolkit.workflow.expressions.values import (
    duration_text,
    go_format,
    go_layout_to_python,
    is_number,
)
from toolkit.workflow.spans import parse_go_duration


def _in_zone(layout: str, time: Any, zone: str) -> str:
    """An unknown zone is UTC, as in sprig."""
    try:
        return go_format(to_instant(time).astimezone(to_zone(zone)), layout)
    except EvaluationError:
        return go_format(to_instant(time), layout)


def _modified(span: str, time: Any) -> datetime:
    """A span that is none changes nothing, as in sprig."""
    try:
        return to_instant(time) + parse_go_duration(span)
    except ValueError:
        return to_instant(time)


def _to_date(layout: str, text: str) -> datetime:
    parsed = datetime.strptime(text, go_layout_to_python(layout))  # noqa: DTZ007
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _duration(seconds: Any) -> str:
    """Texts of digits only: sprig takes an expression's plain number for none."""
    is_count = isinstance(seconds, str) and seconds.removeprefix("-").isdecimal()
    return duration_text(timedelta(seconds=int(seconds) if is_count else 0))


_UNITS_S: Final = {
    "y": 365 * 86_400,
    "mo": 30 * 86_400,
    "d": 86_400,
    "h": 3_600,
    "m": 60,
    "s": 1,
}


def _rounded(span: Any) -> str:
    """The largest unit of which there is more than one whole."""
    if isinstance(span, str):
        try:
            span = parse_go_duration(span)
        except ValueError:
            span = timedelta()
    seconds = 0.0 if is_number(span) else abs(span.total_seconds())
    for unit, size in _UNITS_S.items():
        if seconds > size:
            return f"{int(seconds // size)}{unit}"
    return "0s"


TIMES: Final[Mapping[str, Callable[..., Any]]] = {
    "date": lambda layout, time: _in_zone(layout, time, "UTC"),
    "dateInZone": _in_zone,
    "date_in_zone": _in_zone,
    "dateModify": _modified,
    "date_modify": _modified,
    "duration": _duration,
    "durationRound": _rounded,
    "htmlDate": lambda time: _in_zone("2006-01-02", time, "UTC"),
    "htmlDateInZone": lambda time, zone: _in_zone("2006-01-02", time, zone),
    "mustDateModify": lambda span, time: to_instant(time) + parse_go_duration(span),
    "must_date_modify": lambda span, time: to_instant(time) + parse_go_duration(span),
    "mustToDate": _to_date,
    "toDate": _to_date,
    "unixEpoch": lambda time: str(int(to_instant(time).timestamp())),
}
