"""What an edit means: the same change on a body of JSON values. Nothing here changes its input."""

from __future__ import annotations

from typing import Any

Path = tuple[str | int, ...]


def value_at(body: Any, path: Path) -> Any:
    """None where there is nothing."""
    for part in path:
        if isinstance(body, dict):
            body = body.get(part)
        elif isinstance(body, list) and isinstance(part, int) and 0 <= part < len(body):
            body = body[part]
        else:
            return None
    return body


def with_value(body: Any, path: Path, value: Any) -> Any:
    """With ``value`` at ``path``, and mappings above it."""
    if not path:
        return value
    part, rest = path[0], path[1:]
    if isinstance(body, list) and isinstance(part, int) and part < len(body):
        return [with_value(one, rest, value) if n == part else one for n, one in enumerate(body)]
    base = body if isinstance(body, dict) else {}
    return {**base, str(part): with_value(base.get(str(part)), rest, value)}


def without(body: Any, path: Path) -> Any:
    """Without the entry at ``path``."""
    part, rest = path[0], path[1:]
    if isinstance(body, list):
        if rest:
            return [without(one, rest) if n == part else one for n, one in enumerate(body)]
        return [one for n, one in enumerate(body) if n != part]
    if not isinstance(body, dict):
        return body
    if rest:
        return {key: without(one, rest) if key == part else one for key, one in body.items()}
    return {key: one for key, one in body.items() if key != part}


def pruned(body: Any, path: Path) -> Any:
    """Without the entry at ``path`` and what held only that; None where nothing is left."""
    for length in range(len(path), 0, -1):
        body = without(body, path[:length])
        if value_at(body, path[: length - 1]):
            return body
    return None


def renamed(body: Any, path: Path, name: str) -> Any:
    """With another name for the last key of ``path``."""
    value = value_at(body, path)
    return with_value(without(body, path), (*path[:-1], name), value)


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same types: 1 is neither True nor 1.0."""
    if one.__class__ is not other.__class__:
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)
