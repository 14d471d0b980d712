"""Documents of a text → items: empty ones skipped, lists expanded, the rest checked."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from toolkit.errors import BuildError
from toolkit.kustomize.item import Item, text_of
from toolkit.resource.resource import Origin

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
    found = _items_of(documents, path)
    has_folded = (">" if isinstance(text, str) else b">") in text  # type: ignore[operator]
    for item in found:
        annotations = item.metadata.get("annotations")
        if isinstance(annotations, dict):
            for value in annotations.values():
                if value.__class__ is not str or (has_folded and "\n" in value):
                    item.rewritten_annotations = write_out(
                        item, "annotations", documents, text, nulls_delete=nulls_delete
                    )
                    break
    return found


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
    item: Item,
    field: str,
    documents: list[Any],
    text: bytes | str,
    *,
    nulls_delete: bool = False,
) -> dict[str, tuple[str, str]]:
    """Labels or annotations become the text that stands in the file: 1e3 stays 1e3, nothing is "",
    and a folded text is not folded again. Returns those whose value is usually written otherwise,
    with both texts.
    """
    from toolkit.yaml.raw import raw_scalars

    values = item.metadata.get(field)
    if not isinstance(values, dict):
        return {}
    prefix = _place_in_list(item, documents)
    raw = raw_scalars(text, item.origin.document, (*prefix, "metadata", field))
    changed: dict[str, tuple[str, str]] = {}
    for key, value in values.items():
        if isinstance(value, str):
            values[key] = raw.get(key, value)
        elif isinstance(value, int | float) or (value is None and not nulls_delete):
            plain = "null" if value is None else text_of(value)
            values[key] = raw.get(key, plain)
            if values[key] != plain:
                changed[key] = (values[key], plain)
    return changed


def _place_in_list(item: Item, documents: list[Any]) -> tuple[str | int, ...]:
    """Where an object of a List stands in its document."""
    document = documents[item.origin.document]
    if document is item.body:
        return ()
    items = document.get("items") or ()
    return next((("items", i) for i, body in enumerate(items) if body is item.body), ("?",))


def _items_of(documents: list[Any], path: str) -> list[Item]:
    queue: deque[tuple[Any, int]] = deque(_present(documents))
    if len(queue) == 1 and _is_list(queue[0][0], ("List", "ResourceList")):
        body, number = queue.popleft()
        queue.extend((item, number) for item in body.get("items") or ())
    found: list[Item] = []
    for body, number in queue:
        if not _is_empty(body):
            _check(body, number)
    while queue:
        body, number = queue.popleft()
        if _is_empty(body):
            continue
        kind = text_of(body.get("kind"))
        if kind.endswith("List") and "items" in body:
            inner = _items(body["items"], kind, number)
            queue.extend((item, number) for item in inner)
        else:
            found.append(Item(body, Origin(path, number)))
    return found


def _is_empty(body: Any) -> bool:
    return body is None or (isinstance(body, dict | list) and not body)


def _present(documents: list[Any]) -> list[tuple[Any, int]]:
    return [(body, number) for number, body in enumerate(documents) if body is not None]


def _is_list(body: Any, kinds: tuple[str, ...]) -> bool:
    return isinstance(body, dict) and body.get("kind") in kinds and "items" in body


def _items(items: Any, kind: str, number: int) -> list[Any]:
    if items is None:
        return []
    if not isinstance(items, list):
        raise DocumentError(f"items of {kind} must be a list", number)
    present = [item for item in items if item is not None and item != {}]
    for item in present:
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
        raise DocumentError("the object has no kind", number, hints=["add `kind:`"])
    if kind.endswith("List"):
        return
    metadata = body.get("metadata")
    if not isinstance(metadata, dict) or not text_of(metadata.get("name")):
        raise DocumentError(f"the {kind} has no metadata.name", number, hints=["give it a name"])
