"""Spans of time as Go and Argo write them: ``1h30m``, ``2.5s``; a bare number is seconds."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

_UNITS: Final = {
    "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0,
}  # fmt: skip
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_BARE = re.compile(r"[+-]?\d+\Z")


def parse_go_duration(text: str) -> timedelta:
    """Go's ``time.ParseDuration``. Raises ``ValueError``."""
    rest = text[1:] if text[:1] in {"+", "-"} else text
    if rest == "0":
        return timedelta()
    seconds, at = 0.0, 0
    while at < len(rest):
        part = _PART.match(rest, at)
        if part is None:
            break
        seconds += float(part.group(1)) * _UNITS[part.group(2)]
        at = part.end()
    if not rest or at < len(rest):
        raise ValueError(f'time: invalid duration "{text}"')
    try:
        return timedelta(seconds=-seconds if text.startswith("-") else seconds)
    except OverflowError as error:
        raise ValueError(f'time: invalid duration "{text}"') from error


def parse_span(text: str | int) -> timedelta:
    """A duration as Argo's fields take it: Go's form, or whole seconds. Raises ``ValueError``."""
    if isinstance(text, int) or _BARE.match(text):
        try:
            return timedelta(seconds=int(text))
        except OverflowError as error:
            raise ValueError(f"unable to parse {text} as a duration: too large") from error
    try:
        return parse_go_duration(text)
    except ValueError as error:
        raise ValueError(f"unable to parse {text} as a duration: {error}") from error


def human(span: timedelta) -> str:
    """A span for people: ``2 minutes 30 seconds``, as Argo's backoff messages say it."""
    seconds = int(span.total_seconds())
    parts = []
    for name, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}{'s' if count != 1 else ''}")
    return " ".join(parts[:2]) or "0 seconds"
