"""Where in a merge patch the part stands that does not fit its object. Loaded only for an error."""

from __future__ import annotations

from typing import Any

from toolkit.kustomize.patches.merge_lists import DIRECTIVE, DIRECTIVES
from toolkit.kustomize.schema import FieldPath

_NAMES = ("name", "containerPort", "port", "mountPath", "ip", "key", "topologyKey")
"""Keys by which items of lists merge, the usual ones."""


def fault_of(patch: Any, body: Any) -> tuple[FieldPath, list[str]] | None:
    """The path in the patch, and what to write there. None where all seems to fit."""
    if isinstance(patch, dict):
        directive = patch.get(DIRECTIVE, DIRECTIVES[0])
        if directive not in DIRECTIVES:
            return (DIRECTIVE,), []
        if isinstance(body, list | str | int | float):
            return (), _as_the_object_has(body)
        return _in_map(patch, body if isinstance(body, dict) else {})
    if body is None or patch is None:
        return None
    if isinstance(patch, list):
        return _in_list(patch, body) if isinstance(body, list) else ((), _as_the_object_has(body))
    return ((), _as_the_object_has(body)) if isinstance(body, dict | list) else None


def _in_map(patch: dict[str, Any], body: dict[str, Any]) -> tuple[FieldPath, list[str]] | None:
    for key, value in patch.items():
        found = fault_of(value, body.get(key))
        if found is not None:
            return (key, *found[0]), found[1]
    return None


def _in_list(patch: list[Any], body: list[Any]) -> tuple[FieldPath, list[str]] | None:
    """Items that merge have a name in common; others are not compared."""
    for index, item in enumerate(patch):
        other = next((each for each in body if _is_same_item(item, each)), None)
        found = fault_of(item, other) if isinstance(item, dict) else None
        if found is not None:
            return (index, *found[0]), found[1]
    return None


def _is_same_item(left: Any, right: Any) -> bool:
    if not isinstance(left, dict) or not isinstance(right, dict):
        return False
    return any(key in left and left[key] == right.get(key) for key in _NAMES)


def _as_the_object_has(body: Any) -> list[str]:
    kind = "a map" if isinstance(body, dict) else "a list" if isinstance(body, list) else "a text"
    return [f"write {kind} there, as the object has"]
