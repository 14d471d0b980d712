"""A short way through the YAML that people write every day.

Block mappings and lists, plain and quoted words, ``|`` blocks, ``[a, b]`` and ``{a: b}`` on one
line, and comments are read here, line by line, without libyaml: loading that takes a third of a
small build, and most lines of a repository were seen before. Where a text holds anything else (an
anchor, a tag, a tab, folded text, a key twice, a mistake), the reader gives up and
:mod:`toolkit.yaml.compose` reads it, which alone knows all of YAML and all errors. So nothing is
refused here, and what is given is what the other would give; a property test holds the two
together.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from toolkit.yaml.dialect import Dialect

    Line = tuple[int, int, str, Any]
    """The indentation; the column of what follows ``- ``, or -1; the key, or ""; the value: a
    scalar, a tuple or dict, or a :class:`_Mark`.
    """


class _Mark:
    """What stands in the place of a value that is not there yet."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class _UnusualError(Exception):
    """The text holds something that is not for this reader."""


_END: Line = (-1, -1, "", None)
_SKIPPED: Line = (-2, -1, "", None)
_NOTHING = _Mark("")
_HEADERS = {header: _Mark(header) for header in ("|", "|-", "|+")}
_SYNTAX = frozenset(",[]{}#&*!|>'\"%@`?:")
_FLOW_SYNTAX = frozenset("[]{}#&*!|>'\"%@`?:")
_MOST_DEEP = 60
_MOST_BRACKETS = 30
_LONGEST_KEY = 100
_MEMO_LIMIT = 8192


def everyday_documents(text: str, dialect: Dialect) -> list[Any] | None:
    """The documents of a text; None where :mod:`toolkit.yaml.compose` must read it."""
    if not text.replace("\n", "").isprintable():
        return None
    try:
        return _Reader(text, dialect).documents()
    except _UnusualError:
        return None


class _Reader:
    """One pass over the lines of one text. ``_line`` is the next one that says something."""

    __slots__ = ("_at", "_depth", "_dialect", "_line", "_lines")

    def __init__(self, text: str, dialect: Dialect) -> None:
        self._lines = text.split("\n")
        self._dialect = dialect
        self._at = -1
        self._depth = 0
        self._line: Line = _END

    def documents(self) -> list[Any]:
        found: list[Any] = []
        self._next()
        while True:
            if self._lines[self._at : self._at + 1] == ["---"]:
                self._next()
            elif self._line is _END:
                return found
            found.append(self._node(0))
            if self._line is not _END:
                raise _UnusualError

    def _next(self) -> None:
        """Goes on to a line that says something, a ``---``, or the end."""
        lines, known = self._lines, self._dialect.lines
        at = self._at + 1
        line = _SKIPPED
        while line is _SKIPPED and at < len(lines):
            text = lines[at]
            line = known.get(text) or _remembered(text, self._dialect)
            at += 1
        self._at = at if line is _SKIPPED else at - 1
        self._line = _END if line is _SKIPPED else line

    def _node(self, least: int) -> Any:
        """The collection that starts here; None where that is indented less than ``least``."""
        indent, column, _, _ = self._line
        if indent < least:
            return None
        return self._mapping(indent) if column < 0 else self._sequence(indent)

    def _sequence(self, indent: int) -> list[Any]:
        items: list[Any] = []
        self._enter()
        while True:
            here, column, key, value = self._line
            if here != indent or column < 0:
                break
            if not key:
                items.append(self._value(value, indent, -1))
            elif key == "-":
                self._line = value
                items.append(self._sequence(column))
            else:
                items.append(self._mapping(column))
        self._leave(indent)
        return items

    def _mapping(self, indent: int) -> dict[str, Any]:
        """Its first line may start with a dash, before ``indent``."""
        body: dict[str, Any] = {}
        self._enter()
        while True:
            _, _, key, value = self._line
            if key in body:
                raise _UnusualError
            body[key] = self._value(value, indent, indent)
            here, column, _, _ = self._line
            if here != indent or column >= 0:
                break
        self._leave(indent)
        return body

    def _value(self, value: Any, indent: int, list_indent: int) -> Any:
        """The value of this line, whose entry stands at ``indent``; goes on to what follows. A
        list may start at ``list_indent`` already.
        """
        if value.__class__ is _Mark and value.text[:1] == "|":
            return self._block(value.text, indent + 1)
        self._next()
        if value.__class__ is tuple or value.__class__ is dict:
            return _copied(value)
        if value.__class__ is not _Mark:
            return value
        here, column, _, _ = self._line
        return (
            self._sequence(here) if column >= 0 and here == list_indent else self._node(indent + 1)
        )

    def _block(self, header: str, least: int) -> str:
        """The lines below a ``|``, indented by ``least`` or more."""
        lines, first = self._lines, self._at + 1
        while first < len(lines) and not lines[first].strip(" "):
            first += 1
        margin = _indent_of(lines[first]) if first < len(lines) else 0
        if margin < least or max(map(len, lines[self._at + 1 : first]), default=0) > margin:
            raise _UnusualError
        content = list(self._indented(margin))
        self._at += len(content)
        text = "\n".join(content)
        if self._at + 1 == len(lines):
            if content[-1] or lines[-1]:
                raise _UnusualError  # the last line has no end
            text = text[:-1]
        self._next()
        return f"{text}\n" if header == "|+" else text.rstrip("\n") + "\n" * (header == "|")

    def _indented(self, margin: int) -> Iterator[str]:
        start = " " * margin
        for position in range(self._at + 1, len(self._lines)):
            line = self._lines[position]
            if line.startswith(start):
                yield line[margin:]
            elif not line.strip(" "):
                yield ""
            else:
                return

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > _MOST_DEEP:
            raise _UnusualError

    def _leave(self, indent: int) -> None:
        self._depth -= 1
        if self._line[0] > indent:
            raise _UnusualError  # text that goes on, or a mistake


