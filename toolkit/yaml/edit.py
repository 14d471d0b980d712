"""Edits of a text that keep every untouched line, comments and all, byte for byte.

ruamel.yaml says where each node starts and ends; the new value is spliced in there; and the
result is read again and compared with what was meant, so that an edit is exact or refused.
"""

from __future__ import annotations

import io
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError as RuamelError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from toolkit.errors import YamlError
from toolkit.source import Location
from toolkit.yaml.dialect import RESOURCE, Dialect
from toolkit.yaml.emit import emit
from toolkit.yaml.parse import load_all

Path = tuple[str | int, ...]


def set_value(
    text: str,
    path: Path,
    value: Any,
    *,
    document: int = 0,
    file: str = "",
    dialect: Dialect = RESOURCE,
) -> str:
    """The text with ``value`` (any JSON value) at ``path``; missing mappings above it are added.

    A value that is there is replaced if it is a plain or quoted scalar, and must be one to be
    replaced by another value. Raises :class:`YamlError` where the text is broken, the path leads
    through a list item that is not there, or the place cannot be edited (an alias, a block text).
    """
    bodies = load_all(text, file, dialect=dialect)
    wanted = _with_value(bodies[document] if document < len(bodies) else None, path, value)
    edited = _Edit(text, document, file).set(path, value)
    return _checked(edited, bodies, document, wanted, file, dialect)


def append_item(
    text: str,
    path: Path,
    item: Any,
    *,
    document: int = 0,
    file: str = "",
    dialect: Dialect = RESOURCE,
) -> str:
    """The text with ``item`` at the end of the list at ``path``, which is added if missing."""
    bodies = load_all(text, file, dialect=dialect)
    items = _value_at(bodies[document] if document < len(bodies) else None, path)
    wanted = _with_value(bodies[document], path, [*(items or []), item])
    edit = _Edit(text, document, file)
    edited = edit.append(path, item) if items else edit.set(path, [item])
    return _checked(edited, bodies, document, wanted, file, dialect)


class _Edit:
    """One edit of one document."""

    def __init__(self, text: str, document: int, file: str) -> None:
        self._text = text
        self._file = file
        self._newline = "\r\n" if "\r\n" in text else "\n"
        nodes = _nodes(text, file)
        if document >= len(nodes) or not isinstance(nodes[document], MappingNode):
            raise YamlError("no mapping to edit in this document", location=Location(file))
        self._root: MappingNode = nodes[document]

    def set(self, path: Path, value: Any) -> str:
        node: Node = self._root
        for depth, part in enumerate(path):
            found = _child(node, part)
            if found is None:
                return self._add(node, path[depth:], value)
            key_end, node = found
        return self._replace(node, key_end, value)

    def append(self, path: Path, item: Any) -> str:
        node: Node = self._root
        for part in path:
            found = _child(node, part)
            if found is None:
                raise self._refusal(node, "no such list")
            _, node = found
        if not isinstance(node, SequenceNode) or node.flow_style:
            raise self._refusal(node, "only a list with a line for each item can grow")
        return self._insert_after(node, emit([item]), node.start_mark.column)

    def _replace(self, node: Node, key_end: int, value: Any) -> str:
        start, end = node.start_mark.index, node.end_mark.index
        if start < key_end:
            raise self._refusal(node, "this value is an alias")
        if start == end and isinstance(node, ScalarNode):
            colon = self._text.index(":", key_end) + 1
            return self._splice(colon, colon, self._inline(value, " "))
        if isinstance(node, ScalarNode) and node.style in ("|", ">"):
            raise self._refusal(node, "a block of text is not edited")
        if not isinstance(node, ScalarNode) and node.value:
            raise self._refusal(node, "a list or mapping is not replaced")
        return self._splice(start, end, self._inline(value, "", node))

    def _inline(self, value: Any, lead: str, old: Node | None = None) -> str:
        if isinstance(value, dict | list) and value:
            return self._newline + self._indented(emit(value), self._column_of_parent(old) + 2)
        style = old.style if isinstance(old, ScalarNode) else None
        return lead + _scalar_text(value, style)

    def _column_of_parent(self, node: Node | None) -> int:
        """The indentation of the line that holds the node."""
        if node is None:
            return 0
        line = self._text[self._text.rfind("\n", 0, node.start_mark.index) + 1 :]
        return len(line) - len(line.lstrip(" "))

    def _add(self, node: Node, rest: Path, value: Any) -> str:
        """Adds the first missing key with everything below it."""
        if not isinstance(node, MappingNode) or not all(isinstance(part, str) for part in rest):
            raise self._refusal(node, f"there is no {rest[0]!r} here")
        body = value
        for part in reversed(rest):
            body = {part: body}
        if not node.flow_style:
            return self._insert_after(node, emit(body), node.start_mark.column)
        if isinstance(body[rest[0]], dict | list) and body[rest[0]]:
            raise self._refusal(node, "a '{…}' mapping takes no nested values")
        end = node.end_mark.index - 1
        entry = f"{_scalar_text(rest[0], None)}: {_scalar_text(body[rest[0]], None)}"
        return self._splice(end, end, f", {entry}" if node.value else entry)

    def _insert_after(self, node: Node, block: str, column: int) -> str:
        """A block of lines after the last line of a block collection, before its comments."""
        last = _last_leaf(node)
        end = max(last.end_mark.index, last.start_mark.index)
        if isinstance(last, ScalarNode) and (last.style in ("|", ">") or not last.value):
            end = len(self._text[:end].rstrip())
        line_end = self._text.find("\n", end)
        line_end = len(self._text) if line_end < 0 else line_end
        if self._text[line_end - 1 : line_end] == "\r":
            line_end -= 1
        return self._splice(line_end, line_end, self._newline + self._indented(block, column))

    def _indented(self, block: str, column: int) -> str:
        lines = [
            " " * column + line if line else "" for line in block.removesuffix("\n").split("\n")
        ]
        return self._newline.join(lines)

    def _splice(self, start: int, end: int, new: str) -> str:
        return self._text[:start] + new + self._text[end:]

    def _refusal(self, node: Node, reason: str) -> YamlError:
        mark = node.start_mark
        return YamlError(
            f"{reason}: edit the file by hand",
            location=Location(self._file, mark.line + 1, mark.column + 1),
        )


