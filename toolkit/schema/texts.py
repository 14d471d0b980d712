"""Numbers and booleans where a field takes a text: ``args: [sleep, 5]``.

Argo reads them as the text, for its client knows the field's type; Kubernetes refuses them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from toolkit.resource.field_path import FieldPath, value_at
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.schema.types import FieldType, type_of

_EXACT: Final = 1e21
"""From here on Go writes numbers with an exponent."""


def is_scalar_for_text(body: Mapping[str, Any], path: FieldPath) -> bool:
    """Whether a number or boolean stands at ``path``, where the kind's schema takes a text only."""
    root = type_of(GroupVersionKind.of(body))
    place = None if root is None else root.at(path)
    return place is not None and _is_scalar(value_at(body, path)) and _takes_text(place)


def with_texts(body: Body) -> Body:
    """A copy of the body with such scalars as the texts they are meant as. A kind without a schema
    stays as it is.
    """
    root = type_of(GroupVersionKind.of(body))
    if root is None:
        return body
    changed: Body = _with_texts(body, root)
    return changed


def _with_texts(value: Any, place: FieldType | None) -> Any:
    if place is None:
        return value
    if isinstance(value, dict):
        return {key: _with_texts(item, place.field(str(key))) for key, item in value.items()}
    if isinstance(value, list):
        item_type = place.item()
        return [_with_texts(item, item_type) for item in value]
    return _text(value) if _is_scalar(value) and _takes_text(place) else value


def _takes_text(place: FieldType) -> bool:
    return place.schema.get("type") == "string"


def _is_scalar(value: Any) -> bool:
    return isinstance(value, bool | int | float)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < _EXACT
    return str(int(value) if is_whole else value)
