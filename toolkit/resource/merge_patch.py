"""JSON merge patch: RFC 7386. null removes, objects merge, everything else replaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.resource.copying import copy_json


def apply_merge_patch(body: Any, patch: Any) -> Any:
    """The patched copy; neither argument changes. Cost: linear in both."""
    if not isinstance(patch, Mapping):
        return copy_json(patch)
    result = copy_json(body) if isinstance(body, dict) else {}
    _merge(result, patch)
    return result


def _merge(target: dict[str, Any], patch: Mapping[str, Any]) -> None:
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, Mapping):
            if not isinstance(target.get(key), dict):
                target[key] = {}
            _merge(target[key], value)
        else:
            target[key] = copy_json(value)
