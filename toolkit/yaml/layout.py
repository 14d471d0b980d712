"""A changed YAML text as go-yaml version 3 writes it: what did not change is spelled as it was,
comments stay, the layout is that of kustomize's encoder. Two spaces a level, lists not indented
below their key, brackets on one line, no blank lines but around comments.
"""

from __future__ import annotations

from collections.abc import Callable

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from toolkit.yaml.emit import emit
from toolkit.yaml.scalars import resolve_resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_TAGS = {int: "!!int", float: "!!float", bool: "!!bool", type(None): "!!null"}

IsChanged = Callable[[object, object], bool]
"""Whether ``parent[key]`` of the body is not what the text says."""


class _UnusualError(Exception):
    """The text has something that is not laid out here."""


def laid_out(text: str, body: Any, is_changed: IsChanged) -> str | None:
    """The first document of ``text``, which is ``body`` now, without a newline at its end. None
    where it has anchors, tags, or texts and comments in unusual places.
    """
    if any(_is_marked(event) for event in yaml.parse(text, Loader=_LOADER)):
        return None
    root = next(yaml.compose_all(text, Loader=_LOADER), None)
    if root is None:
        return None
    writer = _Writer(text, root, is_changed)
    try:
        writer.value(root, {"": body}, "", 0, "")
        writer.finish()
    except _UnusualError:
        return None
    return "\n".join(writer.out)


def _is_marked(event: Any) -> bool:
    if isinstance(event, yaml.AliasEvent):
        return True
    return getattr(event, "anchor", None) is not None or getattr(event, "tag", None) is not None


