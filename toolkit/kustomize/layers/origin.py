"""buildMetadata: annotations that say where an object came from and what changed it."""

from __future__ import annotations

from collections.abc import Iterable

from toolkit.kustomize.objects.collection import ORIGIN, Collection
from toolkit.kustomize.objects.item import Item, set_strings, strings_at, text_of
from toolkit.kustomize.sources.session import relative

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toolkit.kustomize.sources.folder import Folder

TRANSFORMATIONS = "alpha.config.kubernetes.io/transformations"

Note = tuple[tuple[str, str], ...]
"""Field and value, in the order they are written; ``configuredBy.kind`` is a nested field."""


def path_note(path: str, folder: Folder) -> Note:
    """An object read from a file that a kustomization in ``folder`` names; the path is written
    relative to the build's target, or to the root of the repository it was fetched from.
    """
    if folder.clone is not None and folder.clone.is_noted:
        return folder.clone.note(path)
    return (("path", relative(path, folder.session.target)),)


def plugin_note(file: str, folder: Folder, plugin: Item | str) -> Note:
    """What a transformer or generator did: a built-in one by its kind, which the kustomization
    ``file`` in ``folder`` configures, or the object that configures it.
    """
    note = path_note(file, folder) if isinstance(plugin, str) else _own_note(plugin)
    where = dict(note)
    path = where.pop("path", ".")
    fields = [*where.items(), ("configuredIn", path)]
    if isinstance(plugin, str):
        fields += [("configuredBy.apiVersion", "builtin"), ("configuredBy.kind", plugin)]
    else:
        fields += [
            ("configuredBy.apiVersion", plugin.api_version),
            ("configuredBy.kind", plugin.kind),
            ("configuredBy.name", plugin.name),
            ("configuredBy.namespace", plugin.namespace),
        ]
    return tuple((field, value) for field, value in fields if value)


def note_origin(item: Item, note: Note) -> None:
    """Says where an object came from, over what it says itself."""
    _annotate(item, ORIGIN, "".join(_lines(note)))


def note_generated(item: Item, note: Note) -> None:
    """The same, unless the object says it already."""
    if ORIGIN not in strings_at(item.body, "annotations"):
        note_origin(item, note)


def note_transformation(collection: Collection, note: Note, times: int = 1) -> None:
    """Says of every object that a transformer ran over it."""
    lines = _lines(note)
    text = ("- " + "  ".join(lines)) * times
    for item in collection:
        annotations = strings_at(item.body, "annotations")
        if ORIGIN in annotations:
            _annotate(item, TRANSFORMATIONS, annotations.get(TRANSFORMATIONS, "") + text)
        else:
            note_origin(item, note)
        item.rewritten_annotations = {}  # all are texts from here on


def drop_notes(collection: Iterable[Item], keys: Iterable[str]) -> None:
    """Takes annotations out again; an emptied map goes."""
    for item in collection:
        annotations = strings_at(item.body, "annotations")
        for key in keys:
            annotations.pop(key, None)
        set_strings(item.body, "annotations", annotations)


def _own_note(item: Item) -> Note:
    """Where an object says that it is from."""
    note = text_of(strings_at(item.body, "annotations").get(ORIGIN, ""))
    fields = [line.partition(": ") for line in note.splitlines()]
    return tuple((name, value) for name, _, value in fields if name in ("path", "repo", "ref"))


def _annotate(item: Item, key: str, value: str) -> None:
    annotations = strings_at(item.body, "annotations")
    annotations[key] = value
    set_strings(item.body, "annotations", annotations)


def _lines(note: Note) -> list[str]:
    lines: list[str] = []
    for field, value in note:
        outer, _, inner = field.partition(".")
        if not inner:
            lines.append(f"{outer}: {value}\n")
            continue
        if f"{outer}:\n" not in lines:
            lines.append(f"{outer}:\n")
        lines.append(f"  {inner}: {value}\n")
    return lines
