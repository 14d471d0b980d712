"""The shipped definitions, read once, on first use."""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from toolkit.resource.identity import GroupVersionKind, split_api_version

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_POINTER: Final = "#/$defs/"

Schema = Mapping[str, Any]


@cache
def schema_for(gvk: GroupVersionKind) -> Schema | None:
    """A self-contained JSON schema of one kind, or None for a kind we do not know.

    The caller must not change it: it is shared.
    """
    name = definition_name(gvk)
    if name is None:
        return None
    reached = dict.fromkeys(_reached(name))
    definitions = {each: definition(each) for each in sorted(reached)}
    return {"$schema": DIALECT, "$ref": _POINTER + name, "$defs": definitions}


def definition_name(gvk: GroupVersionKind) -> str | None:
    """The name of a kind's definition, as in Kubernetes' OpenAPI."""
    name: str | None = _document()["kinds"].get(f"{gvk.api_version}/{gvk.kind}")
    return name


def definition(name: str) -> Schema:
    """One definition by name; ``$ref`` in it points to ``#/$defs/<name>``. Raises KeyError."""
    found: Schema = _document()["definitions"][name]
    return found


def referenced(schema: Schema) -> str | None:
    """The name of the definition that a schema's ``$ref`` points to, or None."""
    pointer = schema.get("$ref")
    return str(pointer).removeprefix(_POINTER) if pointer is not None else None


@cache
def known_kinds() -> tuple[GroupVersionKind, ...]:
    """All kinds with a schema, sorted by API version and kind."""
    kinds = []
    for key in _document()["kinds"]:
        api_version, _, kind = key.rpartition("/")
        kinds.append(GroupVersionKind(*split_api_version(api_version), kind))
    return tuple(kinds)


@cache
def _document() -> Mapping[str, Any]:
    text = pkgutil.get_data(__package__, "data/definitions.json")
    if text is None:
        raise RuntimeError("toolkit/schema/data/definitions.json is missing from the installation")
    document: Mapping[str, Any] = json.loads(text)
    return document


def _reached(root: str) -> Iterator[str]:
    seen: set[str] = set()
    waiting = [root]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        yield name
        waiting.extend(_references(definition(name)))


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        pointer = node.get("$ref")
        if isinstance(pointer, str):
            yield pointer.removeprefix(_POINTER)
        for value in node.values():
            yield from _references(value)
