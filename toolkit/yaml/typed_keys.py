"""Keys that are not text: how JSON spells them, and how a message names them."""

from __future__ import annotations

from typing import Any

_KINDS: dict[type, str] = {
    type(None): "null",
    bool: "a boolean",
    int: "a whole number",
    float: "a number",
    dict: "a mapping",
    list: "a list",
}


def as_json_key(value: float | bool) -> str:  # noqa: FBT001 - it is the key itself
    """As sigs.k8s.io/yaml turns a key into JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def describe(value: Any) -> str:
    """``true`` → ``a boolean``."""
    return _KINDS[type(value)]
