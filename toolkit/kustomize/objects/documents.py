"""Documents of a text → items: empty ones skipped, lists expanded, the rest checked."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from toolkit.errors import BuildError
from toolkit.kustomize.objects.item import Item, text_of
from toolkit.resource.resource import Origin
from toolkit.yaml.scalars import BLANK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class DocumentError(BuildError):
    """A document is no object. ``document`` is its number in the file, from 0."""

    def __init__(self, message: str, document: int, *, hints: Iterable[str] = ()) -> None:
        super().__init__(message, hints=hints)
        self.document = document


def items_of(
    documents: list[Any], path: str, text: bytes | str, *, nulls_delete: bool = False
) -> list[Item]:
    """The objects of a file's documents, in order. Objects of lists come last, as in kustomize
    (but those of a file that is one List and nothing else). With ``nulls_delete`` annotations
    that are null stay so. Raises DocumentError.
    """
    _refuse_separators(text)
    found = _items_of(documents, path, is_alone=not _has_separator(text))
    has_folded = (">" if isinstance(text, str) else b">") in text  # type: ignore[operator]
    for item in found:
        annotations = item.metadata.get("annotations")
        if isinstance(annotations, dict):
            for value in annotations.values():
                if value.__class__ is not str or (has_folded and "\n" in value):
                    item.rewritten_annotations = write_out(
                        item, "annotations", text, nulls_delete=nulls_delete
                    )
                    break
    return found


def _has_separator(text: bytes | str) -> bool:
    marker: Any = "\n---" if isinstance(text, str) else b"\n---"
    start = text.find(marker)
    return start >= 0 and text.find(marker[:1], start + 1) >= 0


def _refuse_separators(text: bytes | str) -> None:
    """What stands on the line of a ``---`` within a file must be a comment: upstream cuts there."""
    marker: Any = "\n---" if isinstance(text, str) else b"\n---"
    if marker not in text:
        return
    lines = (text if isinstance(text, str) else text.decode(errors="replace")).split("\n")
    number = 0
    for line in lines[1:-1]:
        if line.startswith("---"):
            number += 1
            rest = line[3:].strip()
            if rest and not rest.startswith("#"):
                raise DocumentError(
                    f"a separator of documents stands alone, but here is {line.strip()!r}",
                    number,
                    hints=["put what follows --- on a line of its own"],
                )


def write_out(
    item: Item, field: str, text: bytes | str, *, nulls_delete: bool = False
) -> dict[str, tuple[str, str]]:
    """Labels or annotations become the text that stands in the file: 1e3 stays 1e3, nothing is "",
    and a folded text is not folded again. Returns those whose value is usually written otherwise,
    with both texts.
    """
    from toolkit.yaml.raw import raw_scalars

    values = item.metadata.get(field)
    if not isinstance(values, dict):
        return {}
    path = (*item.place, "metadata", field)
    raw = {} if item.is_from_json else raw_scalars(text, item.origin.document, path)
    changed: dict[str, tuple[str, str]] = {}
    for key, value in values.items():
        if value is BLANK:
            values[key] = ""
            changed[key] = ("", "")
        elif isinstance(value, str):
            values[key] = raw.get(key, value)
        elif isinstance(value, int | float) or (value is None and not nulls_delete):
            plain = "null" if value is None else text_of(value)
            values[key] = raw.get(key, plain)
            if values[key] != plain:
                changed[key] = (values[key], plain)
    return changed


def _items_of(documents: list[Any], path: str, *, is_alone: bool) -> list[Item]:
    """``is_alone``: the text has no separators; only then a List keeps its spelling."""
    present = [_Entry(body, number) for number, body in enumerate(documents) if body is not None]
    queue: deque[_Entry] = deque(present)
    if is_alone and len(queue) == 1 and _is_list(queue[0].body, ("List", "ResourceList")):
        whole = queue.popleft()
        for index, body in enumerate(whole.body.get("items") or ()):
            queue.append(_Entry(body, whole.number, ("items", index)))
    found: list[Item] = []
    for entry in queue:
        if not _is_empty(entry.body):
            _check(entry.body, entry.number)
    while queue:
        entry = queue.popleft()
        body = entry.body
        if _is_empty(body):
            continue
        kind = text_of(body.get("kind"))
        if kind.endswith("List") and "items" in body:
            for index, one in _items(body["items"], kind, entry.number):
                place = (*entry.place, "items", index)
                queue.append(_Entry(_through_json(one), entry.number, place, is_json=True))
        else:
            found.append(entry.item(path))
    return found


class _Entry:
    """What may be an object, and where it is from."""

    __slots__ = ("body", "is_json", "number", "place")

    def __init__(
        self, body: Any, number: int, place: tuple[str | int, ...] = (), *, is_json: bool = False
    ) -> None:
        self.body = body
        self.number = number
        self.place = place
        self.is_json = is_json

    def item(self, path: str) -> Item:
        item = Item(self.body, Origin(path, self.number))
        item.place = self.place
        item.is_from_json = self.is_json
        return item


def _through_json(value: Any) -> Any:
    """Nothing in a flow map is a null there."""
    if isinstance(value, dict):
        return {key: _through_json(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_through_json(one) for one in value]
    return None if value is BLANK else value


def _is_empty(body: Any) -> bool:
    return body is None or (isinstance(body, dict | list) and not body)


def _is_list(body: Any, kinds: tuple[str, ...]) -> bool:
    return isinstance(body, dict) and body.get("kind") in kinds and "items" in body


def _items(items: Any, kind: str, number: int) -> list[tuple[int, Any]]:
    """Those that hold something, with their positions."""
    if items is None:
        return []
    if not isinstance(items, list):
        raise DocumentError(
            f"items of {kind} must be a list", number, hints=["put '- ' before each object"]
        )
    present = [(at, item) for at, item in enumerate(items) if item is not None and item != {}]
    for _, item in present:
        _check(item, number)
    return present


def _check(body: Any, number: int) -> None:
    if not isinstance(body, dict):
        what = "a list" if isinstance(body, list) else f"the text {body!r}"
        raise DocumentError(
            f"not a Kubernetes object: found {what}",
            number,
            hints=["an object is a map with apiVersion, kind and metadata.name"],
        )
    kind = text_of(body.get("kind"))
    if not kind:
        raise DocumentError(
            "the object has no kind",
            number,
            hints=["write `kind:` in small letters" if "Kind" in body else "add `kind:`"],
        )
    if kind.endswith("List"):
        return
    metadata = body.get("metadata")
    if not isinstance(metadata, dict) or not text_of(metadata.get("name")):
        raise DocumentError(
            f"the {kind} has no metadata.name",
            number,
            hints=[
                "put a space behind the ':' in metadata"
                if isinstance(metadata, str) and ":" in metadata
                else "move `name:` under `metadata:`"
                if "name" in body
                else "write `name:` instead of `generateName:`"
                if isinstance(metadata, dict) and "generateName" in metadata
                else "add `name:` under `metadata:`"
            ],
        )
