"""Values that upstream keeps in one place though they stand in several.

Where kustomize adds a label to an object's metadata, selector and template, the three hold one
value: what changes it in one of them later, changes it in all (a patch of ``metadata.labels``
then changes the selector, too). A JSON patch ends it, because it writes the object anew.
"""

from __future__ import annotations

from collections.abc import Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class SharedValue:
    """``maps`` all hold ``value`` under ``key``, in the order in which a patch visits them."""

    __slots__ = ("key", "maps", "value")

    def __init__(self, key: str, value: Any, maps: Sequence[dict[str, Any]]) -> None:
        self.key = key
        self.value = value
        self.maps = list(maps)

    def is_at(self, one: Any, key: str) -> bool:
        """Whether ``one[key]`` is among those that share it."""
        return self.key == key and any(each is one for each in self.maps)

    def spread(self) -> None:
        """Takes over the last change that was made to one of the maps. A map that lost the key,
        or has a map or list there, shares no more.
        """
        key = self.key
        self.maps = [
            one for one in self.maps if key in one and not isinstance(one[key], dict | list)
        ]
        changed = [one[key] for one in self.maps if one[key] != self.value]
        if changed:
            self.value = changed[-1]
            for one in self.maps:
                one[key] = self.value


def spread_changes(shared: list[SharedValue]) -> None:
    """To be called after a step that may have changed one of the values."""
    for value in shared:
        value.spread()
