"""Where the nodes of one document stand in its text, as ruamel.yaml's events tell it.

Only places come from here. What the text says comes from :mod:`toolkit.yaml.parse`, which also
reads every edited text again (:mod:`toolkit.yaml.edit`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.error import YAMLError as RuamelError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from toolkit.errors import YamlError
from toolkit.source import Location

_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*\s*)*")
_DASH_ALONE = re.compile(r"[ ]*(?:- +)*-[ \t]*(?:#.*)?\Z")
_COLON = re.compile(r"\s*:")
_HEADER = re.compile(r"[|>]([+-]?)([1-9]?)([+-]?)")


class Kind(Enum):
    """What a node is."""

    SCALAR = "scalar"
    ALIAS = "alias"
    MAPPING = "mapping"
    SEQUENCE = "sequence"


@dataclass(slots=True)
class Entry:
    """A value in a collection; ``key`` is None in a list."""

    key: Node | None
    value: Node


@dataclass(slots=True)
class Node:
    """``start`` (with anchor and tag) and ``end`` are indexes into the text. ``end`` means nothing
    for a block collection or a block text: ask :meth:`Places.tail`.
    """

    kind: Kind
    start: int
    end: int
    line: int
    column: int
    style: str = ""
    is_flow: bool = False
    text: str = ""
    anchor: str = ""
    entries: list[Entry] = field(default_factory=list)

    @property
    def is_block(self) -> bool:
        """True for a list or mapping with a line for each entry."""
        return self.kind in (Kind.MAPPING, Kind.SEQUENCE) and not self.is_flow

    @property
    def is_block_text(self) -> bool:
        return self.kind is Kind.SCALAR and self.style in ("|", ">")


class Places:
    """The nodes of a text of one document; ``root`` is None where it holds nothing.

    Raises :class:`YamlError` for what ruamel.yaml cannot read.
    """

    def __init__(self, text: str, file: str = "", first_line: int = 0) -> None:
        self.text = text
        self.root = _Reader(text, _events(text, file, first_line)).root()

    def entry_start(self, entry: Entry) -> int:
        """Of an entry of a block collection: its key, or the dash before it."""
        return entry.key.start if entry.key is not None else self._dash(entry.value.start)

    def column(self, node: Node) -> int:
        """Of a block collection's entries."""
        start = self.entry_start(node.entries[0])
        return start - self.line_start(start)

    def content_start(self, node: Node) -> int:
        """Of a scalar without its anchor and tag."""
        match = _PROPERTIES.match(self.text, node.start, node.end)
        return match.end() if match else node.start

    def tail(self, entry: Entry) -> int:
        """The end of an entry's last line, before its line end."""
        column = self.entry_start(entry)
        column -= self.line_start(column)
        node = entry.value
        if node.is_block:
            return self.tail(node.entries[-1])
        if node.is_block_text:
            return self._block_text_end(node, column)
        return self.line_end(max(node.end, node.start))

    def line_start(self, index: int) -> int:
        return self.text.rfind("\n", 0, index) + 1

    def line_end(self, index: int) -> int:
        end = self.text.find("\n", index)
        end = len(self.text) if end < 0 else end
        return end - 1 if end > index and self.text[end - 1] == "\r" else end

    def next_line(self, end: int) -> int:
        """The start of the line after the line end at ``end``."""
        if self.text.startswith("\r\n", end):
            return end + 2
        return min(end + 1, len(self.text))

    def walk(self) -> Iterator[Node]:
        """All nodes, each before what it holds."""
        waiting = [self.root] if self.root else []
        while waiting:
            node = waiting.pop()
            yield node
            for entry in reversed(node.entries):
                waiting += [part for part in (entry.value, entry.key) if part is not None]

    def _dash(self, start: int) -> int:
        begin = self.line_start(start)
        before = self.text[begin:start].rstrip()
        if before.endswith("-"):
            return begin + len(before) - 1
        while begin:
            end = begin - 1
            begin = self.line_start(end)
            if _DASH_ALONE.match(self.text[begin:end].rstrip()):
                return begin + self.text[begin:end].split("#")[0].rindex("-")
        return start

    def _block_text_end(self, node: Node, column: int) -> int:
        start = self.content_start(node)
        header = _HEADER.match(self.text, start)
        keeps = header is not None and "+" in header[0]
        least = column + 1
        is_automatic = header is None or not header[2]
        end = self.line_end(start)
        kept = end
        while (begin := self.next_line(end)) < len(self.text):
            end = self.line_end(begin)
            line = self.text[begin:end]
            indent = len(line) - len(line.lstrip(" "))
            if not line.strip(" \t") and indent <= max(least, indent):
                kept = end if keeps else kept
                continue
            if indent < least:
                break
            if is_automatic:
                least, is_automatic = indent, False
            kept = end
        return kept


class _Reader:
    """A tree from events."""

    def __init__(self, text: str, events: Iterator[Any]) -> None:
        self._text = text
        self._events = events

    def root(self) -> Node | None:
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                return self._node(next(self._events))
        return None

    def _node(self, event: Any) -> Node:
        node = Node(
            _kind(event),
            event.start_mark.index,
            event.end_mark.index,
            event.start_mark.line,
            event.start_mark.column,
            style=getattr(event, "style", None) or "",
            is_flow=bool(getattr(event, "flow_style", False)),
            text=getattr(event, "value", None) or "",
            anchor=event.anchor or "",
        )
        if node.kind is Kind.MAPPING:
            self._fill_mapping(node)
        elif node.kind is Kind.SEQUENCE:
            self._fill_sequence(node)
        return node

    def _fill_mapping(self, node: Node) -> None:
        while not isinstance(event := next(self._events), MappingEndEvent):
            key, value = self._node(event), self._node(next(self._events))
            if value.kind is Kind.SCALAR and not (value.text or value.style or value.anchor):
                self._place_nothing(key, value)
            node.entries.append(Entry(key, value))
        node.end = event.end_mark.index

    def _place_nothing(self, key: Node, value: Node) -> None:
        """ruamel.yaml puts no value anywhere up to the next key; it belongs after the colon."""
        if value.start < value.end:
            return
        colon = _COLON.match(self._text, key.end)
        value.start = value.end = colon.end() if colon else key.end
        value.line, value.column = key.line, key.column

    def _fill_sequence(self, node: Node) -> None:
        while not isinstance(event := next(self._events), SequenceEndEvent):
            node.entries.append(Entry(None, self._node(event)))
        node.end = event.end_mark.index


_KINDS = {
    ScalarEvent: Kind.SCALAR,
    AliasEvent: Kind.ALIAS,
    MappingStartEvent: Kind.MAPPING,
    SequenceStartEvent: Kind.SEQUENCE,
}


def _kind(event: Any) -> Kind:
    return _KINDS[type(event)]


def _events(text: str, file: str, first_line: int) -> Iterator[Any]:
    """ruamel.yaml takes no tab before a comment or on an empty line, where YAML does: with spaces
    for tabs the places are the same.
    """
    try:
        return iter(_parsed(text))
    except RuamelError as error:
        if "\t" in text:
            try:
                return iter(_parsed(text.replace("\t", " ")))
            except RuamelError:
                pass
        raise _readable(error, file, first_line) from error


def _parsed(text: str) -> list[Any]:
    return list(YAML(typ="rt", pure=True).parse(StringIO(text)))


def _readable(error: RuamelError, file: str, first_line: int) -> YamlError:
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    place = Location(file, first_line + mark.line + 1, mark.column + 1) if mark else Location(file)
    return YamlError(f"{problem}: edit the file by hand", location=place)
