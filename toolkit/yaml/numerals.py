"""Numbers and dates among plain scalars, by go-yaml's rules.

Apart from :mod:`toolkit.yaml.scalars`, because these patterns take milliseconds to compile, and
few texts get here.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_INTEGER = re.compile(
    r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]([0-7]+)|0([0-7]+)|(0|[1-9][0-9]*))\Z"
)
_BASES = (16, 2, 8, 8, 10)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_DATE = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:(?:[Tt]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,]([0-9]+))?(Z|[-+][0-9]{2}:[0-9]{2}))"
    r"|(?: +([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,]([0-9]+))?))?\Z"
)
_SIXTIES = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z")
_MAX_UNSIGNED = 2**64
_MIN_SIGNED = -(2**63)


def number_or_text(text: str, *, dates: bool) -> Any:
    """What a text of digits, signs and the like stands for; the text itself for no number."""
    first = text[0]
    if first == ".":
        return _float(text) if _FLOAT.match(text) else text
    if first not in "+-0123456789":
        return text
    if dates and (moment := _date(text)) is not None:
        return moment
    digits = text.replace("_", "")
    match = _INTEGER.match(digits)
    if match is not None:
        whole = _integer(match)
        if whole is not None:
            return whole
    if _FLOAT.match(digits):
        number = _float(digits)
        return text if number is digits else number
    return text


def is_sixties(text: str) -> bool:
    """True for times by the minute or second, ``12:30``, which version 1.1 of YAML takes for
    numbers.
    """
    return _SIXTIES.match(text) is not None


def _integer(match: re.Match[str]) -> int | None:
    """The number, or None where it fits neither a signed nor an unsigned 64-bit integer."""
    sign, *choices = match.groups()
    number = next(int(text, _BASES[i]) for i, text in enumerate(choices) if text is not None)
    if sign == "-":
        return -number if -number >= _MIN_SIGNED else None
    limit = 2**63 if sign else _MAX_UNSIGNED  # Go parses no sign into an unsigned integer
    return number if number < limit else None


def _float(text: str) -> float | str:
    """The number, or the text itself where it is too large for one."""
    number = float(text)
    return text if number in (float("inf"), float("-inf")) else number


def _date(text: str) -> str | None:
    """RFC 3339 for a date or time as YAML writes them; None for anything else."""
    match = _DATE.match(text)
    if match is None:
        return None
    year, month, day, *clock = match.groups()
    zone = clock.pop(4)
    hour, minute, second, fraction = (clock[i] or clock[i + 4] or "0" for i in range(4))
    try:
        leap_alike = int(year) or 400  # Go has a year 0
        moment = datetime(  # noqa: DTZ001 - the zone is written as text below
            leap_alike, int(month), int(day), int(hour), int(minute), int(second)
        )
        offset = _zone(zone)
    except ValueError:
        return None
    digits = fraction[:9].rstrip("0")
    return f"{year}{moment.isoformat()[4:]}{'.' + digits if digits else ''}{offset}"


def _zone(text: str | None) -> str:
    if text is None or text in ("Z", "+00:00", "-00:00"):
        return "Z"
    timezone(timedelta(hours=int(text[1:3]), minutes=int(text[4:])))  # ValueError from a day on
    return text