def _nodes(text: str, file: str) -> list[Any]:
    try:
        return list(YAML(typ="rt", pure=True).compose_all(io.StringIO(text)))
    except RuamelError as error:
        raise YamlError(str(error).splitlines()[0], location=Location(file)) from error


def _child(node: Node, part: str | int) -> tuple[int, Node] | None:
    """Where the key ends (or the item's list starts), and the value."""
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.start_mark.index, node.value[part]
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if key.value == part:
                return key.end_mark.index, value
    return None


def _last_leaf(node: Node) -> Node:
    """The node that ends last in a block collection."""
    while isinstance(node, MappingNode | SequenceNode) and node.value and not node.flow_style:
        last = node.value[-1]
        key, value = last if isinstance(last, tuple) else (None, last)
        is_alias = value.start_mark.index < node.start_mark.index
        is_elsewhere = key is not None and value.start_mark.index < key.end_mark.index
        if (is_alias or is_elsewhere) and key is not None:
            return key  # type: ignore[no-any-return]
        node = value
    return node


def _scalar_text(value: Any, style: str | None) -> str:
    """One line, in the quotes the old value had where these can hold it."""
    if isinstance(value, str) and style == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, str) and style == '"' and value.isprintable() and "\\" not in value:
        return '"' + value.replace('"', '\\"') + '"'
    text = emit(value).removesuffix("\n")
    if "\n" in text or _needs_flow_quotes(value):
        import json

        return json.dumps(value, ensure_ascii=False)
    return text


def _needs_flow_quotes(value: Any) -> bool:
    return isinstance(value, str) and any(char in ",[]{}" for char in value)


def _value_at(body: Any, path: Path) -> Any:
    for part in path:
        try:
            body = body[part]
        except (KeyError, IndexError, TypeError):
            return None
    return body


def _with_value(body: Any, path: Path, value: Any) -> Any:
    """A copy of ``body`` with ``value`` at ``path``."""
    if not path:
        return value
    part, rest = path[0], path[1:]
    if isinstance(body, list) and isinstance(part, int) and part < len(body):
        return [_with_value(one, rest, value) if n == part else one for n, one in enumerate(body)]
    base = body if isinstance(body, dict) else {}
    return {**base, str(part): _with_value(base.get(str(part)), rest, value)}


def _checked(
    edited: str, bodies: list[Any], document: int, wanted: Any, file: str, dialect: Dialect
) -> str:
    """The edited text if it says what was meant, and all else as before."""
    expected = [*bodies[:document], wanted, *bodies[document + 1 :]]
    try:
        found = load_all(edited, file, dialect=dialect)
    except YamlError:
        found = None
    if found != expected:
        raise YamlError(
            "this place cannot be edited without changing other lines: edit the file by hand",
            location=Location(file),
        )
    return edited
