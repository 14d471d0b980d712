"""From a field of a rendered object to the line of the file that it came from.

What a patch or a transformer wrote has no line in the object's own file: the finding then points
at the nearest ancestor that does. List items are matched by name, because overlays move them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from toolkit.errors import YamlError
from toolkit.resource.field_path import FieldPath
from toolkit.resource.resource import Origin
from toolkit.source import Location
from toolkit.validate.notes import Note
from toolkit.yaml.parse import load_all
from toolkit.yaml.positions import Positions

Sources = Callable[[str], str | bytes | None]
"""Gives the text of a file by an origin's path; None where it cannot be read."""


class Place(NamedTuple):
    """``excerpt``: the line of text there, "" where unknown. ``is_rewritten``: what is there in
    the rendered object was not written in this file.
    """

    location: Location
    excerpt: str = ""
    is_rewritten: bool = False


class Places:
    """Looks places up; each file is read and parsed at most once, and only when asked for."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._files: dict[str, _File | None] = {}

    def locate(self, origin: Origin, body: Mapping[str, Any], note: Note) -> Place:
        """Where a note on ``body`` stands.

        A generated object has no document of its own: its location is the file.
        """
        file = self._file(origin.path) if origin.document >= 0 else None
        if file is None:
            return Place(Location(origin.path))
        return file.locate(origin.document, body, note)

    def _file(self, path: str) -> _File | None:
        if path not in self._files:
            text = self._sources(path)
            self._files[path] = _File(text, path) if text is not None else None
        return self._files[path]


class _File:
    """One file: its positions and its documents as written."""

    def __init__(self, text: str | bytes, path: str) -> None:
        self._positions = Positions(text, path)
        decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        self._lines = decoded.splitlines()
        try:
            self._documents = load_all(text, path)
        except YamlError:
            self._documents = []

    def locate(self, document: int, body: Mapping[str, Any], note: Note) -> Place:
        written = self._documents[document] if document < len(self._documents) else None
        place = tuple(_as_written(written, body, note.path))
        is_whole = len(place) == len(note.path)
        of_key = bool(place) and (note.is_key or not is_whole)
        location = self._positions.locate(document, place, of_key=of_key)
        if note.part and is_whole and location.line:
            location = self._narrowed(location, note.part)
        is_rewritten = written is not None and _differs(written, place, body, note.path)
        return Place(location, self._line(location.line), is_rewritten)

    def _line(self, number: int) -> str:
        return self._lines[number - 1] if 0 < number <= len(self._lines) else ""

    def _narrowed(self, start: Location, part: str) -> Location:
        """Where ``part`` stands in the text that begins at ``start``: a script may be long."""
        column = start.column
        for line in range(start.line, min(start.line + _MAX_LINES, len(self._lines) + 1)):
            found = self._lines[line - 1].find(part, column - 1)
            if found >= 0:
                return Location(start.path, line, found + 1)
            column = 1
        return start


def _differs(written: Any, place: FieldPath, rendered: Any, path: FieldPath) -> bool:
    """Whether a build put a value there that the file does not have."""
    for part in path:
        rendered = _step(rendered, part)
    for part in place:
        written = _step(written, part)
    if rendered is _ABSENT:
        return False
    if len(place) < len(path):
        return True
    return not isinstance(rendered, dict | list) and written != rendered


def _as_written(written: Any, rendered: Any, path: FieldPath) -> FieldPath:
    """The path in the file, as far as it leads there."""
    found: list[str | int] = []
    for part in path:
        index = _index_of(written, rendered, part) if isinstance(part, int) else part
        written, rendered = _step(written, index), _step(rendered, part)
        if written is _ABSENT or index is None:
            break
        found.append(index)
    return tuple(found)


def _index_of(written: Any, rendered: Any, index: int) -> int | None:
    """Where the item stands in the file: by name, else by position."""
    if not isinstance(written, list):
        return None
    item = _step(rendered, index)
    name = item.get("name") if isinstance(item, dict) else None
    if name is None or _name_at(written, index) == name:
        return index
    for position, candidate in enumerate(written):
        if isinstance(candidate, dict) and candidate.get("name") == name:
            return position
    return None


def _name_at(items: list[Any], index: int) -> Any:
    item = _step(items, index)
    return item.get("name") if isinstance(item, dict) else None


def _step(value: Any, part: str | int | None) -> Any:
    if isinstance(value, dict):
        return value.get(part, _ABSENT) if part in value else _ABSENT
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return _ABSENT


_ABSENT: Final = object()
_MAX_LINES: Final = 500
