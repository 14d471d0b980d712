"""What a build notes of its objects, so that after a change only some need be built again.

A row an object: where it came from, its place in the output, and all that other objects could
ever see of it (:mod:`~toolkit.kustomize.partial` says why that is enough). Text, a line a row.
"""

from __future__ import annotations

from collections.abc import Mapping

from toolkit.kustomize.objects.item import Item
from toolkit.kustomize.transformers.hashing import digest_of
from toolkit.resource.resource import Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from toolkit.kustomize.objects.collection import Collection

LOCAL, REMOVED = -1, -2
"""Places of objects that are not in the output: names could refer to the former."""

_COLUMN, _FIELD, _PART = "\t", "\v", "\x1f"
_WHOLE_ONLY = frozenset(
    (
        "buildMetadata",
        "generators",
        "helmChartInflationGenerator",
        "helmCharts",
        "helmGlobals",
        "openapi",
        "transformers",
        "validators",
        "vars",
    )
)


class Trace:
    """Notes of one build. ``is_usable``: False where it used what works on all objects at once, or
    from outside of the tree. ``reads``: the resource files in the order read, with their objects.
    """

    __slots__ = ("_generated", "_output", "_present", "is_usable", "plain", "reads")

    def __init__(self) -> None:
        self.is_usable = True
        self.reads: list[tuple[str, list[Item]]] = []
        self.plain: list[str] = []
        self._generated: list[Item] = []
        self._present: set[int] = set()
        self._output: list[Item] = []

    def note_fields(self, fields: Mapping[str, Any]) -> None:
        """The fields of a kustomization that is built."""
        if not _WHOLE_ONLY.isdisjoint(fields):
            self.is_usable = False

    def note_file(self, path: str, items: list[Item]) -> None:
        """The objects of a resource file, as they are read."""
        self.reads.append((path, items))

    def note_generated(self, items: Collection) -> None:
        """All objects, at the moment when names are followed: the others are generated."""
        known = {id(item) for _, read in self.reads for item in read}
        self._present = set(map(id, items))
        if self._present - known:
            self._generated = [item for item in items if id(item) not in known]

    def note_output(self, items: list[Item], files: Mapping[str, bool]) -> None:
        """The result, and the files read: True for those that only held resources."""
        self._output = items
        self.plain = [path for path, is_resource in files.items() if is_resource]

    def text(self) -> str:
        """For :class:`toolkit.kustomize.partial.Partial`; "" where the trace is not usable."""
        if not self.is_usable:
            return ""
        places = {id(item): place for place, item in enumerate(self._output)}
        numbers = {path: number for number, path in enumerate(self.plain)}
        lines = [str(len(self._output))]
        for path, items in (*self.reads, ("", self._generated)):
            number = numbers.get(path, "")
            for item in items:
                row = row_of(item)
                if not row:
                    return ""
                place = places.get(id(item))
                if place is None:
                    place = LOCAL if id(item) in self._present else REMOVED
                lines.append(f"{number}\t{place}\t{row}")
        return "\n".join(lines)


def row_of(item: Item) -> str:
    """What others could see of an object: its earlier names, its name, what it has in common with
    many (its shape), and a digest of its trail. "" where an identity holds a character that could
    be taken for a separator: Python writes these with a backslash.
    """
    trail = repr(item.trail)
    if "\\" in trail:
        return ""
    digest = digest_of(trail)[:32]
    if len(item.past) == 1:  # most have one, and there are thousands
        namespace, names, kind = item.past[0]
        past = f"{namespace}{_PART}{kind}"
    else:
        names = _PART.join([past[1] for past in item.past])
        past = _PART.join([f"{namespace}{_PART}{kind}" for namespace, _, kind in item.past])
    affixes = _FIELD
    if item.prefixes or item.suffixes:
        affixes = f"{_PART.join(item.prefixes)}{_FIELD}{_PART.join(item.suffixes)}"
    return (
        f"{names}\t{item.name}\t{item.api_version}\v{item.kind}\v{item.namespace}\v{past}\v"
        f"{affixes}\t{digest}"
    )


def names_and_shape(row: str) -> tuple[list[str], str]:
    """The earlier names of an object, and all about it that is neither name nor trail."""
    names, _, shape, _ = row.split(_COLUMN, 3)
    return names.split(_PART), shape


def item_of(row: str) -> Item:
    """The object of a row, with its identities and without any content."""
    earlier, name, shape, _ = row.split(_COLUMN, 3)
    api_version, kind, namespace, past, prefixes, suffixes = shape.split(_FIELD)
    metadata = {"name": name, "namespace": namespace}
    item = Item({"apiVersion": api_version, "kind": kind, "metadata": metadata}, Origin("", -1))
    if past:
        words = past.split(_PART)
        item.past = list(zip(words[::2], earlier.split(_PART), words[1::2], strict=True))
    item.prefixes = prefixes.split(_PART) if prefixes else []
    item.suffixes = suffixes.split(_PART) if suffixes else []
    return item
