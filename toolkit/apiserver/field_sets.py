"""Sets of fields, as server-side apply owns them, and their fieldsV1 form.

A path is a tuple of fieldsV1 elements: ``f:<key>`` a field, ``k:{"name":"x"}`` an item of a list
keyed by fields, ``v:"x"`` a value of a list that is a set. What has no parts (a scalar, an atomic
list or map, an empty one) is owned as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import NoneType
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
_LARGEST_KEPT: Final = 16 << 10
_NOTHING: Final = object()
_MAPS: Final = (dict, Mapping)
_SCALARS: Final = frozenset([str, int, float, bool, NoneType])


@dataclass(frozen=True, slots=True)
class Comparison:
    """Fields of two objects: ``changed`` are those added and modified, with added parents."""

    changed: FieldSet
    removed: FieldSet


def parts_of(value: Any, type: FieldType | None) -> Parts | None:
    """The parts of a value by path element, in order; None where it is owned as a whole."""
    if value.__class__ in _SCALARS:  # asked first: most are, and Mapping is slow to deny it
        return None
    if isinstance(value, _MAPS):
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
    changed.discard(())
    removed.discard(())
    return Comparison(frozenset(changed), frozenset(removed))


def encode(fields: FieldSet) -> dict[str, Any]:
    """The fieldsV1 object."""
    root: dict[str, Any] = {}
    for path in sorted(fields):  # what contains others comes before them
        node = root
        for depth, element in enumerate(path):
            if element not in node:
                if not node and path[:depth] in fields:
                    node["."] = {}
                node[element] = {}
            node = node[element]
    return root


def decode(fields: Any) -> FieldSet:
    """The inverse of :func:`encode`. Raises BadRequestError for what is no fieldsV1 object.

    Objects made alike are owned alike, and an object's next write reads what the last one wrote:
    small sets are kept by their text.
    """
    try:
        text = orjson.dumps(fields)
    except (TypeError, orjson.JSONEncodeError):
        text = b""
    return _decoded(text) if 0 < len(text) < _LARGEST_KEPT else _all_in(fields)


@lru_cache(maxsize=256)
def _decoded(text: bytes) -> FieldSet:
    return _all_in(orjson.loads(text))


def _all_in(fields: Any) -> FieldSet:
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
        below = (*path, element)
        if part.__class__ in _SCALARS:
            found.add(below)
            continue
        if element.startswith("k:"):
            found.add(below)
        _collect(part, part_type, below, found)


def _compare(
    old: Any,
    new: Any,
    type: FieldType | None,
    path: Path,
    changed: set[Path],
    removed: set[Path],
) -> None:
    if old is _NOTHING:
        _collect_all(new, type, path, changed)
        return
    if new is _NOTHING:
        _collect_all(old, type, path, removed)
        return
    if is_same(old, new):
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
        if left is _NOTHING and right.__class__ in _SCALARS:
            changed.add((*path, element))
            continue
        _compare(left, right, left_type or right_type, (*path, element), changed, removed)


def _collect_all(value: Any, type: FieldType | None, path: Path, found: set[Path]) -> None:
    """Containers too."""
    found.add(path)
    for element, (part, part_type) in (parts_of(value, type) or {}).items():
        below = (*path, element)
        if part.__class__ in _SCALARS:
            found.add(below)
        else:
            _collect_all(part, part_type, below, found)


def _value_element(value: Any) -> str:
    return "v:" + orjson.dumps(value).decode()


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
