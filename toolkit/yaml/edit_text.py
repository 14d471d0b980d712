"""The text of a value that is put into a file: in the file's own layout, its keys as ordered."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from toolkit.yaml.edit_places import Kind, Node, Places
from toolkit.yaml.emit import emit

_FLOW_SYNTAX = re.compile(r"[,\[\]{}]")
_QUOTED = ('"', "'")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


@dataclass(frozen=True, slots=True)
class Layout:
    """``step``: how far a nested mapping stands in; ``offset``: how far the dashes of a list."""

    step: int = 2
    offset: int = 0


def layout_of(places: Places) -> Layout:
    """As most of the document does it."""
    steps: Counter[int] = Counter()
    offsets: Counter[int] = Counter()
    for node in places.walk():
        if not node.is_block or node.kind is not Kind.MAPPING:
            continue
        column = places.column(node)
        for entry in node.entries:
            if entry.value.is_block and entry.value.entries:
                found = steps if entry.value.kind is Kind.MAPPING else offsets
                found[places.column(entry.value) - column] += 1
    return Layout(_usual(steps, Layout().step), _usual(offsets, Layout().offset))


def block_lines(value: Any, layout: Layout) -> list[str]:
    """A list or mapping that is not empty, a line for each entry."""
    if isinstance(value, Mapping):
        return [line for key, item in value.items() for line in _entry_lines(key, item, layout)]
    return [line for item in value for line in item_lines(item, layout)]


def item_lines(item: Any, layout: Layout) -> list[str]:
    """An item of a list with its dash."""
    if is_collection(item):
        first, *rest = block_lines(item, layout)
    else:
        first, *rest = scalar_lines(item)
    return [f"- {first}", *indented(rest, 2)]


def scalar_lines(value: Any) -> list[str]:
    """One line; of a text of several lines a ``|`` and its lines, which stand in by two."""
    if not _is_literal(value):
        return [scalar_text(value)]
    body = value.rstrip("\n")
    ends = len(value) - len(body)
    sign = ("-", "", "+")[min(ends, 2)]
    blank = [""] * max(0, ends - 1)
    return ["|" + sign, *indented([*body.split("\n"), *blank], 2)]


def scalar_text(value: Any, *, is_in_flow: bool = False, quote: str = '"') -> str:
    """One line, in quotes where it needs them."""
    if not isinstance(value, str):
        return emit(value).removesuffix("\n")
    return value if _could_be_plain(value, is_in_flow=is_in_flow) else quoted(value, quote)


def quoted(value: str, quote: str) -> str:
    """In these quotes, or in double ones where only they can hold it."""
    if quote == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return '"' + "".join(map(_escaped, value)) + '"'


def restyled(value: Any, old: str, style: str, old_value: Any, *, is_in_flow: bool) -> str:
    """The text of ``value`` in place of ``old``, which said ``old_value`` in ``style``.

    Quotes stay. Where there are none and the value needs them, it gets single ones, which go
    again when no longer needed: so that a change and its reverse give the old text.
    """
    natural = scalar_text(value, is_in_flow=is_in_flow, quote="'")
    if isinstance(value, bool) and isinstance(old_value, bool):
        return _cased(natural, old)
    if not isinstance(value, str) or style not in _QUOTED:
        return natural
    if isinstance(old_value, str) and not _could_be_plain(old_value, is_in_flow=is_in_flow):
        is_ours = old == scalar_text(old_value, is_in_flow=is_in_flow, quote="'")
        return natural if is_ours else quoted(value, style)
    return quoted(value, style)


def flow_text(value: Any, *, is_quoted: bool = False) -> str:
    """On one line, in brackets; ``is_quoted``: as JSON does it."""
    if isinstance(value, Mapping):
        pairs = (f"{flow_text(k, is_quoted=is_quoted)}: " for k in value)
        items = (flow_text(item, is_quoted=is_quoted) for item in value.values())
        return "{" + ", ".join(map("".join, zip(pairs, items, strict=True))) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow_text(item, is_quoted=is_quoted) for item in value) + "]"
    if is_quoted and isinstance(value, str):
        return quoted(value, '"')
    return scalar_text(value, is_in_flow=True)


def indented(lines: Iterable[str], columns: int) -> list[str]:
    """The lines further to the right; empty ones stay empty."""
    return [" " * columns + line if line else "" for line in lines]


def is_collection(value: Any) -> bool:
    """True for a list or mapping that is not empty."""
    return isinstance(value, Mapping | list) and bool(value)


def is_plain(value: str) -> bool:
    """True where the text needs no quotes."""
    if "\n" in value or not value.isprintable():
        return False
    return emit(value)[:1] not in (*_QUOTED, "|", ">")


def is_quoted_flow(node: Node) -> bool:
    """True for a flow collection written as JSON is."""
    first = next((entry.key or entry.value for entry in node.entries), None)
    return first is not None and first.style == '"'


def _could_be_plain(value: str, *, is_in_flow: bool) -> bool:
    return is_plain(value) and not (is_in_flow and _FLOW_SYNTAX.search(value))


def _entry_lines(key: str, value: Any, layout: Layout) -> list[str]:
    name = scalar_text(key)
    if is_collection(value):
        columns = layout.step if isinstance(value, Mapping) else layout.offset
        return [f"{name}:", *indented(block_lines(value, layout), columns)]
    first, *rest = scalar_lines(value)
    return [f"{name}: {first}", *rest]


def _is_literal(value: Any) -> bool:
    if not isinstance(value, str) or "\n" not in value.strip("\n") or value[0] in " \n":
        return False
    return all(line.isprintable() for line in value.split("\n"))


def _cased(text: str, old: str) -> str:
    if old.isupper():
        return text.upper()
    return text.capitalize() if old[:1].isupper() else text


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def _usual(found: Counter[int], default: int) -> int:
    return found.most_common(1)[0][0] if found else default
