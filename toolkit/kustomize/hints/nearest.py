"""What a misspelt word was meant to be. Loaded only for an error."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from toolkit.errors import BuildError
from toolkit.kustomize.fields.paths import get_field, is_item, item_test

_MOST_NAMED = 8
_INDEXED = re.compile(r"(.+)\[(\d+)\]")


def did_you_mean(word: str, known: Iterable[str]) -> list[str]:
    """A hint with the nearest of ``known``; none where nothing is near."""
    from difflib import get_close_matches

    others = sorted({*known} - {word})
    return [f"did you mean {name!r}?" for name in get_close_matches(word, others, n=1)]


def nearest_field(body: Any, parts: tuple[str, ...]) -> list[str]:
    """For a path of a replacement or var that leads nowhere: what is there instead."""
    node = body
    for part in parts:
        if part == "*" and isinstance(node, list) and node:
            node = node[0]
            continue
        try:
            node = get_field(node, (part,))
        except KeyError:
            return _there(node, part)
        except BuildError as error:
            return list(error.hints)
    return []


def _there(node: Any, part: str) -> list[str]:
    if match := _INDEXED.fullmatch(part):
        return [f"write a position as {match[1]}.{match[2]}"]
    if isinstance(node, dict):
        if "/" in part and part.partition("/")[0] in node:
            return [f"put dots between fields: {part.replace('/', '.')}"]
        return did_you_mean(part, map(str, node)) or [f"known there: {listed(node)}"]
    if not isinstance(node, list):
        return []
    if is_item(part):
        key, _ = item_test(part)
        if key != "name":  # other values may be secrets
            return []
        names = [str(item[key]) for item in node if isinstance(item, dict) and key in item]
        return [f"choose one of: {listed(names)}"] if names else []
    return [f"write a position from 0 to {len(node) - 1}"] if node else []


def listed(names: Iterable[Any]) -> str:
    """The first of them, for a hint."""
    words = [str(name) for name in names]
    return ", ".join(words[:_MOST_NAMED]) + (", …" if len(words) > _MOST_NAMED else "")
