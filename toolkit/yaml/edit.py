"""Edits of a text that keep every untouched line, comments and all, byte for byte.

ruamel.yaml says where each node stands; the new lines are spliced in there; and the result is
read again and compared with what was meant, so that an edit is exact or refused.

::

    set_value(text, ("spec", "suspend"), True)
    append_item(text, ("resources",), "new.yaml")
    remove_value(text, ("images", 0))

All take ``document`` (a number from 0), ``file`` (for messages) and the ``dialect``, and raise
:class:`YamlError` where the text is broken or the place cannot be edited: an alias, an anchor that
is used elsewhere, a block of text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from toolkit.errors import YamlError
from toolkit.source import Location
from toolkit.yaml.dialect import RESOURCE, Dialect
from toolkit.yaml.edit_documents import split_documents
from toolkit.yaml.edit_draft import Draft, Path
from toolkit.yaml.edit_values import pruned, renamed, same, value_at, with_value, without
from toolkit.yaml.parse import load_all

_BYTE_ORDER_MARK = "\ufeff"


def set_value(
    text: str,
    path: Path,
    value: Any,
    *,
    document: int = 0,
    file: str = "",
    dialect: Dialect = RESOURCE,
) -> str:
    """The text with ``value`` (any JSON value) at ``path``; missing mappings above it are added.

    A value that is there is replaced if it is a scalar on lines of its own or ``[]``, ``{}``; its
    quotes stay. The text itself is returned where the value is so already.
    """
    bodies = load_all(text, file, dialect=dialect)
    old = value_at(_body(bodies, document), path)
    if old is not None and same(old, value):
        return text
    return _edited(
        text,
        bodies,
        (document, file, dialect),
        lambda draft: draft.set(path, value, old),
        lambda body: with_value(body, path, value),
    )


def append_item(
    text: str,
    path: Path,
    item: Any,
    *,
    document: int = 0,
    file: str = "",
    dialect: Dialect = RESOURCE,
) -> str:
    """The text with ``item`` at the end of the list at ``path``, which is added if missing."""
    bodies = load_all(text, file, dialect=dialect)
    items = value_at(_body(bodies, document), path) or []
    if not isinstance(items, list):
        raise _refusal(file, f"{'.'.join(map(str, path))} is no list")
    return _edited(
        text,
        bodies,
        (document, file, dialect),
        lambda draft: draft.append(path, item) if items else draft.set(path, [item], None),
        lambda body: with_value(body, path, [*items, item]),
    )


def remove_value(
    text: str, path: Path, *, document: int = 0, file: str = "", dialect: Dialect = RESOURCE
) -> str:
    """The text without the key or item at ``path``, and without what held only that (brackets stay,
    empty).
    """
    bodies = load_all(text, file, dialect=dialect)
    return _edited(
        text,
        bodies,
        (document, file, dialect),
        lambda draft: draft.remove(path),
        lambda body: pruned(body, path),
        lambda body: without(body, path),
    )


def rename_key(
    text: str,
    path: Path,
    name: str,
    *,
    document: int = 0,
    file: str = "",
    dialect: Dialect = RESOURCE,
) -> str:
    """The text with another name for the last key of ``path``."""
    bodies = load_all(text, file, dialect=dialect)
    return _edited(
        text,
        bodies,
        (document, file, dialect),
        lambda draft: draft.rename(path, name),
        lambda body: renamed(body, path, name),
    )


def entry_lines(text: str, path: Path, *, document: int = 0, file: str = "") -> list[str]:
    """The lines of a block entry, key or dash and comments and all, from column 0."""
    draft, _, _ = _draft(text, document, file)
    return draft.lines(path)


def replace_lines(text: str, path: Path, lines: Sequence[str], wanted: Any, **where: Any) -> str:
    """The text with other lines in place of a block entry; ``wanted``: the body it must give."""
    return _edit_lines(text, lambda draft: draft.replace_lines(path, lines), wanted, **where)


def append_lines(text: str, path: Path, lines: Sequence[str], wanted: Any, **where: Any) -> str:
    """The text with lines after the last entry of the block collection at ``path``."""
    return _edit_lines(text, lambda draft: draft.append_lines(path, lines), wanted, **where)


def prepend_lines(text: str, path: Path, lines: Sequence[str], wanted: Any, **where: Any) -> str:
    """The text with lines before the first entry of the block collection at ``path``."""
    return _edit_lines(text, lambda draft: draft.prepend_lines(path, lines), wanted, **where)


def _edit_lines(
    text: str,
    edit: Callable[[Draft], str],
    wanted: Any,
    *,
    document: int = 0,
    file: str = "",
    dialect: Dialect = RESOURCE,
) -> str:
    bodies = load_all(text, file, dialect=dialect)
    return _edited(text, bodies, (document, file, dialect), edit, lambda _: wanted)


def _edited(
    text: str,
    bodies: list[Any],
    where: tuple[int, str, Dialect],
    edit: Callable[[Draft], str],
    *meant: Callable[[Any], Any],
) -> str:
    """The edited text if it says one of what may be meant, and all else as before."""
    document, file, dialect = where
    draft, before, after = _draft(text, document, file)
    edited = before + edit(draft) + after
    try:
        found = load_all(edited, file, dialect=dialect)
    except YamlError:
        found = []
    for meaning in meant:
        wanted = meaning(_body(bodies, document))
        if _are_same(found, [*bodies[:document], wanted, *bodies[document + 1 :]]):
            return edited
    raise _refusal(file, "this place cannot be edited without changing other lines")


def _draft(text: str, document: int, file: str) -> tuple[Draft, str, str]:
    """The document alone, and the text before and after it."""
    mark = _BYTE_ORDER_MARK if text.startswith(_BYTE_ORDER_MARK) else ""
    parts = split_documents(text.removeprefix(mark))
    if document >= len(parts):
        raise _refusal(file, f"there is no document {document + 1}")
    before = "".join(parts[:document])
    draft = Draft(parts[document], file, before.count("\n"))
    return draft, mark + before, "".join(parts[document + 1 :])


def _are_same(found: list[Any], expected: list[Any]) -> bool:
    """A text that ends in nothing has no last document."""
    if expected and expected[-1] is None and len(found) < len(expected):
        expected = expected[:-1]
    return same(found, expected)


def _body(bodies: list[Any], document: int) -> Any:
    return bodies[document] if document < len(bodies) else None


def _refusal(file: str, reason: str) -> YamlError:
    return YamlError(f"{reason}: edit the file by hand", location=Location(file))
