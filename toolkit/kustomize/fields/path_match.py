"""All places that a replacement's field path leads to, made where they are missing if asked."""

from __future__ import annotations

import re
from typing import Any

from toolkit.errors import BuildError
from toolkit.kustomize.fields.paths import is_item, item_test
from toolkit.kustomize.golang.regexp import GoRegexpError, go_regexp
from toolkit.kustomize.objects.item import text_of
from toolkit.kustomize.objects.untagged import Untagged

Place = tuple[Any, Any]
"""A map or list, and the key or position in it."""

CREATED = object()
"""Stands for a scalar that was just made, until its value is written."""


def match_fields(root: Place, parts: tuple[str, ...], create: Any = None) -> list[Place]:
    """Places at ``parts`` below ``root``, in order; empty where there are none.

    ``create`` gives the kind of what to make where the path ends in nothing: :data:`CREATED`, an
    empty map or an empty list; None makes nothing. Raises BuildError where the path cannot lead
    on.
    """
    if not parts:
        return [root]
    part = parts[0]
    if part.isdigit():
        return _match_position(root, parts, create)
    if is_item(part):
        return _match_items(root, parts, create)
    if part == "*":
        return [
            place
            for index in range(len(_list_at(root, part)))
            for place in match_fields((_at(root), index), parts[1:], create)
        ]
    return _match_field(root, parts, create)


def _at(place: Place) -> Any:
    return place[0][place[1]]


def _list_at(place: Place, part: str) -> list[Any]:
    node = _at(place)
    if node is None:
        return []
    if not isinstance(node, list):
        raise BuildError(
            f"{part!r} chooses items of a list, but {place[1]} is none",
            hints=[f"name a field of {place[1]} instead"]
            if isinstance(node, dict)
            else [f"end the path at {place[1]}"],
        )
    return node


def _match_field(root: Place, parts: tuple[str, ...], create: Any) -> list[Place]:
    node = _at(root)
    if node is None:
        # upstream, too, writes into a null what it then drops
        return [] if create is None else [({"": CREATED}, "")]
    if not isinstance(node, dict):
        raise BuildError(
            f"{parts[0]!r} leads into {root[1]}, which is no map",
            hints=[f"choose an item: {root[1]}.[name=NAME].{parts[0]}, or {root[1]}.*.{parts[0]}"]
            if isinstance(node, list)
            else [f"end the path at {root[1]}"],
        )
    if parts[0] not in node:
        if create is None:
            return []
        node[parts[0]] = _made(parts[1:], create)
    return match_fields((node, parts[0]), parts[1:], create)


def _match_position(root: Place, parts: tuple[str, ...], create: Any) -> list[Place]:
    items = _list_at(root, parts[0])
    index = int(parts[0])
    if index == len(items) and create is not None:
        items.append(_made(parts[1:], create))
    if index >= len(items):
        raise BuildError(
            f"position {index} is asked for, but there are {len(items)} items",
            hints=[f"count from 0: the last is {len(items) - 1}"]
            if items
            else ["set options.create, and write position 0"],
        )
    return match_fields((items, index), parts[1:], create)


def _match_items(root: Place, parts: tuple[str, ...], create: Any) -> list[Place]:
    key, value = item_test(parts[0])
    try:
        pattern = go_regexp(value)
    except GoRegexpError as error:
        raise BuildError(
            f"{value!r} is no regular expression: {error}",
            hints=["escape a literal character with a backslash"],
        ) from None
    items = _list_at(root, parts[0])
    found = _matching(items, key, pattern, parts, create)
    if found or create is None:
        return found
    items.append({key: Untagged(value)} if key else Untagged(value))
    return _matching(items, key, pattern, parts, create)


def _matching(
    items: list[Any], key: str, pattern: re.Pattern[str], parts: tuple[str, ...], create: Any
) -> list[Place]:
    """Items whose value the pattern finds anywhere in it: upstream does not anchor it (5029)."""
    found: list[Place] = []
    for index, item in enumerate(items):
        value = item.get(key) if key and isinstance(item, dict) else item
        if key and (not isinstance(item, dict) or key not in item):
            continue
        if isinstance(value, dict | list) or not pattern.search(text_of(value)):
            continue
        if key:
            found += match_fields((items, index), parts[1:], create)
        else:
            found.append((items, index))
    return found


def _made(rest: tuple[str, ...], create: Any) -> Any:
    if not rest:
        return create if create is CREATED else type(create)()
    return [] if is_item(rest[0]) or rest[0].isdigit() else {}