class _Writer:
    """``out``: the lines so far. ``_comments``: numbers of lines that are a comment and nothing
    else, those that were not written yet.
    """

    def __init__(self, text: str, root: Node, is_changed: IsChanged) -> None:
        self._text = text
        self._lines = text.split("\n")
        separators = [n for n, line in enumerate(self._lines) if n and line[:3] in ("---", "...")]
        end = next((n for n in separators if n >= root.end_mark.line), len(self._lines))
        self._comments = [
            n for n, line in enumerate(self._lines[:end]) if line.lstrip(" ")[:1] == "#"
        ]
        self._is_changed = is_changed
        self.out: list[str] = []

    def value(self, node: Node, parent: Any, key: Any, column: int, lead: str) -> None:
        """Writes ``parent[key]`` after ``lead`` (``key:`` or ``-``, with its indentation); block
        collections start at ``column``.
        """
        body = parent[key]
        if self._is_changed(parent, key):
            if isinstance(node, ScalarNode) and not isinstance(body, dict | list):
                self._changed(node, body, column, lead)
            else:
                self._new(body, column, lead)
        elif isinstance(node, ScalarNode):
            self._scalar(node, column, lead)
        elif not isinstance(node, MappingNode | SequenceNode) or node.flow_style or not body:
            self._line(lead, self._flow(node, parent, key), node)
        elif isinstance(node, MappingNode):
            self._mapping(node, body, column, lead)
        else:
            self._sequence(node, body, column, lead)

    def finish(self) -> None:
        """Comments below everything."""
        for number in self._comments:
            if self._lines[number][:1] != "#":
                raise _UnusualError
            self._space_before(number)
            self.out.append(self._lines[number].rstrip())

    def _mapping(self, node: MappingNode, body: dict[str, Any], column: int, lead: str) -> None:
        start = self._start(node, column, lead)
        for key, value in node.value:
            name = key.value
            if not isinstance(key, ScalarNode) or name not in body:
                raise _UnusualError
            self._head(key, column)
            deeper = column if _is_list(body[name]) else column + 2
            self.value(value, body, name, deeper, f"{start}{self._plain_or_quoted(key)}:")
            start = " " * column
        for name in list(body)[len(node.value) :]:
            self._foot(column)
            self._new({name: body[name]}, column, "")

    def _sequence(self, node: SequenceNode, body: list[Any], column: int, lead: str) -> None:
        start = self._start(node, column, lead)
        for index, item in enumerate(node.value):
            self._head(item, column)
            self.value(item, body, index, column + 2, f"{start}-")
            start = " " * column
        if len(body) > len(node.value):
            self._foot(column)
            self._new(body[len(node.value) :], column, "")

    def _start(self, node: Node, column: int, lead: str) -> str:
        """What the first entry's line starts with: the dash that it stands behind, or nothing."""
        if lead.endswith("-"):
            return f"{lead} "
        if lead:
            before, found, rest = self._lines[node.start_mark.line - 1].partition(" #")
            has_comment = found and before.strip().endswith(lead.strip())
            self.out.append(f"{lead} #{rest.rstrip()}" if has_comment else lead)
        return " " * column

    def _head(self, node: Node, column: int) -> None:
        """The comments above a line."""
        line = node.start_mark.line
        while self._comments and self._comments[0] < line:
            number = self._comments.pop(0)
            text = self._lines[number]
            if len(text) - len(text.lstrip(" ")) != self._column_of(line):
                raise _UnusualError
            self._space_before(number)
            self.out.append(" " * column + text.strip())
            if not self._lines[number + 1].strip() and number + 2 > line - 1:
                self.out.append("")

    def _column_of(self, line: int) -> int:
        return len(self._lines[line]) - len(self._lines[line].lstrip(" "))

    def _space_before(self, number: int) -> None:
        """A blank line between two comments stays."""
        above = number - 1
        while above > 0 and not self._lines[above].strip():
            above -= 1
        if above < number - 1 and self._lines[above].lstrip(" ")[:1] == "#":
            self.out.append("")

    def _foot(self, column: int) -> None:
        """Comments at the end go before what is new, and a blank line after them."""
        if self._comments and not column:
            self.finish()
            self._comments = []
            self.out.append("")

    def _scalar(self, node: ScalarNode, column: int, lead: str) -> None:
        if node.style in ("|", ">"):
            self._block(node, column, lead)
        else:
            self._line(lead, self._plain_or_quoted(node), node)

    def _plain_or_quoted(self, node: ScalarNode) -> str:
        """As it stands; of several lines one is made."""
        source = self._source(node)
        if "\n" not in source:
            return source
        if "\n" in node.value or node.style == '"':
            raise _UnusualError
        return _quoted(node.value, node.style)

    def _block(self, node: ScalarNode, column: int, lead: str) -> None:
        header = self._lines[node.start_mark.line][node.start_mark.column :].strip()
        content = node.value.rstrip("\n").split("\n")
        if header not in ("|", "|-") and (header not in (">", ">-") or content[1:]):
            raise _UnusualError
        first, last = node.start_mark.line + 1, node.end_mark.line
        self._comments = [number for number in self._comments if not first <= number < last]
        self._put_block(header, content, column, lead)

    def _put_block(self, header: str, content: list[str], column: int, lead: str) -> None:
        if content[0][:1] in ("", " ") or not lead:
            raise _UnusualError
        if lead.endswith(":"):
            column = len(lead) - len(lead.lstrip(" -")) + 2
        self.out.append(f"{lead} {header}")
        self.out += [" " * column + line if line else "" for line in content]

    def _changed(self, node: ScalarNode, body: Any, column: int, lead: str) -> None:
        text = body if isinstance(body, str) else _bare(body)
        if node.style in ("|", ">"):
            lines = text.rstrip("\n").split("\n")
            first, last = node.start_mark.line + 1, node.end_mark.line
            self._comments = [number for number in self._comments if not first <= number < last]
            self._put_block("|" if text.endswith("\n") else "|-", lines, column, lead)
            return
        self._line(lead, self._changed_text(node, body), node)

    @staticmethod
    def _changed_text(node: ScalarNode, body: Any) -> str:
        """In the quotes that stand there, and of the type that was read: where the new text has
        another, upstream names it.
        """
        text = body if isinstance(body, str) else _bare(body)
        if "\n" in text:
            raise _UnusualError
        if node.style in ("'", '"'):
            return _quoted(text, node.style)
        type_before = type(resolve_resource(node.value))
        if type_before is str:
            return _bare(text)
        if type(resolve_resource(text)) is type_before:
            return text
        return f"{_TAGS[type_before]} {text}".rstrip()

    def _new(self, body: Any, column: int, lead: str) -> None:
        """What the text did not have, at the end of a collection or in the place of a value."""
        lines = emit(body).removesuffix("\n").split("\n")
        if isinstance(body, dict | list) and body:
            if lead:
                self.out.append(lead)
            self.out += [" " * column + line for line in lines]
        elif len(lines) > 1:
            raise _UnusualError
        else:
            self.out.append(f"{lead} {lines[0]}")

    def _line(self, lead: str, text: str, node: Node) -> None:
        rest = self._lines[node.end_mark.line][node.end_mark.column :].strip()
        comment = f" {rest}" if rest.startswith("#") else ""
        self.out.append((f"{lead} {text}" if lead and text else lead or text) + comment)

    def _flow(self, node: Node, parent: Any, key: Any) -> str:
        """A collection in brackets, or a scalar within them."""
        body = parent[key]
        if self._is_changed(parent, key):
            if not isinstance(node, ScalarNode) or isinstance(body, dict | list):
                raise _UnusualError
            return self._changed_text(node, body)
        if isinstance(node, ScalarNode):
            return self._plain_or_quoted(node)
        if len(body) != len(node.value) or any(
            node.start_mark.line <= number <= node.end_mark.line for number in self._comments
        ):
            raise _UnusualError
        if isinstance(node, MappingNode):
            pairs = (
                f"{self._source(name)}: {self._flow(value, body, name.value)}"
                for name, value in node.value
            )
            return "{" + ", ".join(pairs) + "}"
        items = (self._flow(item, body, index) for index, item in enumerate(node.value))
        return "[" + ", ".join(items) + "]"

    def _source(self, node: Node) -> str:
        return self._text[node.start_mark.index : node.end_mark.index].rstrip()


def _is_list(body: Any) -> bool:
    return isinstance(body, list) and bool(body)


def _bare(value: Any) -> str:
    return emit({"k": value}).removeprefix("k: ").removesuffix("\n")


def _quoted(text: str, style: str | None) -> str:
    if style == "'":
        return "'" + text.replace("'", "''") + "'"
    if style == '"':
        written = _bare(text)
        return written if written.startswith('"') else f'"{text}"'
    return text
