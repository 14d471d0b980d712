"""JSON as Go's encoder writes it: sorted keys, and nothing that HTML would take for markup."""

from __future__ import annotations

from json import dumps
from typing import Any

_ESCAPED = {character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def go_json(value: Any, *, indent: int | None = None) -> str:
    """``value`` in one line, or with ``indent`` spaces a level."""
    separators = (",", ":") if indent is None else (",", ": ")
    text = dumps(value, sort_keys=True, ensure_ascii=False, indent=indent, separators=separators)
    for character, escaped in _ESCAPED.items():
        if character in text:
            text = text.replace(character, escaped)
    return text
