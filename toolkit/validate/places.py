"""From a field of a rendered object to the line of the file that it came from.

What a patch or a transformer wrote has no line in the object's own file: the finding then points
at the nearest ancestor that does. List items are matched by name, because overlays move them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from toolkit.errors import YamlError
from toolkit.resource.field_path import FieldPath
from toolkit.resource.resource import Origin
from toolkit.source import Location
from toolkit.yaml.parse import load_all
from toolkit.yaml.positions import Positions

Sources = Callable[[str], str | bytes | None]
"""Gives the text of a file by an origin's path; None where it cannot be read."""


class Places:
    """Looks places up; each file is read and parsed at most once, and only when asked for."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._files: dict[str, _File | None] = {}

    def locate(
        self, origin: Origin, body: Mapping[str, Any], path: FieldPath, *, is_key: bool = False
    ) -> tuple[Location, str]:
        """The location of ``path`` in ``body``, and the line of text there ("" where unknown).

        A generated object has no document of its own: its location is the file.
        """
        file = self._file(origin.path) if origin.document >= 0 else None
        if file is None:
            return Location(origin.path), ""
        return file.locate(origin.document, body, path, is_key=is_key)

    def _file(self, path: str) -> _File | None:
        if path not in self._files:
            text = self._sources(path)
            self._files[path] = _File(text, path) if text is not None else None
        return self._files[path]


class _File:
    """One file: its positions and its documents as written."""

    def __init__(self, text: str | bytes, path: str) -> None:
        self._positions = Positions(text, path)
        try:
            self._documents = load_all(text, path)
        except YamlError:
            self._documents = []

    def locate(
        self, document: int, body: Mapping[str, Any], path: FieldPath, *, is_key: bool
    ) -> tuple[Location, str]:
        written = self._documents[document] if document < len(self._documents) else None
        place = tuple(_as_written(written, body, path))
        is_whole = len(place) == len(path)
        location = self._positions.locate(
            document, place, of_key=bool(place) and (is_key or not is_whole)
        )
        return location, self._positions.excerpt(location) or ""


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
    name = item.get("name") if isinstance(item, Mapping) else None
    if name is None:
        return index
    for position, candidate in enumerate(written):
        if isinstance(candidate, Mapping) and candidate.get("name") == name:
            return position
    return None


def _step(value: Any, part: str | int | None) -> Any:
    if isinstance(value, Mapping):
        return value.get(part, _ABSENT) if part in value else _ABSENT
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return _ABSENT


_ABSENT = object()
