"""Files that several builds of one process read are parsed once."""

from __future__ import annotations

import marshal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class ParsedFiles:
    """Documents by path. For builds of one tree, while its files stay as they are."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def documents(self, path: str) -> list[Any] | None:
        """A copy that the caller may change; None for a file that was not parsed yet."""
        kept = self._kept.get(path)
        # the bytes were made by this very process
        return None if kept is None else marshal.loads(kept)  # noqa: S302

    def keep(self, path: str, documents: list[Any]) -> None:
        """Takes a copy, before anyone changes the documents."""
        self._kept[path] = marshal.dumps(documents)
