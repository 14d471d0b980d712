"""Sprig's lenient conversions, which its functions share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from toolkit.workflow.expressions.values import EvaluationError, go_text, is_number


def to_int(value: Any) -> int:
    """Sprig's lenient conversion: what is no number is 0."""
    return int(to_float(value))


def to_float(value: Any) -> float:
    """As :func:`to_int`, with its fraction."""
    if isinstance(value, bool):
        return 1.0 if value else 0.0
    if is_number(value):
        return float(value)
    if isinstance(value, str):
        try:
            return float(int(value, 0)) if not value.startswith("0") else float(value)
        except ValueError:
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 0.0


def is_empty(value: Any) -> bool:
    """Go templates' emptiness: nil, false, 0, "" and empty collections."""
    return value is None or value is False or value == 0 or value in ("", [], {})


def to_strings(value: Any) -> list[str]:
    """The items as texts, nulls left out; a single value is a list of one."""
    items = value if isinstance(value, list) else [value]
    return [go_text(item) for item in items if item is not None]


def to_words(text: str) -> list[str]:
    """The words of a name in any case: camel, snake, kebab."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text)
    return [word for word in re.split(r"[\s_\-]+", spaced) if word]


def to_semver(version: str) -> tuple[int, int, int, str]:
    """Major, minor, patch and pre-release. Raises EvaluationError."""
    match = re.match(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?", version)
    if match is None:
        raise EvaluationError(f"Invalid Semantic Version: {version}")
    major, minor, patch, pre = match.groups()
    return int(major), int(minor or 0), int(patch or 0), pre or ""


def to_instant(value: Any) -> datetime:
    """A time from a time, unix seconds or RFC 3339; ``workflow.creationTimestamp``, which has
    parts and so is a map, is that instant. Raises EvaluationError.

    DEVIATION: sprig takes the current time for what is neither a time nor seconds.
    """
    if isinstance(value, Mapping) and "RFC3339" in value:
        value = value["RFC3339"]
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if is_number(value):
        return datetime.fromtimestamp(value, UTC)
    try:
        return datetime.fromisoformat(str(value)).astimezone(UTC)
    except ValueError as error:
        raise EvaluationError(f"{value!r} is no time") from error
