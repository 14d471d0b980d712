"""Copies and comparisons of JSON values."""

from __future__ import annotations

from typing import Any


def copy_json(value: Any) -> Any:
    """A deep copy: dicts and lists are new, scalars are shared. Linear."""
    if isinstance(value, dict):
        return {key: copy_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copy_json(item) for item in value]
    return value


def is_same_json(left: Any, right: Any) -> bool:
    """Equality as JSON has it: true is not 1, 1 and 1.0 are one number, keys have no order."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(
            is_same_json(item, right[key]) for key, item in left.items()
        )
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(is_same_json, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)
