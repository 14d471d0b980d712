"""The text of scalars as it stands in a file, where what it means is not enough."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from toolkit.yaml.emit import emit
from toolkit.yaml.limits import DEFAULT_LIMITS
from toolkit.yaml.text import as_text

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_TEXT_TAG = _LOADER.DEFAULT_SCALAR_TAG


class RawScalar(NamedTuple):
    """``is_plain``: neither in quotes nor a block, unless a tag says that it is no text."""

    text: str
    is_plain: bool


def raw_scalar(
    text: bytes | str, document: int, path: tuple[str | int | tuple[str, str], ...]
) -> RawScalar | None:
    """The scalar at ``path``, in which (key, value) is the item of a list with that value."""
    node = _descend(_document(text, document), path)
    if not isinstance(node, ScalarNode):
        return None
    return RawScalar(node.value, not node.style or node.tag != _TEXT_TAG)


def raw_scalars(text: bytes | str, document: int, path: tuple[str | int, ...]) -> dict[str, str]:
    """Key and text of the scalars in the mapping at ``path``; empty where there is none.

    ``text`` must be YAML that :func:`~toolkit.yaml.parse.load_all` reads. Parses it whole.
    """
    return _scalars(_descend(_document(text, document), path))


def with_scalars(text: str, changes: Mapping[tuple[str | int, ...], Any]) -> str | None:
    """``text`` with other scalars at these paths, in the quotes that stand there; all else stays,
    but that one space goes before a comment, as go-yaml writes it. None where that cannot be.
    """
    root = _document(text, 0)
    edits: list[tuple[int, int, str]] = []
    for path, value in changes.items():
        node = _descend(root, path)
        if not isinstance(node, ScalarNode) or node.style in ("|", ">"):
            return None
        written = _written(value, node.style)
        if "\n" in written:
            return None
        edits.append((node.start_mark.index, node.end_mark.index, written))
    for start, end, written in sorted(edits, reverse=True):
        text = text[:start] + written + text[end:]
    for token in reversed(list(yaml.scan(text, Loader=_LOADER))):
        end = token.end_mark.index
        text = text[:end] + re.sub(r"\A[ \t]+#", " #", text[end:])
    return text


def _written(value: Any, style: str | None) -> str:
    if style == "'" and isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    written = emit({"k": value}).removeprefix("k: ").removesuffix("\n")
    return f'"{written}"' if style == '"' and written == value else written


def _document(text: bytes | str, document: int) -> Node | None:
    documents = yaml.compose_all(as_text(text, "", DEFAULT_LIMITS), Loader=_LOADER)
    return next((root for number, root in enumerate(documents) if number == document), None)


def _descend(node: Node | None, path: tuple[str | int | tuple[str, str], ...]) -> Node | None:
    for part in path:
        if isinstance(part, str):
            node = _entries(node).get(part)
            continue
        items = node.value if isinstance(node, SequenceNode) else []
        if isinstance(part, int):
            node = items[part] if part < len(items) else None
        else:
            key, value = part
            node = next((item for item in items if _scalars(item).get(key) == value), None)
    return node


def _entries(node: Node | None) -> dict[str, Node]:
    """The values of a mapping by key; merge keys are not followed."""
    if not isinstance(node, MappingNode):
        return {}
    return {key.value: value for key, value in node.value if isinstance(key, ScalarNode)}


def _scalars(node: Node | None) -> dict[str, str]:
    return {
        key: value.value for key, value in _entries(node).items() if isinstance(value, ScalarNode)
    }
