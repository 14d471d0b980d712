"""The text of scalars as it stands in a file, where what it means is not enough."""

from __future__ import annotations

from typing import NamedTuple

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from toolkit.yaml.limits import DEFAULT_LIMITS
from toolkit.yaml.text import as_text

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class RawScalar(NamedTuple):
    """``is_plain``: neither in quotes nor a block."""

    text: str
    is_plain: bool


def raw_scalar(
    text: bytes | str, document: int, path: tuple[str | int | tuple[str, str], ...]
) -> RawScalar | None:
    """The scalar at ``path``, in which (key, value) is the item of a list with that value."""
    node = _descend(_document(text, document), path)
    if not isinstance(node, ScalarNode):
        return None
    return RawScalar(node.value, not node.style)


def raw_scalars(text: bytes | str, document: int, path: tuple[str | int, ...]) -> dict[str, str]:
    """Key and text of the scalars in the mapping at ``path``; empty where there is none.

    ``text`` must be YAML that :func:`~toolkit.yaml.parse.load_all` reads. Parses it whole.
    """
    return _scalars(_descend(_document(text, document), path))


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
