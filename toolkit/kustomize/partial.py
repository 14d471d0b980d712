"""Builds again only the objects of the resource files that changed.

::

    build(tree, target, options, trace=trace)       a whole build; its text is trace.text()
    Partial(text, trace.plain, changed)             what is known of it, and what changed
    rebuild(tree, target, options, partial)       → {place in the output: text}, or None
    spliced(rendered, partial.size, texts)        → what a whole build would print, or None

It is the very same build, but unchanged resource files give no objects: patches for these are
skipped, generated objects are dropped unless they merge into one that is here, and names of
objects that are not here are followed by what the trace says of them. None means: build it all.
That is the answer to anything odd, so that errors and warnings are those of a whole build.

Why this is sound (``docs/adr/0011-partial-builds.md`` in full). Steps treat an object by its own
content, by what they are told, and by these facts of others, in the order in which they ask:

- identities, past and present: duplicates, selection, prefixes, references, order;
- whether a label selector chose it: a patch that chooses nothing warns;
- the value that a replacement takes from it;
- whether it was removed.

Each such fact is an entry of :attr:`Item.trail`, in the order asked. Whether and when a fact is
asked depends on the kustomizations, which are as they were, and on earlier facts. So, by
induction over the steps: where the changed objects end with the trails of their predecessors,
every step met the same facts, and did to all other objects what it did before. These are the
same, then, and so are order and absence of errors; the changed ones were really built. What
works on all objects at once, or from outside, makes a trace unusable. Contents that cross from
one object to another in any other way: generators with ``merge`` (built again, where they meet
a changed object) and replacements (refused, where the source is not here and the target is).
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from toolkit.errors import BuildError, YamlError
from toolkit.kustomize.build import build
from toolkit.kustomize.fields.config import TransformerConfig
from toolkit.kustomize.objects.item import Item, text_of
from toolkit.kustomize.schema import FieldPath
from toolkit.kustomize.tracing.trace import REMOVED, Trace, item_of, names_and_shape, row_of
from toolkit.yaml.emit import emit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from toolkit.kustomize.objects.collection import Collection
    from toolkit.kustomize.ports import FileTree
    from toolkit.kustomize.result import BuildOptions

    Row = tuple[int, str]
    """A place in the output, and what others see of the object."""

_REMOVED = str(REMOVED)
_SEPARATOR = b"---\n"


class Partial:
    """What is known of the last build: the ``text`` of its trace, the files that only held
    resources (``plain``, as :attr:`Trace.plain` has them), and which of these have ``changed``.

    Raises ValueError where the text is none.
    """

    __slots__ = ("_others", "_rows", "size", "unchanged")

    def __init__(self, text: str, plain: Sequence[str], changed: AbstractSet[str]) -> None:
        self.unchanged = frozenset(plain) - changed
        numbers = {str(number): path for number, path in enumerate(plain) if path in changed}
        size, *lines = text.split("\n")
        self.size = int(size)
        self._rows: dict[str, list[Row]] = {path: [] for path in numbers.values()}
        self._others: list[str] = []
        for line in lines:
            number, _, rest = line.partition("\t")
            path = numbers.get(number)
            if path is None:
                self._others.append(rest)
            else:
                place, _, row = rest.partition("\t")
                self._rows[path].append((int(place), row))

    def narrowed(
        self, folder: str, resources: list[tuple[FieldPath, str]]
    ) -> list[tuple[FieldPath, str]]:
        """The entries of ``resources`` without those that are plainly an unchanged file."""
        start, unchanged = f"{folder}/" if folder else "", self.unchanged
        return [entry for entry in resources if start + entry[1] not in unchanged]

    def others(self, collection: Collection, config: TransformerConfig) -> list[Item]:
        """Of the objects that are not here: those that one that is here could name, at once or
        after it followed another name, and of all others one of each shape, which is all that
        matters of them.
        """
        kinds = {item.original[:3] for item in collection}
        references = config.name_references
        specs = (spec for reference in references for spec in reference.referrers)
        if not any(spec.selects(*kind) for spec in specs for kind in kinds):
            return []
        words = set[str]()
        for item in collection:
            _collect(item.body, words)
        shapes = set[str]()
        found: list[Item] = []
        rest = [row for place, _, row in map(_split, self._others) if place != _REMOVED]
        count = -1
        while len(found) > count:
            count = len(found)
            unnamed: list[str] = []
            for row in rest:
                names, shape = names_and_shape(row)
                if shape in shapes and words.isdisjoint(names):
                    unnamed.append(row)
                    continue
                shapes.add(shape)
                found.append(item_of(row))
            rest = unnamed
            words = {item.name for item in found[count:]}
        return found

    def places(self, trace: Trace) -> list[tuple[int, Item]] | None:
        """Where the objects of a build of the changed files belong. None where others could see
        any of them otherwise than its predecessor.
        """
        built: dict[str, list[Item]] = {path: [] for path in self._rows}
        for path, items in trace.reads:
            built.setdefault(path, []).extend(items)
        placed: list[tuple[int, Item]] = []
        for path, items in built.items():
            rows = self._rows.get(path, [])
            if [row for _, row in rows] != [row_of(item) for item in items]:
                return None
            placed += [(place, item) for (place, _), item in zip(rows, items, strict=True)]
        return [(place, item) for place, item in placed if place >= 0]


def _split(line: str) -> tuple[str, str, str]:
    return line.partition("\t")


def _collect(node: Any, words: set[str]) -> None:
    """All scalars, as names are compared."""
    if isinstance(node, dict):
        for value in node.values():
            _collect(value, words)
    elif isinstance(node, list):
        for value in node:
            _collect(value, words)
    else:
        words.add(text_of(node))


def rebuild(
    tree: FileTree, target: str, options: BuildOptions, partial: Partial
) -> dict[int, str] | None:
    """The texts of the changed files' objects by their place in the output. None where everything
    must be built, be it to meet an error.
    """
    trace = Trace()
    try:
        result = build(tree, target, options, trace=trace, partial=partial)
        placed = None if result.warnings else partial.places(trace)
        if placed is None:
            return None
        return {place: emit(item.body) for place, item in placed}
    except (BuildError, YamlError, OSError):
        return None


def spliced(rendered: bytes, size: int, changed: dict[int, str]) -> bytes | None:
    """A render of ``size`` objects with some put in the place of old ones. None where it is not
    of that size. A line ``---`` stands only between objects: whatever an object holds is indented
    or a key.
    """
    starts = _starts(rendered)
    if len(starts) != size or any(place >= size for place in changed):
        return None
    view, done = memoryview(rendered), 0
    pieces: list[bytes | memoryview] = []
    for place in sorted(changed):
        is_last = place + 1 == size
        pieces += (view[done : starts[place]], changed[place].encode("utf-8", "surrogateescape"))
        done = len(rendered) if is_last else starts[place + 1] - len(_SEPARATOR)
    return b"".join([*pieces, view[done:]])


def _starts(rendered: bytes) -> list[int]:
    """Where the objects begin."""
    starts: list[int] = []
    at = 0 if rendered else -1
    while at >= 0:
        starts.append(at)
        end = rendered.find(b"\n" + _SEPARATOR, at)
        at = -1 if end < 0 else end + 1 + len(_SEPARATOR)
    return starts
