"""Sprig's lenient conversions, which its functions share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from toolkit.workflow.expressions.locate import EvaluationError
from toolkit.workflow.expressions.values import (
    go_text,
    is_number,
)

_OCTAL: Final = re.compile(r"[+-]?0[0-7]+")


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
            return float(int(value, 8) if _OCTAL.fullmatch(value) else int(value, 0))
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
    spaced = re.sub(r"([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])", r"\1\3 \2", text)
    return [word for word in re.split(r"[\s_\-]+", spaced) if word]


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
