"""Sets of fields, as server-side apply owns them, and their fieldsV1 form.

A path is a tuple of fieldsV1 elements: ``f:<key>`` a field, ``k:{"name":"x"}`` an item of a list
keyed by fields, ``v:"x"`` a value of a list that is a set. What has no parts (a scalar, an atomic
list or map, an empty one) is owned as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from toolkit.apiserver.text import is_same
from toolkit.errors import BadRequestError
from toolkit.resource.field_path import FieldPath
from toolkit.schema.types import FieldType

Path = tuple[str, ...]
FieldSet = frozenset[Path]
Parts = Mapping[str, tuple[Any, FieldType | None]]

_DEEPEST: Final = 200
_NOTHING: Final = object()
_SCALARS: Final = (str, int, float)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Fields of two objects: ``changed`` are those added and modified, with added parents."""

    changed: FieldSet
    removed: FieldSet


def parts_of(value: Any, type: FieldType | None) -> Parts | None:
    """The parts of a value by path element, in order; None where it is owned as a whole."""
    if isinstance(value, _SCALARS):  # asked first: most are, and Mapping is slow to deny it
        return None
    if isinstance(value, Mapping):
        if type is not None and type.is_atomic_map:
            return None
        return {
            f"f:{key}": (part, type.field(key) if type else None) for key, part in value.items()
        }
    if not isinstance(value, list) or type is None:
        return None
    match type.list_semantics:
        case ("map", keys) if all(isinstance(item, Mapping) for item in value):
            item_type = type.item()
            return {item_element(item, keys, item_type): (item, item_type) for item in value}
        case ("set",):
            return {_value_element(item): (item, None) for item in value}
    return None


def item_element(item: Mapping[str, Any], keys: Iterable[str], type: FieldType | None) -> str:
    """The element of an item in a keyed list; a key that is absent has its default."""
    found = {}
    for key in keys:
        key_type = type.field(key) if type else None
        value = item.get(key, key_type.default if key_type else None)
        if value is not None:
            found[key] = value
    return "k:" + orjson.dumps(found, option=orjson.OPT_SORT_KEYS).decode()


def fields_of(body: Any, type: FieldType | None) -> FieldSet:
    """All fields an applied object names."""
    found: set[Path] = set()
    _collect(body, type, (), found)
    found.discard(())
    return frozenset(found)


def compare(old: Any, new: Any, type: FieldType | None) -> Comparison:
    """What leads from ``old`` to ``new``. Cost: linear, and nothing for parts that are equal."""
    changed: set[Path] = set()
    removed: set[Path] = set()
    _compare(old, new, type, (), changed, removed)
    return Comparison(frozenset(changed - {()}), frozenset(removed - {()}))


def encode(fields: FieldSet) -> dict[str, Any]:
    """The fieldsV1 object."""
    root: dict[str, Any] = {}
    for path in sorted(fields):
        node = root
        for element in path:
            node = node.setdefault(element, {})
        node["."] = {}
    return _without_lone_dots(root)


def decode(fields: Any) -> FieldSet:
    """The inverse of :func:`encode`. Raises BadRequestError for what is no fieldsV1 object."""
    found: set[Path] = set()
    _decode(fields, (), found)
    found.discard(())
    return frozenset(found)


def prefixes_of(fields: Iterable[Path]) -> FieldSet:
    """The fields and all that contains them."""
    return frozenset(path[:length] for path in fields for length in range(1, len(path) + 1))


def field_path(path: Path) -> FieldPath:
    """For messages: keyed items show as text."""
    return tuple(element[2:] for element in path)


def readable(path: Path) -> str:
    """As Kubernetes writes fields in conflicts: ``.spec.containers[name="main"].image``."""
    return "".join(_readable_element(element) for element in path)


def _collect(value: Any, type: FieldType | None, path: Path, found: set[Path]) -> None:
    parts = parts_of(value, type)
    if not parts:
        found.add(path)
        return
    for element, (part, part_type) in parts.items():
        if element.startswith("k:"):
            found.add((*path, element))
        _collect(part, part_type, (*path, element), found)


def _compare(
    old: Any,
    new: Any,
    type: FieldType | None,
    path: Path,
    changed: set[Path],
    removed: set[Path],
) -> None:
    if old is new or (_NOTHING not in (old, new) and is_same(old, new)):
        return
    if old is _NOTHING:
        _collect_all(new, type, path, changed)
        return
    if new is _NOTHING:
        _collect_all(old, type, path, removed)
        return
    before, after = parts_of(old, type), parts_of(new, type)
    if before is None or after is None:
        changed.add(path)
        _collect_all(old, type, path, removed)
        removed.discard(path)
        _collect_all(new, type, path, changed)
        return
    for element in [*before, *(element for element in after if element not in before)]:
        left, left_type = before.get(element, (_NOTHING, None))
        right, right_type = after.get(element, (_NOTHING, None))
        _compare(left, right, left_type or right_type, (*path, element), changed, removed)


def _collect_all(value: Any, type: FieldType | None, path: Path, found: set[Path]) -> None:
    """Containers too."""
    found.add(path)
    for element, (part, part_type) in (parts_of(value, type) or {}).items():
        _collect_all(part, part_type, (*path, element), found)


def _value_element(value: Any) -> str:
    return "v:" + orjson.dumps(value).decode()


def _without_lone_dots(node: dict[str, Any]) -> dict[str, Any]:
    if node.keys() == {"."}:
        return {}
    return {key: _without_lone_dots(child) if child else {} for key, child in node.items()}


def _decode(node: Any, path: Path, found: set[Path]) -> None:
    if not isinstance(node, Mapping) or len(path) > _DEEPEST:
        raise BadRequestError("metadata.managedFields: fieldsV1 is no object of objects")
    if not node:
        found.add(path)
    for element, child in node.items():
        if element == ".":
            found.add(path)
        else:
            _decode(child, (*path, element), found)


def _readable_element(element: str) -> str:
    text = element[2:]
    if element.startswith("f:"):
        return f".{text}"
    if element.startswith("k:"):
        return f"[{_readable_keys(text)}]"
    return f"[={text}]"


def _readable_keys(text: str) -> str:
    """Of an item; clients may write entries of their own, so it may be no JSON."""
    try:
        pairs = orjson.loads(text).items()
    except (ValueError, AttributeError):
        return text
    return ",".join(f"{key}={orjson.dumps(value).decode()}" for key, value in pairs)
