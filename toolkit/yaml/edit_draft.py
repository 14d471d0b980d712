"""One edit of the text of one document: where to cut, and what to put there.

Each method returns the whole text after the edit, and refuses (:class:`YamlError`, with the place)
where no edit of these lines alone would do. Nothing is checked here beyond that:
:mod:`toolkit.yaml.edit` reads the result again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from toolkit.errors import YamlError
from toolkit.source import Location
from toolkit.yaml.edit_places import Entry, Kind, Node, Places
from toolkit.yaml.edit_text import (
    block_lines,
    flow_text,
    indented,
    is_collection,
    is_quoted_flow,
    item_lines,
    layout_of,
    quoted,
    restyled,
)

Path = tuple[str | int, ...]

_NOTHING = ("", "~", "null", "Null", "NULL")
_COMMA = re.compile(r"\s*,")
_REST_OF_LINE = re.compile(r"[ \t]*,?[ \t]*(?:#.*)?\r?\Z")


class Draft:
    """``first_line``: how many lines stand before ``text`` in ``file``."""

    def __init__(self, text: str, file: str = "", first_line: int = 0) -> None:
        self.text = text
        self.places = Places(text, file, first_line)
        self._file = file
        self._first_line = first_line
        self._layout = layout_of(self.places)

    def set(self, path: Path, value: Any, old_value: Any) -> str:
        """``old_value``: what stands there now, None for nothing."""
        node, entry, parent = self.places.root, None, None
        if node is None:
            return self._start(_nested(path, value))
        for depth, part in enumerate(path):
            if entry is not None and _is_nothing(node):
                return self._replace(entry, parent, _nested(path[depth:], value), None)
            found = _child(node, part)
            if found is None:
                return self._add(node, path[depth:], value)
            parent, entry, node = node, found, found.value
        if entry is None:
            self._refuse(node, "a whole document is not replaced")
        return self._replace(entry, parent, value, old_value)

    def append(self, path: Path, item: Any) -> str:
        """To a list that is there and holds something."""
        node = self._at(path)
        if node.kind is not Kind.SEQUENCE or not node.entries:
            self._refuse(node, "this is no list")
        last = node.entries[-1].value
        if not node.is_flow:
            if last.style in ("'", '"') and isinstance(item, str) and item.isprintable():
                return self.append_lines(path, [f"- {quoted(item, last.style)}"])
            return self.append_lines(path, self._spaced(node, item_lines(item, self._layout)))
        return self._insert_in_flow(node, flow_text(item, is_quoted=is_quoted_flow(node)))

    def append_lines(self, path: Path, lines: Sequence[str]) -> str:
        """Lines after the last entry of a block collection; comments that follow it stay below."""
        node = self._at(path)
        if not node.is_block:
            self._refuse(node, "only a list with a line for each item can grow by lines")
        return self._insert_after(self.places.tail(node.entries[-1]), self._at_column(node, lines))

    def prepend_lines(self, path: Path, lines: Sequence[str]) -> str:
        """Lines before the first entry of a block collection."""
        node = self._at(path)
        start = self.places.entry_start(node.entries[0]) if node.is_block else node.start
        begin = self.places.line_start(start)
        if not node.is_block or self.text[begin:start].strip(" "):
            self._refuse(node, "nothing can be put before this")
        newline = self._newline(self.places.line_end(start))
        whole = (line + newline for line in self._at_column(node, lines))
        return self._spliced(begin, begin, "".join(whole))

    def replace_lines(self, path: Path, lines: Sequence[str]) -> str:
        """Other lines in place of an entry of a block collection, key or dash and all."""
        entry, parents = self._entry(path)
        self._refuse_used(entry)
        if not parents[-1].is_block:
            self._refuse(entry.value, "this stands between brackets")
        start, end = self.places.entry_start(entry), self.places.tail(entry)
        first, *rest = lines
        others = indented(rest, self.places.column(parents[-1]))
        return self._spliced(start, end, self._newline(start).join([first, *others]))

    def lines(self, path: Path) -> list[str]:
        """An entry of a block collection: its lines with their comments, from column 0."""
        entry, parents = self._entry(path)
        if not parents[-1].is_block:
            self._refuse(entry.value, "this stands between brackets")
        start = self.places.entry_start(entry)
        column = start - self.places.line_start(start)
        first, *rest = self.text[start : self.places.tail(entry)].replace("\r\n", "\n").split("\n")
        if any(line[:column].strip(" ") and not line.lstrip().startswith("#") for line in rest):
            self._refuse(entry.value, "these lines cannot be moved")
        dedented = (x[column:] if not x[:column].strip(" ") else x.lstrip(" ") for x in rest)
        return [first, *dedented]

    def rename(self, path: Path, name: str) -> str:
        """Another key for a value."""
        entry, _ = self._entry(path)
        key = entry.key
        if key is None or key.kind is not Kind.SCALAR:
            self._refuse(entry.value, "this is no key to rename")
        text = quoted(name, key.style) if key.style in ("'", '"') else name
        return self._spliced(self.places.content_start(key), key.end, text)

    def remove(self, path: Path) -> str:
        """Without the entry; a block collection that would be left empty goes with it."""
        entry, parents = self._entry(path)
        parent = parents.pop()
        while parents and parent.is_block and len(parent.entries) == 1:
            above = parents.pop()
            entry, parent = next(x for x in above.entries if x.value is parent), above
        self._refuse_used(entry)
        if parent.is_flow:
            return self._remove_from_flow(parent, entry)
        return self._remove_lines(parent, entry)

    def _at(self, path: Path) -> Node:
        if not path and self.places.root is not None:
            return self.places.root
        return self._entry(path)[0].value

    def _entry(self, path: Path) -> tuple[Entry, list[Node]]:
        """The entry at a path, and the collections it stands in, outermost first."""
        node = self.places.root
        entry: Entry | None = None
        parents: list[Node] = []
        for part in path:
            entry = _child(node, part) if node is not None else None
            if entry is None or node is None:
                self._refuse(node, f"there is no {part!r} here")
            parents.append(node)
            node = entry.value
        if entry is None:
            self._refuse(node, "a whole document is not edited")
        return entry, parents

    def _start(self, body: Any) -> str:
        """The first lines of an empty document."""
        end = len(self.text.rstrip("\r\n"))
        lines = block_lines(body, self._layout)
        if not end:
            return "\n".join([*lines, ""]) + self.text
        return self._insert_after(self.places.line_end(end), lines)

    def _replace(self, entry: Entry, parent: Node | None, value: Any, old_value: Any) -> str:
        node = entry.value
        if node.kind is Kind.ALIAS:
            self._refuse(node, f"this value is the alias *{node.anchor}")
        self._refuse_used(entry)
        if node.is_block_text:
            self._refuse(node, "a block of text is not edited")
        if node.entries:
            self._refuse(node, "a list or mapping is not replaced")
        if is_collection(value):
            return self._replace_by_collection(entry, parent, value)
        start = self.places.content_start(node)
        old = self.text[start : node.end]
        is_in_flow = parent is not None and parent.is_flow
        new = restyled(value, old, node.style, old_value, is_in_flow=is_in_flow)
        lead = "" if self.text[start - 1 : start] in (" ", "\n", "[", "{", ",") else " "
        return self._spliced(start, node.end, lead + new)

    def _replace_by_collection(self, entry: Entry, parent: Node | None, value: Any) -> str:
        """In place of nothing, ``[]`` or ``{}``; the brackets stay around plain values."""
        node = entry.value
        if not node.is_flow and not _is_nothing(node):
            self._refuse(node, "a value is not replaced by a list or mapping")
        start = self.places.content_start(node)
        is_kept = node.anchor or (node.is_flow and _is_flat(value))
        if parent is None or parent.is_flow or entry.key is None or is_kept:
            lead = "" if self.text[start - 1 : start] in (" ", "[", "{", ",") else " "
            return self._spliced(start, node.end, lead + flow_text(value))
        step = self._layout.offset if isinstance(value, list) else self._layout.step
        lines = indented(block_lines(value, self._layout), self.places.column(parent) + step)
        bare = len(self.text[: node.start].rstrip(" "))
        newline = self._newline(start)
        end = self.places.line_end(node.end)
        after = self.text[node.end : end].rstrip(" ")
        return self._spliced(bare, end, after + "".join(newline + line for line in lines))

    def _add(self, node: Node, rest: Path, value: Any) -> str:
        """The first missing key with everything below it."""
        if node.kind is not Kind.MAPPING or not all(isinstance(part, str) for part in rest):
            self._refuse(node, f"there is no {rest[0]!r} here")
        body = _nested(rest, value)
        if node.is_block:
            lines = self._at_column(node, block_lines(body, self._layout))
            return self._insert_after(self.places.tail(node.entries[-1]), lines)
        text = flow_text(body, is_quoted=is_quoted_flow(node))[1:-1]
        if not node.entries:
            start = self.places.content_start(node) + 1
            return self._spliced(start, start, text)
        return self._insert_in_flow(node, text)

    def _insert_in_flow(self, node: Node, text: str) -> str:
        """After the last entry: beside it, or on a line of its own where that has one."""
        last = node.entries[-1]
        start, end = _flow_span(last)
        begin, line_end = self.places.line_start(start), self.places.line_end(end)
        lead = self.text[begin:start]
        if lead.strip() or node.end <= line_end:
            return self._spliced(end, end, f", {text}")
        has_comma = _COMMA.match(self.text, end) is not None
        line = self._newline(end) + lead + text + ("," if has_comma else "")
        comma = "" if has_comma else ","
        return self.text[:end] + comma + self.text[end:line_end] + line + self.text[line_end:]

    def _remove_from_flow(self, parent: Node, entry: Entry) -> str:
        position = next(n for n, each in enumerate(parent.entries) if each is entry)
        start, end = _flow_span(entry)
        begin, line_end = self.places.line_start(start), self.places.line_end(end)
        comma = _COMMA.match(self.text, end)
        has_lines = not self.text[begin:start].strip() and line_end < parent.end
        if has_lines and _REST_OF_LINE.match(self.text[end:line_end]):
            rest = self.text[self.places.next_line(line_end) :]
            before = self.text[:begin]
            if comma is None and position:
                cut = _flow_span(parent.entries[position - 1])[1]
                gap = before[cut:]
                before = before[:cut] + gap.replace(",", "", 1)
            return before + rest
        if len(parent.entries) == 1:
            start, end = self.places.content_start(parent) + 1, parent.end - 1
        elif position:
            start = _flow_span(parent.entries[position - 1])[1]
        else:
            end = _flow_span(parent.entries[1])[0]
        if "#" in self.text[start:end]:
            self._refuse(entry.value, "a comment would go with this")
        return self._spliced(start, end, "")

    def _remove_lines(self, parent: Node, entry: Entry) -> str:
        start, tail = self.places.entry_start(entry), self.places.tail(entry)
        begin, end = self.places.line_start(start), self.places.next_line(tail)
        if not self.text[begin:start].strip(" "):
            if end == tail and begin:  # the last line, without a line end: nor has what is left one
                begin -= 2 if self.text[begin - 2 : begin] == "\r\n" else 1
            return self._spliced(begin, end, "")
        if len(parent.entries) == 1:
            self._refuse(entry.value, "nothing else stands on this line's list")
        following = self.places.entry_start(parent.entries[1])
        if self.text[end:following].strip():
            self._refuse(entry.value, "a comment would go with this")
        return self._spliced(start, following, "")

    def _spaced(self, node: Node, lines: list[str]) -> list[str]:
        """With as many spaces after the dash as the last item has."""
        last = node.entries[-1]
        dash = self.places.entry_start(last)
        between = self.text[dash + 1 : last.value.start]
        if len(between) < 2 or between.strip(" "):
            return lines
        more = len(between) - 1
        first, *rest = lines
        return ["-" + between + first[2:], *indented(rest, more)]

    def _at_column(self, node: Node, lines: Iterable[str]) -> list[str]:
        return indented(lines, self.places.column(node))

    def _insert_after(self, end: int, lines: Sequence[str]) -> str:
        """Whole lines after the line that ends at ``end``."""
        newline = self._newline(end)
        return self._spliced(end, end, "".join(newline + line for line in lines))

    def _newline(self, index: int) -> str:
        """As the line at ``index`` ends, or the one before it."""
        end = self.text.find("\n", index)
        if end < 0:
            end = self.text.rfind("\n", 0, index)
        return "\r\n" if self.text[max(end - 1, 0) : end + 1] == "\r\n" else "\n"

    def _spliced(self, start: int, end: int, new: str) -> str:
        return self.text[:start] + new + self.text[end:]

    def _refuse_used(self, entry: Entry) -> None:
        """Refuses where an alias elsewhere stands for what is in the entry."""
        inside = list(_walk(entry.value))
        anchors = {node.anchor for node in inside if node.anchor and node.kind is not Kind.ALIAS}
        if not anchors:
            return
        ids = {id(node) for node in inside}
        for node in self.places.walk():
            if node.kind is Kind.ALIAS and node.anchor in anchors and id(node) not in ids:
                line = self._first_line + node.line + 1
                self._refuse(entry.value, f"line {line} uses this as *{node.anchor}")

    def _refuse(self, node: Node | None, reason: str) -> NoReturn:
        line = self._first_line + (node.line if node else 0) + 1
        place = Location(self._file, line, node.column + 1 if node else 1)
        raise YamlError(f"{reason}: edit the file by hand", location=place)


def _child(node: Node, part: str | int) -> Entry | None:
    """The entry of a key (of equal ones the last, which wins) or item."""
    if isinstance(part, int):
        inside = node.kind is Kind.SEQUENCE and 0 <= part < len(node.entries)
        return node.entries[part] if inside else None
    if node.kind is not Kind.MAPPING:
        return None
    same = [entry for entry in node.entries if entry.key and entry.key.text == part]
    return same[-1] if same else None


def _walk(node: Node) -> Iterable[Node]:
    yield node
    for entry in node.entries:
        if entry.key is not None:
            yield from _walk(entry.key)
        yield from _walk(entry.value)


def _flow_span(entry: Entry) -> tuple[int, int]:
    first = entry.key or entry.value
    return first.start, max(entry.value.end, first.end)


def _is_nothing(node: Node) -> bool:
    return node.kind is Kind.SCALAR and not node.style and node.text in _NOTHING


def _is_flat(value: Any) -> bool:
    items = value.values() if isinstance(value, dict) else value
    return all(isinstance(item, str | int | float) and "\n" not in str(item) for item in items)


def _nested(path: Path, value: Any) -> Any:
    for part in reversed(path):
        value = {part: value}
    return value
