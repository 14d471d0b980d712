"""YAML text to plain objects, by kustomize's rules, with errors that point.

Two dialects: resources follow go-yaml version 3; kustomization files version 2 and JSON.
:mod:`toolkit.yaml.everyday` reads most texts, :mod:`toolkit.yaml.compose` all others.
"""

from __future__ import annotations

from toolkit.yaml.dialect import RESOURCE, Dialect
from toolkit.yaml.everyday import everyday_documents
from toolkit.yaml.limits import DEFAULT_LIMITS, Limits
from toolkit.yaml.text import as_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def load_all(
    text: bytes | str,
    path: str = "",
    *,
    dialect: Dialect = RESOURCE,
    limits: Limits = DEFAULT_LIMITS,
) -> list[Any]:
    """The documents of ``text``; an empty or null one is None, so that index n is document n.

    ``path`` is only for messages. Raises :class:`YamlError` for anything else than YAML within
    ``limits``, with location, excerpt and hint.
    """
    content = as_text(text, path, limits)
    documents = everyday_documents(content, dialect)
    if documents is None:
        from toolkit.yaml.compose import compose  # libyaml takes a while to load

        documents = compose(content, path, dialect, limits)
    return documents
