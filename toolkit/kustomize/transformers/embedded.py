r"""Values inside of JSON or YAML that stands as text in a field: ``data.config\\.json.port``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from toolkit.errors import BuildError, YamlError
from toolkit.kustomize.fields.path_match import CREATED, Place, match_fields
from toolkit.kustomize.fields.paths import get_field
from toolkit.kustomize.golang.json import go_json
from toolkit.kustomize.objects.item import text_of
from toolkit.kustomize.objects.untagged import settle
from toolkit.kustomize.schema import FieldPath
from toolkit.yaml.dialect import EMBEDDED
from toolkit.yaml.emit import emit
from toolkit.yaml.layout import laid_out
from toolkit.yaml.parse import load_all

Change = Callable[[Any], Any]
"""The new value in the place of the present one (CREATED where there was none)."""


def replace_embedded(body: Any, parts: tuple[str, ...], change: Change, create: Any) -> bool:
    """Changes the values where ``parts`` lead through a text into the JSON or YAML that it holds.
    False where they do not, or nothing is found there.
    """
    for length in range(1, len(parts)):
        try:
            parent = get_field(body, parts[: length - 1])
            text = get_field(body, parts[:length])
        except (KeyError, BuildError):
            continue
        if not isinstance(text, str) or not text.strip():
            if isinstance(text, dict | list):
                continue
            return False
        replaced = _replaced(text, parts[length:], change, create)
        if replaced is None or not isinstance(parent, dict):
            return False
        parent[parts[length - 1]] = replaced
        return True
    return False


def _replaced(text: str, parts: tuple[str, ...], change: Change, create: Any) -> str | None:
    try:
        documents = load_all(text, dialect=EMBEDDED)
        root = {"": documents[0]} if documents else {}
        places = match_fields((root, ""), parts, create) if documents else []
    except (BuildError, YamlError):
        return None
    if not places:
        return None
    before = [parent[key] for parent, key in places]
    kept = {} if create is not None else _scalar_paths(root[""], places)
    for parent, key in places:
        parent[key] = change(parent[key])
    settle(root)
    if text.strip()[0] in "{[":
        _keep_types(places, before)
        return _as_json(root[""], text)
    changed = {(id(parent), key) for parent, key in places}
    written = laid_out(text, root[""], lambda parent, key: (id(parent), key) in changed)
    if written is not None:
        return written
    _keep_types(places, before)
    if len(kept) == len(places):
        from toolkit.yaml.raw import with_scalars

        changes = {path: parent[key] for path, parent, key in kept.values()}
        edited = with_scalars(text, changes)
        if edited is not None:
            return edited.strip()
    return emit(root[""]).strip()


def _keep_types(places: list[Place], before: list[Any]) -> None:
    """A text in the place of a number is one. Raises BuildError."""
    from toolkit.kustomize.transformers.replacements import of_type

    for (parent, key), present in zip(places, before, strict=True):
        value = parent[key]
        if present is not CREATED and not isinstance(present, dict | list):
            parent[key] = of_type(present, text_of(value))


def _scalar_paths(body: Any, places: list[Place]) -> dict[int, tuple[FieldPath, Any, Any]]:
    """The paths of those places that hold scalars: these are edited in the text, which keeps its
    comments and order.
    """
    wanted = {(id(parent), key): number for number, (parent, key) in enumerate(places)}
    found: dict[int, tuple[FieldPath, Any, Any]] = {}
    open_nodes: list[tuple[FieldPath, Any]] = [((), body)]
    while open_nodes:
        path, node = open_nodes.pop()
        for key, value in enumerate(node) if isinstance(node, list) else node.items():
            if isinstance(value, dict | list):
                open_nodes.append(((*path, key), value))
            elif (id(node), key) in wanted:
                found[wanted[id(node), key]] = ((*path, key), node, key)
    return found


def _as_json(value: Any, text: str) -> str:
    is_pretty = "\n" in text and "  " in text
    return go_json(value, indent=2 if is_pretty else None)
