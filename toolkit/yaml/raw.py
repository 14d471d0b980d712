"""The text of scalars as it stands in a file, where what it means is not enough."""

from __future__ import annotations

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from toolkit.yaml.limits import DEFAULT_LIMITS
from toolkit.yaml.text import as_text

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def raw_scalars(text: bytes | str, document: int, path: tuple[str | int, ...]) -> dict[str, str]:
    """Key and text of the scalars in the mapping at ``path``; empty where there is none.

    ``text`` must be YAML that :func:`~toolkit.yaml.parse.load_all` reads. Parses it whole.
    """
    documents = yaml.compose_all(as_text(text, "", DEFAULT_LIMITS), Loader=_LOADER)
    for number, root in enumerate(documents):
        if number == document:
            return _scalars(_descend(root, path))
    return {}


def _descend(node: Node | None, path: tuple[str | int, ...]) -> Node | None:
    for part in path:
        if isinstance(part, int):
            items = node.value if isinstance(node, SequenceNode) else []
            node = items[part] if part < len(items) else None
        else:
            node = _entries(node).get(part)
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
