"""What a text may cost us."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


class Limits:
    """``size_bytes`` of one text; ``depth`` of nesting; ``alias_nodes``: values and keys that
    aliases may copy in one text, in total.
    """

    __slots__ = ("alias_nodes", "depth", "size_bytes")

    def __init__(
        self, size_bytes: int = 64 << 20, depth: int = 200, alias_nodes: int = 200_000
    ) -> None:
        self.size_bytes = size_bytes
        self.depth = depth
        self.alias_nodes = alias_nodes


DEFAULT_LIMITS: Final = Limits()
