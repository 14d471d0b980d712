"""Paths into an object: ``spec.templates[0].name``, keys with dots in brackets and quotes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

FieldPath = tuple[str | int, ...]
"""Keys (str) and list positions (int), from the root inward."""

_PLAIN = re.compile(r"[A-Za-z0-9_$-]+\Z")
_PART = re.compile(r"""\.?([A-Za-z0-9_$-]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]""")


def format_path(path: FieldPath) -> str:
    """For people and JSON: ``("metadata", "labels", "a.b/c")`` → ``metadata.labels["a.b/c"]``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN.match(part):
            text += f".{part}" if text else part
        else:
            quoted = part.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{quoted}"]'
    return text


def parse_path(text: str) -> FieldPath:
    """The inverse of :func:`format_path`. Raises ``ValueError`` for anything else."""
    parts: list[str | int] = []
    position = 0
    while position < len(text):
        match = _PART.match(text, position)
        if match is None:
            raise ValueError(f"not a field path: {text!r}, at character {position + 1}")
        plain, index, quoted = match.groups()
        if plain is not None:
            parts.append(plain)
        elif index is not None:
            parts.append(int(index))
        else:
            parts.append(re.sub(r"\\(.)", r"\1", quoted))
        position = match.end()
    return tuple(parts)


def value_at(body: Any, path: FieldPath) -> Any:
    """The value at ``path``. Raises ``KeyError`` where there is none."""
    for part in path:
        if isinstance(part, int):
            if not isinstance(body, Sequence) or isinstance(body, str) or part >= len(body):
                raise KeyError(format_path(path))
        elif not isinstance(body, Mapping) or part not in body:
            raise KeyError(format_path(path))
        body = body[part]
    return body
