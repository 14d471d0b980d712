"""Places in source text.

A :class:`Location` is what every error, finding and provenance entry points at. It is a plain
class with slots, not a dataclass, because the hot build path imports it.
"""

from __future__ import annotations


class Location:
    """A place in a file: ``path`` as the user would type it, 1-based ``line`` and ``column``.

    ``line`` or ``column`` 0 means unknown: a whole file, or a whole line.
    """

    __slots__ = ("column", "line", "path")

    def __init__(self, path: str, line: int = 0, column: int = 0) -> None:
        self.path = path
        self.line = line
        self.column = column

    def __str__(self) -> str:
        if not self.line:
            return self.path
        if not self.column:
            return f"{self.path}:{self.line}"
        return f"{self.path}:{self.line}:{self.column}"

    def __repr__(self) -> str:
        return f"Location({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Location) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __lt__(self, other: Location) -> bool:
        return self._key() < other._key()

    def _key(self) -> tuple[str, int, int]:
        return (self.path, self.line, self.column)