def _remembered(text: str, dialect: Dialect) -> Line:
    if len(dialect.lines) >= _MEMO_LIMIT:
        dialect.lines.clear()
    line = dialect.lines[text] = _read(text, dialect)
    return line


def _read(text: str, dialect: Dialect) -> Line:
    """What a line says. Raises _UnusualError."""
    body = text.strip(" ")
    if not body or body[0] == "#":
        return _SKIPPED
    indent, column = _indent_of(text), -1
    if not indent and (body[0] == "%" or body.startswith(("---", "..."))):
        return _marker(text)
    if body[:2] == "- " or body == "-":
        body = body[1:].lstrip(" ")
        column = len(text.rstrip(" ")) - len(body)
        if body[:2] == "- " or body == "-":
            return indent, column, "-", _read(" " * column + body, dialect)
    key, colon, rest = body.partition(": ")
    if not colon and body[-1:] == ":":
        key, colon, rest = body[:-1], ":", ""
    if colon and _is_plain_key(key, dialect):
        return indent, column, key, _value_of(rest.lstrip(" "), dialect)
    if column < 0:
        raise _UnusualError
    return indent, column, "", _value_of(body, dialect)


def _marker(text: str) -> Line:
    if text != "---":
        raise _UnusualError
    return _END


def _indent_of(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


def _is_plain_key(key: str, dialect: Dialect) -> bool:
    word = key.replace("-", "").replace(".", "").replace("/", "").replace("_", "").replace("$", "")
    if not word.isalnum() or not key.isascii() or len(key) > _LONGEST_KEY:
        return False
    return key[0] not in dialect.hints or dialect.plain_value(key) == key


def _value_of(text: str, dialect: Dialect) -> Any:
    """Of what follows a key or a dash."""
    if not text or text[0] == "#":
        return _NOTHING
    if text[0] in _SYNTAX:
        return _value_in_syntax(text, dialect)
    if " #" in text:
        text = text.partition(" #")[0].rstrip(" ")
    if ": " in text or text[-1] == ":":
        raise _UnusualError
    return _plain(text, dialect)


def _value_in_syntax(text: str, dialect: Dialect) -> Any:
    if text[0] in "[{" and text.count("[") + text.count("{") < _MOST_BRACKETS:
        return _flow(text, dialect)
    if text[0] in "'\"":
        return _quoted(text)
    if text not in _HEADERS:
        raise _UnusualError
    return _HEADERS[text]


def _flow(text: str, dialect: Dialect) -> Any:
    """``[a, b]`` and ``{a: b}`` on one line; lists as tuples."""
    if text[-1] != ("]" if text[0] == "[" else "}"):
        raise _UnusualError
    pieces = _pieces(text[1:-1])
    if text[0] == "[":
        return tuple(_flow_value(piece, dialect) for piece in pieces)
    body: dict[str, Any] = {}
    for piece in pieces:
        key, _, value = piece.partition(": ")
        if key in body or not _is_plain_key(key, dialect):
            raise _UnusualError
        body[key] = _flow_value(value.strip(" "), dialect)
    return body


def _pieces(text: str) -> list[str]:
    """What stands between the commas, but those in quotes and brackets."""
    pieces: list[str] = []
    at = start = depth = 0
    while at < len(text):
        char = text[at]
        if char in "'\"":
            at = text.index(char, at + 1) if char in text[at + 1 :] else len(text)
        elif char in "[{":
            depth += 1
        elif char in "]}":
            depth -= 1
        elif char == "," and depth == 0:
            pieces.append(text[start:at].strip(" "))
            start = at + 1
        if depth < 0:
            raise _UnusualError
        at += 1
    last = text[start:].strip(" ")
    return [*pieces, last] if pieces or last else []


def _flow_value(text: str, dialect: Dialect) -> Any:
    if not text:
        raise _UnusualError
    if text[0] in "[{":
        return _flow(text, dialect)
    if text[0] in "'\"" and text[-1] == text[0]:
        return _quoted(text)
    if not _FLOW_SYNTAX.isdisjoint(text):
        raise _UnusualError
    return _plain(text, dialect)


def _copied(value: Any) -> Any:
    """Of what :func:`_flow` read: the same line may come again."""
    if value.__class__ is tuple:
        return [_copied(item) for item in value]
    if value.__class__ is dict:
        return {key: _copied(item) for key, item in value.items()}
    return value


def _quoted(text: str) -> str:
    """On one line, without escapes; a comment may follow."""
    quote, end = text[0], text.find(text[0], 1)
    while quote == "'" and end > 0 and text[end + 1 : end + 2] == quote:
        end = text.find(quote, end + 2)
    inner, rest = text[1:end], text[end + 1 :]
    if end < 0 or (rest and (rest[0] != " " or rest.lstrip(" ")[0] != "#")):
        raise _UnusualError
    if quote == "'":
        return inner.replace("''", "'")
    if "\\" in inner:
        raise _UnusualError
    return inner


def _plain(text: str, dialect: Dialect) -> Any:
    if text[0] not in dialect.hints:
        return text
    if text[0] == "-" and text[1:2] in ("", " "):
        raise _UnusualError
    value = dialect.plain_value(text)
    if value.__class__ is float and value - value != 0:
        raise _UnusualError  # infinite, or no number
    return value
