"""Mappings in which a key stands twice."""

from __future__ import annotations

from collections.abc import Iterator

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from toolkit.yaml.limits import DEFAULT_LIMITS
from toolkit.yaml.text import as_text

FieldPath = tuple[str | int, ...]


def doubled_mappings(text: bytes | str) -> list[tuple[int, FieldPath]]:
    """The document and the path of each. ``text`` must be YAML; it is parsed whole."""
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    documents = yaml.compose_all(as_text(text, "", DEFAULT_LIMITS), Loader=loader)
    return [
        (number, path)
        for number, root in enumerate(documents)
        for path, node in _mappings(root, ())
        if _is_doubled(node)
    ]


def _mappings(node: Node | None, path: FieldPath) -> Iterator[tuple[FieldPath, MappingNode]]:
    if isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            yield from _mappings(item, (*path, index))
    elif isinstance(node, MappingNode):
        yield path, node
        for key, value in node.value:
            if isinstance(key, ScalarNode):
                yield from _mappings(value, (*path, key.value))


def _is_doubled(node: MappingNode) -> bool:
    keys = [key.value for key, _ in node.value if isinstance(key, ScalarNode)]
    return len(set(keys)) < len(keys)
