"""Paths of replacements and vars: ``spec.containers.[name=app].image``, ``metadata.[a.b/c]``."""

from __future__ import annotations

import re

from toolkit.errors import BuildError
from toolkit.kustomize.fields.fieldspec import split_path
from toolkit.kustomize.objects.item import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_INDEXED = re.compile(r"^(.*)\[(\d+)\]$")


def split_field_path(path: str) -> tuple[str, ...]:
    """Parts of a path: brackets keep dots together, and stay where they hold ``key=value``."""
    words = split_path(path, ".")
    parts: list[str] = []
    index = 0
    while index < len(words):
        word = words[index]
        if word.startswith("[") and not word.endswith("]"):
            while index + 1 < len(words):
                index += 1
                word += "." + words[index]
                if words[index].endswith("]"):
                    break
            if "=" not in word:
                word = word.strip("[]")
        parts.append(word)
        index += 1
    return tuple(parts)


def get_field(body: Any, parts: tuple[str, ...]) -> Any:
    """The value there. ``0`` is a position, ``-`` the last, ``[k=v]`` the first item with that
    value. Raises KeyError where there is none.
    """
    node = body
    for part in parts:
        if part.strip():
            node = _step(node, part)
    return node


def with_indexes(parts: tuple[str, ...]) -> tuple[str, ...]:
    """``a[0]`` as ``a``, ``0``, which vars understand and replacements do not."""
    result: list[str] = []
    for part in parts:
        match = _INDEXED.match(part)
        if match and "=" not in part:
            result += [match[1], match[2]] if match[1] else [match[2]]
        else:
            result.append(part)
    return tuple(result)


def _step(node: Any, part: str) -> Any:
    if part.isdigit() or part == "-":
        if not isinstance(node, list):
            if isinstance(node, dict):
                from toolkit.kustomize.hints.nearest import listed

                raise BuildError(
                    f"{part!r} is a position, but leads into a map",
                    hints=[f"name a field of it: {listed(node)}"],
                )
            raise KeyError(part)
        index = -1 if part == "-" else int(part)
        if index >= len(node) or not node:
            raise KeyError(part)
        return node[index]
    if is_item(part):
        return _matching_item(node, part)
    if not isinstance(node, dict) or part not in node:
        raise KeyError(part)
    return node[part]


def is_item(part: str) -> bool:
    """``[…]``: chooses items of a list."""
    return part.startswith("[") and part.endswith("]")


def item_test(part: str) -> tuple[str, str]:
    """``[key=value]`` → key, value; key "" for items that are no maps. Raises BuildError."""
    key, separator, value = part[1:-1].partition("=")
    if not separator:
        raise BuildError(
            f"{part!r} must say which item, as in [name=app]",
            hints=["a key with dots is written as [a.b/c]"],
        )
    return key, value


def _matching_item(node: Any, part: str) -> Any:
    key, value = item_test(part)
    for item in node if isinstance(node, list) else ():
        have = item.get(key) if key and isinstance(item, dict) else item
        if not isinstance(have, dict | list) and have is not None and text_of(have) == value:
            return item
    raise KeyError(part)
