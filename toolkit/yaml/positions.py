"""Where in a text each value stands. Computed only where somebody asks: for a finding, an error,
an explanation.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from toolkit.source import Location
from toolkit.yaml.events import events_of
from toolkit.yaml.limits import DEFAULT_LIMITS
from toolkit.yaml.text import as_text, line_of


class Place(NamedTuple):
    """1-based."""

    line: int
    column: int


class _Node:
    """``entries``: key → (place of the key, value); ``items``: values of a list; ``block``: the
    text of a literal block.
    """

    __slots__ = ("block", "entries", "items", "merged", "place")

    def __init__(self, place: Place, block: str | None) -> None:
        self.place = place
        self.block = block
        self.entries: dict[str, tuple[Place, _Node]] = {}
        self.items: list[_Node] = []
        self.merged: list[_Node] = []

    def child(self, part: str | int) -> tuple[Place, _Node] | None:
        """Where the key (or the item) stands, and the value."""
        if isinstance(part, int):
            inside = 0 <= part < len(self.items)
            return (self.items[part].place, self.items[part]) if inside else None
        if part in self.entries:
            return self.entries[part]
        for source in self.merged:
            found = source.child(part)
            if found is not None:
                return found
        return None


class Positions:
    """Positions in ``text``, which must be YAML that :func:`~toolkit.yaml.parse.load_all` reads
    (of broken text: the part before the break). Parses once, on the first question.
    """

    def __init__(self, text: bytes | str, path: str = "") -> None:
        self._text = as_text(text, path, DEFAULT_LIMITS)
        self._path = path
        self._documents: list[_Node] | None = None

    def locate(
        self, document: int, path: tuple[str | int, ...] = (), *, of_key: bool = False
    ) -> Location:
        """Where the value at ``path`` stands in document number ``document`` (from 0), or with
        ``of_key`` its key. Where there is no such value: its nearest ancestor that is there.
        A value that came by an alias stands at its anchor.
        """
        found = self._find(document, path)
        if found is None:
            return Location(self._path)
        key_place, node = found
        chosen = key_place if of_key else node.place
        return Location(self._path, chosen.line, chosen.column)

    def locate_within(
        self, document: int, path: tuple[str | int, ...], text: str, inner: Location
    ) -> Location | None:
        """Where ``inner``, a place in ``text``, stands, which the literal block (``|``) at ``path``
        holds. None where there is no such block.
        """
        found = self._find(document, path)
        block = found[1].block if found is not None else None
        start = block.find(text) if block is not None else -1
        if found is None or block is None or start < 0 or not inner.line:
            return None
        line = found[1].place.line + block.count("\n", 0, start) + inner.line
        indent = _indent(block, self._text, found[1].place.line)
        return Location(self._path, line, inner.column + indent if inner.column else 0)

    def _find(self, document: int, path: tuple[str | int, ...]) -> tuple[Place, _Node] | None:
        """The value at ``path``, or its nearest ancestor, and where its key stands."""
        if self._documents is None:
            self._documents = _read(self._text)
        if not 0 <= document < len(self._documents):
            return None
        node = self._documents[document]
        key_place = node.place
        for part in path:
            found = node.child(part)
            if found is None:
                break
            key_place, node = found
        return key_place, node

    def excerpt(self, location: Location) -> str | None:
        """The line of a location, without its end."""
        return line_of(self._text, location.line)


def _indent(block: str, text: str, header: int) -> int:
    """How far the lines of a block are indented in the text, whose header is a line before."""
    for number, line in enumerate(block.split("\n"), start=header + 1):
        if line.strip():
            return len(line_of(text, number) or line) - len(line)
    return 0


def first_key(text: str, mapping_index: int, key: Any) -> Place:
    """Where a key with the same text as the event ``key`` first stands in the mapping that starts
    at character ``mapping_index``. For the message about a duplicate, which is the second.
    """
    source = events_of(text.encode())
    depth = -1
    is_key = False
    while True:
        event: Any = source.get_event()
        kind = event.__class__
        if kind is MappingStartEvent and event.start_mark.index == mapping_index:
            depth, is_key = 0, True
            continue
        if depth == 0 and is_key and getattr(event, "value", None) == key.value:
            return _place(event)
        if depth == 0:
            is_key = not is_key
        if depth >= 0 and kind in (MappingStartEvent, SequenceStartEvent):
            depth += 1
        elif depth > 0 and kind in (MappingEndEvent, SequenceEndEvent):
            depth -= 1


def _read(text: str) -> list[_Node]:
    """A tree a document; of a broken text those before the break."""
    documents: list[_Node] = []
    get_event = events_of(text.encode()).get_event
    try:
        while not isinstance(event := get_event(), StreamEndEvent):
            if isinstance(event, DocumentStartEvent):
                documents.append(_Reader(get_event).node(get_event()))
    except (yaml.YAMLError, RecursionError):
        pass
    return documents


class _Reader:
    """One document."""

    def __init__(self, get_event: Any) -> None:
        self._get_event = get_event
        self._anchors: dict[str, _Node] = {}

    def node(self, event: Any) -> _Node:
        is_block = isinstance(event, ScalarEvent) and event.style == "|"
        node = _Node(_place(event), event.value if is_block else None)
        if isinstance(event, AliasEvent):
            return self._anchors.get(str(event.anchor), node)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        if isinstance(event, MappingStartEvent):
            self._fill_mapping(node)
        elif isinstance(event, SequenceStartEvent):
            while not isinstance(event := self._get_event(), SequenceEndEvent):
                node.items.append(self.node(event))
        return node

    def _fill_mapping(self, node: _Node) -> None:
        while not isinstance(event := self._get_event(), MappingEndEvent):
            key = event.value if isinstance(event, ScalarEvent) else ""
            self.node(event)
            value = self.node(self._get_event())
            if key == "<<":
                node.merged += value.items or [value]
            else:
                node.entries.setdefault(key, (_place(event), value))


def _place(event: Any) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)
